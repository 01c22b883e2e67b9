"""The inbox of provider messages: stored once, then handed to the handlers apps registered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from common import context
from common.exceptions import Conflict, PermanentFailure, Unavailable
from common.outbox import after_commit
from integrations import described, doubles
from integrations.models import InboundWebhook

log = structlog.get_logger(__name__)

Status = InboundWebhook.Status
DISPATCH: Final = "integrations.dispatch"
MAX_ATTEMPTS: Final = 8
LEASE: Final = timedelta(seconds=330)
OVERDUE: Final = timedelta(minutes=2)
SWEEP_SIZE: Final = 500
MAX_RETRIES_AT_ONCE: Final = 10_000
KEPT_HEADERS: Final = (
    "x-zm-request-timestamp",
    "x-zm-request-id",
    "x-zm-trackingid",
    "user-agent",
    "content-type",
)


@dataclass(frozen=True)
class Skip:
    """What a handler answers when a message does not concern it."""

    reason: str


Handler = Callable[[InboundWebhook], Skip | None]


@dataclass(frozen=True)
class _Registration:
    name: str
    handler: Handler
    external: bool


_handlers: dict[tuple[str, str], list[_Registration]] = {}


class AlreadyProcessed(Conflict):
    code = "ALREADY_PROCESSED"
    message = "This message has been processed. Repeat it with force if you mean to."


class NotStored(Unavailable):
    message = "The message could not be stored; please send it again."


def handles(
    provider: str, event_type: str, *, external: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler for one kind of message; several apps may handle the same kind.

    A handler tolerates repetition, disorder and missing rows. It runs in a transaction of its
    own, unless it talks to a provider (``external``).
    """

    def register(handler: Handler) -> Handler:
        name = f"{handler.__module__}.{handler.__qualname__}"
        known = _handlers.setdefault((provider, event_type), [])
        if name not in {registration.name for registration in known}:
            known.append(_Registration(name, handler, external))
        return handler

    return register


def payload_of(webhook: InboundWebhook) -> dict[str, Any]:
    """Return the whole message as parsed JSON, as the functions of ``zoom.payloads`` take it."""
    message: dict[str, Any] = json.loads(webhook.body)
    return message


def store(
    provider: str, body: bytes, parsed: Mapping[str, Any], headers: Mapping[str, str]
) -> InboundWebhook | None:
    """Keep a verified message and ask for its handling; None when it is known already."""
    describe = (
        described.of_zoom if provider == InboundWebhook.Provider.ZOOM else described.of_stripe
    )
    webhook = InboundWebhook(
        provider=provider,
        body=body.decode(),
        headers={name: headers[name][:300] for name in KEPT_HEADERS if headers.get(name)},
        **describe(parsed),
    )
    same = InboundWebhook.objects.filter(provider=provider, dedupe_key=webhook.dedupe_key)
    try:
        if same.exists():
            return None
        with transaction.atomic(savepoint=False):
            webhook.save(force_insert=True)
            _ask(webhook.pk)
    except IntegrityError:  # a copy came in at the same moment
        return None
    except DatabaseError as error:
        raise NotStored from error
    return webhook


def dispatch(webhook_id: int) -> None:
    """Hand a stored message to its handlers; those that had finished are not asked again."""
    webhook = _claim(webhook_id)
    if webhook is None:
        return
    try:
        with context.acting(actor_type="webhook"):
            notes = _run(webhook)
    except Exception as error:
        _put_back(webhook, error)
        raise
    _finish(webhook, notes)


def sweep(now: datetime) -> int:
    """Ask again for messages that wait or whose worker is gone; return how many."""
    stuck = Q(status=Status.RECEIVED, received_at__lt=now - OVERDUE) | Q(
        status=Status.PROCESSING, lease_until__lt=now
    )
    waiting = InboundWebhook.objects.filter(stuck).order_by("received_at")
    ids = list(waiting.values_list("pk", flat=True)[:SWEEP_SIZE])
    for webhook_id in ids:
        _ask(webhook_id)
    return len(ids)


