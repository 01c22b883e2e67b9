"""Addresses of integrators: added, changed, switched on and off, given another secret."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts import endpoint_messages, webhooks
from accounts.exceptions import EmailNotVerified
from accounts.models import Organization, User, WebhookDelivery, WebhookEndpoint
from accounts.roles import Capability, reach
from common import audit
from common.exceptions import Conflict, NotAllowed, RuleViolation
from common.scopes import PersonalData
from integrations import outbound

Reason = WebhookEndpoint.DisabledReason
LIMIT: Final = 10
PING: Final = "ping"
# After a rotation both secrets sign for so long.
OVERLAP: Final = timedelta(hours=24)


class EndpointLimitReached(RuleViolation):
    code = "ENDPOINT_LIMIT_REACHED"
    message = "There are as many webhook endpoints as may be. Please remove one first."


class EndpointDisabled(Conflict):
    code = "ENDPOINT_DISABLED"
    message = "The webhook endpoint is disabled. Please enable it first."


@transaction.atomic
def create(
    *,
    by: User,
    url: str,
    event_types: Sequence[str],
    organization: Organization | None = None,
    **fields: Any,
) -> WebhookEndpoint:
    """Add an endpoint; its secret is on the row, to be shown this once.

    Locks the person, or the organization, that owns it: neither gets more than ten.
    """
    _require_right(by, organization)
    _require_room(by, organization)
    endpoint = WebhookEndpoint.objects.create(
        user=by,
        organization=organization,
        url=url,
        event_types=list(event_types),
        secret=outbound.new_secret(),
        **{**fields, **_switched(is_active=fields.get("is_active", True))},
    )
    _note("webhook_endpoint.created", endpoint, by=by, url=url, event_types=endpoint.event_types)
    return endpoint


@transaction.atomic
def change(endpoint: WebhookEndpoint, *, by: User, **changes: Any) -> None:
    """Change where the endpoint is, what it wants, or whether it is told anything."""
    row = lock(endpoint)
    is_active = changes.pop("is_active", row.is_active)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    if changes:
        _note("webhook_endpoint.changed", row, by=by, **changes)
    if is_active and not row.is_active:
        _switch_on(row, by=by)
    elif row.is_active and not is_active:
        _switch_off(row, Reason.OWNER, by=by)


@transaction.atomic
def enable(endpoint: WebhookEndpoint, *, by: User) -> None:
    """Send to the endpoint again and forget that it failed; what was dropped stays dropped."""
    _switch_on(lock(endpoint), by=by)


@transaction.atomic
def disable(endpoint: WebhookEndpoint, reason: Reason) -> None:
    """Stop sending to a receiver that is gone or keeps failing, and tell who keeps it; once."""
    row = lock(endpoint)
    if row.is_active:
        _switch_off(row, reason, by=None)
        endpoint_messages.disabled(row)


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint, *, by: User) -> WebhookEndpoint:
    """Give the endpoint a new secret; for 24 hours the old one signs as well.

    A still older one stops at once. The new secret is on the row, to be shown this once.
    """
    row = lock(endpoint)
    row.previous_secret, row.secret = row.secret, outbound.new_secret()
    row.previous_secret_until = timezone.now() + OVERLAP
    row.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    _note("webhook_endpoint.secret_rotated", row, by=by)
    endpoint_messages.secret_rotated(row)
    return row


@transaction.atomic
def remove(endpoint: WebhookEndpoint, *, by: User) -> None:
    """Delete the endpoint with everything that was or was to be sent to it."""
    _note("webhook_endpoint.deleted", endpoint, by=by, url=endpoint.url)
    endpoint.delete()


@transaction.atomic
def ping(endpoint: WebhookEndpoint, *, by: User) -> WebhookDelivery:
    """Send the endpoint a message that means nothing, whatever types it wants."""
    row = lock(endpoint)
    require_active(row)
    _note("webhook_endpoint.pinged", row, by=by)
    (delivery,) = webhooks.write([row], PING, described(row), at=timezone.now())
    return delivery


def described(endpoint: WebhookEndpoint) -> webhooks.Content:
    """Return the object of a ping."""
    path = f"webhook-endpoints/{endpoint.uuid}/"
    return webhooks.thing("webhook_endpoint", endpoint, path, endpoint=endpoint.uuid)


def require_active(endpoint: WebhookEndpoint) -> None:
    """Refuse what makes no sense for an endpoint that is told nothing."""
    if not endpoint.is_active:
        raise EndpointDisabled


def lock(endpoint: WebhookEndpoint | int) -> WebhookEndpoint:
    """Hold the row of the endpoint, before any of its deliveries; return it as it is now."""
    pk = endpoint if isinstance(endpoint, int) else endpoint.pk
    return (
        WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "user")
        .get(pk=pk)
    )


def note_failure(endpoint: WebhookEndpoint, *, at: datetime) -> None:
    """Remember since when the endpoint fails without a success between."""
    if endpoint.failing_since is None:
        _mark(endpoint, failing_since=at)


def note_success(endpoint: WebhookEndpoint) -> None:
    """Forget that the endpoint failed."""
    if endpoint.failing_since is not None:
        _mark(endpoint, failing_since=None, warned_at=None)


def warn(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Say that the endpoint has been failing for long; once until it works again."""
    if endpoint.is_active and endpoint.warned_at is None:
        _mark(endpoint, warned_at=now)
        endpoint_messages.failing(endpoint)


def _mark(endpoint: WebhookEndpoint, **facts: Any) -> None:
    for name, value in facts.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(facts))


def _switch_on(row: WebhookEndpoint, *, by: User) -> None:
    was_active = row.is_active
    _mark(row, failing_since=None, warned_at=None, **_switched(is_active=True))
    if not was_active:
        _note("webhook_endpoint.enabled", row, by=by)


def _switch_off(row: WebhookEndpoint, reason: Reason, *, by: User | None) -> None:
    """Disable the endpoint and drop what it was still to be sent."""
    _mark(row, **_switched(is_active=False, reason=reason))
    pending = WebhookDelivery.objects.filter(endpoint=row, status=WebhookDelivery.Status.PENDING)
    pending.update(
        status=WebhookDelivery.Status.CANCELLED,
        next_attempt_at=None,
        lease_until=None,
        updated_at=timezone.now(),
    )
    _note("webhook_endpoint.disabled", row, by=by, reason=reason)


def _switched(*, is_active: bool, reason: Reason = Reason.OWNER) -> dict[str, Any]:
    if is_active:
        return {"is_active": True, "disabled_at": None, "disabled_reason": ""}
    return {"is_active": False, "disabled_at": timezone.now(), "disabled_reason": reason}


def _require_right(by: User, organization: Organization | None) -> None:
    if not by.email_verified:
        raise EmailNotVerified
    if organization is None:
        if not reach(by).personal:
            raise PersonalData
        return
    if organization.pk not in reach(by).organizations_with(Capability.DEVELOPER_MANAGE):
        raise NotAllowed


def _require_room(by: User, organization: Organization | None) -> None:
    if organization is None:
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
    else:
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if WebhookEndpoint.objects.of(owner=by, organization=organization).count() >= LIMIT:
        raise EndpointLimitReached(details={"limit": LIMIT})


def _note(action: str, row: WebhookEndpoint, *, by: User | None, **facts: object) -> None:
    audit.record(
        action,
        target=row,
        by=by,
        owner=row.user,
        organization=row.organization,
        **facts,
    )
