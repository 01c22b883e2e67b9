"""Messages on their way to integrators: claimed, sent, judged, tried again, brought back."""

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import endpoints, webhooks
from accounts.models import User, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from common import audit
from common.outbox import after_commit
from integrations import outbound
from integrations.outbound import Answer

Status = WebhookDelivery.Status
Reason = WebhookEndpoint.DisabledReason

# How long after the try before: at once, then seconds, minutes, hours; three days together.
DELAYS: Final = (
    timedelta(),
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)
JITTER: Final = 0.1
MOST_PATIENCE: Final = timedelta(hours=24)
GONE: Final = 410
# Longer than looking up the name and the whole exchange may take together.
LEASE: Final = timedelta(seconds=120)
KEPT_FOR: Final = timedelta(days=30)
SWEEP_SIZE: Final = 500
SOON: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Try:
    """Our right to send a delivery now, until the lease ends."""

    delivery: WebhookDelivery
    url: str
    message: outbound.Message
    begun_at: datetime


def dispatch(delivery_id: int) -> None:
    """Send the delivery if it is due and its endpoint has room; a second caller finds nothing.

    Asks the receiver, so never call it inside a transaction.
    """
    claimed = _claim(delivery_id, now=timezone.now())
    if claimed is not None:
        answer = outbound.deliver(claimed.url, claimed.message, now=timezone.now())
        _settle(claimed, answer, now=timezone.now())


def sweep(now: datetime) -> int:
    """Ask for what is due or whose worker is gone; return how many."""
    due = WebhookDelivery.objects.due(now).first_of_each_endpoint(WebhookEndpoint.IN_FLIGHT)
    ids = list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:SWEEP_SIZE])
    webhooks.ask(ids)
    return len(ids)


@transaction.atomic
def redeliver(delivery: WebhookDelivery, *, by: User) -> None:
    """Send the same message again, with all its tries; one on its way is left alone."""
    endpoint = endpoints.lock(delivery.endpoint_id)
    endpoints.require_active(endpoint)
    now = timezone.now()
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    if _bring_back(rows.exclude(pk__in=rows.in_flight(now)), now):
        webhooks.ask([delivery.pk])
        _note("webhook_delivery.redelivered", endpoint, by=by, message=delivery.message_id)


@transaction.atomic
def redeliver_failed(
    endpoint: WebhookEndpoint,
    *,
    by: User,
    since: datetime | None = None,
    until: datetime | None = None,
    event_type: str = "",
) -> int:
    """Send again what failed or was dropped in the last 30 days; return how many messages."""
    row = endpoints.lock(endpoint)
    endpoints.require_active(row)
    now = timezone.now()
    wanted: dict[str, Any] = {"created_at__gte": max(since or now - KEPT_FOR, now - KEPT_FOR)}
    wanted |= {"created_at__lte": until} if until else {}
    wanted |= {"type": event_type} if event_type else {}
    lost = WebhookDelivery.objects.filter(
        endpoint=row, status__in=[Status.FAILED, Status.CANCELLED]
    )
    count = _bring_back(lost.filter(**wanted), now)
    after_commit("accounts.sweep_deliveries", key=f"redeliver:{row.pk}", queue=webhooks.QUEUE)
    _note("webhook_delivery.failed_redelivered", row, by=by, count=count)
    return count


def next_try(
    attempts: int, *, now: datetime, patience: timedelta | None, spread: float
) -> datetime | None:
    """Return when a delivery is tried again after so many attempts; None when that is all.

    ``spread`` from -1 to 1 moves it by up to a tenth; ``patience`` is the receiver's wish.
    """
    if attempts >= len(DELAYS):
        return None
    delay = DELAYS[attempts] * (1 + JITTER * spread)
    return now + max(delay, min(patience or timedelta(), MOST_PATIENCE))


@transaction.atomic
def _claim(delivery_id: int, *, now: datetime) -> Try | None:
    due = WebhookDelivery.objects.due(now).filter(pk=delivery_id)
    row = due.first()
    if row is None:
        return None
    endpoint = endpoints.lock(row.endpoint_id)
    in_flight = WebhookDelivery.objects.filter(endpoint=endpoint).in_flight(now).count()
    if not endpoint.is_active or in_flight >= endpoint.most_in_flight:
        due.filter(endpoint__is_active=False).update(
            status=Status.CANCELLED, next_attempt_at=None, lease_until=None, updated_at=now
        )
        return None
    if not due.update(lease_until=now + LEASE, attempts=F("attempts") + 1, updated_at=now):
        return None
    row.refresh_from_db()
    if row.sequence is None:
        _count(row, endpoint)
    message = outbound.Message(
        row.message_id, row.payload, endpoint.secrets_at(now), endpoint.api_version
    )
    return Try(row, endpoint.url, message, now)


