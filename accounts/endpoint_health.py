"""How the receivers of integrators are doing: warned about after a day, given up after three."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts import endpoints
from accounts.models import WebhookAttempt, WebhookEndpoint
from integrations.status import Condition

WARNED_AFTER: Final = timedelta(hours=24)
GIVEN_UP_AFTER: Final = timedelta(hours=72)
# A receiver that is rarely told anything is not given up for a few failures.
FAILED_TRIES: Final = 20


def review(now: datetime) -> None:
    """Warn about endpoints that have been failing for a day; disable hopeless ones."""
    failing = WebhookEndpoint.objects.filter(
        is_active=True, failing_since__lte=now - WARNED_AFTER
    ).order_by("pk")
    for pk in failing.values_list("pk", flat=True):
        _judge(pk, now=now)


def condition(user: Any, organization: UUID | None) -> Condition:
    """Tell how the caller's endpoints are doing, or those of the organization they name."""
    rows = WebhookEndpoint.objects.managed_by(user)
    if organization is None:
        rows = rows.filter(organization=None)
    else:
        rows = rows.filter(organization__uuid=organization)
    found = list(rows)
    stopped = [each for each in found if each.disabled_reason in {"gone", "failing"}]
    failing = [each for each in found if each.is_active and each.failing_since]
    detail = "Messages arrive." if found else "There are no webhook endpoints."
    if stopped or failing:
        detail = f"{len(stopped)} disabled and {len(failing)} failing webhook endpoints."
    return Condition(configured=bool(found), healthy=not (stopped or failing), detail=detail)


@transaction.atomic
def _judge(pk: int, *, now: datetime) -> None:
    endpoint = endpoints.lock(pk)
    since = endpoint.failing_since
    if since is None or since > now - WARNED_AFTER:  # it has recovered meanwhile
        return
    tries = WebhookAttempt.objects.filter(delivery__endpoint=endpoint, at__gte=since).count()
    if since <= now - GIVEN_UP_AFTER and tries >= FAILED_TRIES:
        endpoints.disable(endpoint, WebhookEndpoint.DisabledReason.FAILING)
    else:
        endpoints.warn(endpoint, now=now)