@transaction.atomic
def retry(webhook: InboundWebhook, *, force: bool = False) -> None:
    """Put a message back to received; one that was processed only when forced."""
    row = InboundWebhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    if row.status == Status.PROCESSED and not force:
        raise AlreadyProcessed
    if row.status not in {Status.RECEIVED, Status.PROCESSING}:
        if row.status != Status.FAILED:
            # Everybody is asked again; after a failure only those who had not finished.
            row.done = []
        row.status, row.attempts, row.error, row.note = Status.RECEIVED, 0, "", ""
        row.save(update_fields=["status", "attempts", "error", "note", "done"])
    _ask(row.pk)


def retry_many(
    *,
    status: str,
    provider: str = "",
    event_type: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Take up to 10,000 failed or skipped messages up again; return how many."""
    asked = {
        "provider": provider,
        "event_type": event_type,
        "received_at__gte": since,
        "received_at__lte": until,
    }
    wanted = {name: value for name, value in asked.items() if value}
    rows = InboundWebhook.objects.filter(status=status, **wanted).order_by("received_at")
    ids = list(rows.values_list("pk", flat=True)[:MAX_RETRIES_AT_ONCE])
    anew: dict[str, Any] = {"done": []} if status == Status.SKIPPED else {}
    InboundWebhook.objects.filter(pk__in=ids, status=status).update(
        status=Status.RECEIVED, attempts=0, error="", note="", updated_at=timezone.now(), **anew
    )
    # The sweep asks for what is not asked for here.
    for webhook_id in ids[:SWEEP_SIZE]:
        _ask(webhook_id)
    return len(ids)


def secrets_of(provider: str) -> list[str]:
    """Return the secrets that may have signed a message, newest first; none means switched off."""
    configured: list[str] = getattr(settings, f"{provider.upper()}_WEBHOOK_SECRET")
    if not configured and doubles.plays(provider):
        return [settings.DEVELOPMENT_WEBHOOK_SECRET]
    return configured


def _ask(webhook_id: int) -> None:
    after_commit(DISPATCH, webhook_id, key=f"inbound:{webhook_id}", queue="webhooks")


def _claim(webhook_id: int) -> InboundWebhook | None:
    now = timezone.now()
    free = Q(status=Status.RECEIVED) | Q(status=Status.PROCESSING, lease_until__lt=now)
    claimed = InboundWebhook.objects.filter(free, pk=webhook_id).update(
        status=Status.PROCESSING, lease_until=now + LEASE, attempts=F("attempts") + 1
    )
    return InboundWebhook.objects.get(pk=webhook_id) if claimed else None


def _run(webhook: InboundWebhook) -> list[str]:
    """Ask every handler that has not finished yet; return why messages were skipped."""
    registered = _handlers.get((webhook.provider, webhook.event_type), [])
    if not registered:
        return ["no handler"]
    skipped = []
    for registration in registered:
        if registration.name in webhook.done:
            continue
        if registration.external:
            answer = registration.handler(webhook)
            _note_done(webhook, registration.name)
        else:
            with transaction.atomic():
                answer = registration.handler(webhook)
                _note_done(webhook, registration.name)
        if isinstance(answer, Skip):
            skipped.append(answer.reason)
    return skipped if len(skipped) == len(registered) else []


def _note_done(webhook: InboundWebhook, name: str) -> None:
    webhook.done = [*webhook.done, name]
    webhook.save(update_fields=["done"])


def _put_back(webhook: InboundWebhook, error: Exception) -> None:
    given_up = isinstance(error, PermanentFailure) or webhook.attempts >= MAX_ATTEMPTS
    webhook.status = Status.FAILED if given_up else Status.RECEIVED
    webhook.lease_until = None
    # The first line only: databases tell values of the row in the next ones.
    told = str(error).partition("\n")[0]
    webhook.error = f"{type(error).__name__}: {told}"[:1000]
    webhook.save(update_fields=["status", "lease_until", "error"])
    if given_up:
        log.error("inbound webhook given up", webhook=str(webhook.uuid))


def _finish(webhook: InboundWebhook, notes: list[str]) -> None:
    webhook.status = Status.SKIPPED if notes else Status.PROCESSED
    webhook.note = "; ".join(dict.fromkeys(notes))[:300]
    webhook.error = ""
    webhook.lease_until = None
    webhook.processed_at = timezone.now()
    webhook.save(update_fields=["status", "note", "error", "lease_until", "processed_at"])