def _count(row: WebhookDelivery, endpoint: WebhookEndpoint) -> None:
    """Give the message its place in the endpoint's sequence; the body says it too, for good."""
    row.sequence = endpoint.last_sequence + 1
    row.payload = webhooks.encoded({**json.loads(row.payload), "sequence": row.sequence})
    row.save(update_fields=["sequence", "payload"])
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(last_sequence=row.sequence)


@transaction.atomic
def _settle(claimed: Try, answer: Answer, *, now: datetime) -> None:
    """Keep what came of the try, unless the row was taken from us meanwhile."""
    delivery = claimed.delivery
    ours = WebhookDelivery.objects.filter(pk=delivery.pk, lease_until=delivery.lease_until)
    if not ours.exists():  # also where the endpoint was removed
        return
    endpoint = endpoints.lock(delivery.endpoint_id)
    if not ours.update(lease_until=None, **_outcome(delivery, answer, now)):
        return
    WebhookAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        at=claimed.begun_at,
        status=answer.status,
        error=answer.error,
        duration_ms=answer.duration_ms,
    )
    if answer.is_success:
        endpoints.note_success(endpoint)
    else:
        _blame(endpoint, claimed, answer)
    _ask_further(delivery, now)


def _outcome(delivery: WebhookDelivery, answer: Answer, now: datetime) -> dict[str, Any]:
    facts = {
        "last_status": answer.status,
        "last_response": answer.text,
        "last_error": answer.error,
        "duration_ms": answer.duration_ms,
        "updated_at": now,
    }
    if answer.is_success:
        return {**facts, "status": Status.DELIVERED, "delivered_at": now, "next_attempt_at": None}
    spread = random.uniform(-1, 1)  # noqa: S311 -- spreads retries, no secret
    again = next_try(delivery.attempts, now=now, patience=answer.retry_after, spread=spread)
    status = Status.FAILED if again is None else Status.PENDING
    return {**facts, "status": status, "next_attempt_at": again}


def _blame(endpoint: WebhookEndpoint, claimed: Try, answer: Answer) -> None:
    """Remember the failure; disable an endpoint that is gone, or that takes nothing for days."""
    endpoints.note_failure(endpoint, at=claimed.begun_at)
    if answer.status == GONE:
        endpoints.disable(endpoint, Reason.GONE)
    elif claimed.delivery.attempts >= len(DELAYS) and _fails_since_first_try(endpoint, claimed):
        endpoints.disable(endpoint, Reason.FAILING)


def _fails_since_first_try(endpoint: WebhookEndpoint, claimed: Try) -> bool:
    """Tell whether nothing has arrived since this delivery was first tried."""
    first = claimed.delivery.attempts_log.filter(number=1).order_by("-pk").first()
    since = first.at if first else claimed.delivery.created_at
    return endpoint.failing_since is not None and endpoint.failing_since <= since


def _ask_further(delivery: WebhookDelivery, now: datetime) -> None:
    """Ask for the endpoint's next due message in our place, and for this one's next try."""
    due = WebhookDelivery.objects.due(now).filter(endpoint=delivery.endpoint_id)
    webhooks.ask(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:1])
    again = WebhookDelivery.objects.filter(pk=delivery.pk, next_attempt_at__lte=now + SOON)
    at = again.values_list("next_attempt_at", flat=True).first()
    if at is not None and at > now:
        after_commit(
            webhooks.DISPATCH,
            delivery.pk,
            key=f"delivery:{delivery.pk}:{delivery.attempts}",
            delay=at - now,
            queue=webhooks.QUEUE,
        )


def _bring_back(rows: Any, now: datetime) -> int:
    count: int = rows.update(
        status=Status.PENDING,
        attempts=0,
        next_attempt_at=now,
        lease_until=None,
        delivered_at=None,
        updated_at=now,
    )
    return count


def _note(action: str, endpoint: WebhookEndpoint, *, by: User, **facts: object) -> None:
    audit.record(
        action,
        target=endpoint,
        by=by,
        owner=endpoint.user,
        organization=endpoint.organization,
        **facts,
    )
