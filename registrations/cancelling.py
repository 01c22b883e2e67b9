"""How places are given back: by the registrant, by a manager, or with the event."""

from collections.abc import Callable, Sequence
from typing import Final

from django.utils import timezone

from accounts.models import User
from common.exceptions import Conflict
from common.transactions import retrying
from events.models import Event
from registrations import emails, inbox, places, registrants, signals, tickets
from registrations.models import Registration, WaitlistOffer

BATCH: Final = 200
REASON_LENGTH: Final = 1000
Tell = Callable[[Registration], None]
Status = Registration.Status
OVER: Final = frozenset({Event.Status.COMPLETED, Event.Status.CLOSED})


class AlreadyCancelled(Conflict):
    """The place was given back before."""

    code = "ALREADY_CANCELLED"
    message = "This registration is already cancelled."


class CannotCancel(Conflict):
    """It is too late, or not the registrant's decision."""

    code = "CANNOT_CANCEL"
    message = "This registration can no longer be cancelled."


@retrying
def cancel(registration: Registration, *, by: User | None, reason: str = "") -> None:
    """Give the place back on behalf of those who run the event."""
    event = places.lock_with(registration)
    _require_live(registration)
    if event.status in OVER:
        raise CannotCancel("The event is over; what happened stays on record.")
    _give_back(event, registration, by=by, reason=reason)


@retrying
def cancel_own(registration: Registration, *, by: User | None, reason: str = "") -> None:
    """Give one's own place back; ``by=None`` is the holder of the signed link."""
    event = places.lock_with(registration)
    _require_live(registration)
    if not registration.can_cancel(timezone.now()):
        raise CannotCancel
    _give_back(event, registration, by=by, reason=reason)


@retrying
def remove(registration: Registration, *, by: User) -> None:
    """Cancel the row if it is live, and hide it."""
    if registration.is_live:
        cancel(registration, by=by)
    registration.soft_delete(by=by)


def cancel_event(event_id: int) -> int:
    """Cancel every live registration of a cancelled event, 200 at a time; return how many."""
    count = 0
    while done := _cancel_batch(event_id):
        count += done
    return count


def release(
    registration: Registration,
    *,
    by: User | None,
    reason: str = "",
    tell: Tell = emails.registration_cancelled,
) -> None:
    """Turn one live row into a cancelled one. The caller holds the event's lock and recounts."""
    _release([registration], by=by, reason=reason, tell=tell)


def _give_back(event: Event, registration: Registration, *, by: User | None, reason: str) -> None:
    before = registration.status
    release(registration, by=by, reason=reason)
    places.recount(event)
    registration.record("registration.cancelled", by=by, from_status=before, reason=reason)
    places.ask_to_fill(event)


@retrying
def _cancel_batch(event_id: int) -> int:
    event = places.lock_if_there(event_id)
    if event is None or event.status != Event.Status.CANCELLED:
        return 0
    rows = list(
        Registration.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .filter(event=event)
        .current()
        .order_by("pk")[:BATCH]
    )
    for registration in rows:
        registration.event = event
    reason = event.cancellation_reason[:REASON_LENGTH]
    _release(rows, by=None, reason=reason, tell=emails.event_cancelled)
    inbox.event_cancelled(event, rows)
    places.recount(event)
    return len(rows)


def _release(rows: Sequence[Registration], *, by: User | None, reason: str, tell: Tell) -> None:
    """Cancel the rows with all they hold, in as many statements for many as for one."""
    now = timezone.now()
    changes = {
        "status": Status.CANCELLED,
        "cancelled_at": now,
        "cancelled_by": by,
        "cancellation_reason": reason,
        "hold_expires_at": None,
    }
    keys = [registration.pk for registration in rows]
    Registration.objects.filter(pk__in=keys).update(**changes, updated_at=now)
    WaitlistOffer.objects.filter(registration__in=keys, outcome="open").update(
        outcome=WaitlistOffer.Outcome.WITHDRAWN, answered_at=now, updated_at=now
    )
    tickets.void(*keys)
    registrants.release(rows)
    for registration in rows:
        for field, value in {**changes, "updated_at": now}.items():
            setattr(registration, field, value)
        tell(registration)
        signals.registration_cancelled.send(sender=Registration, registration=registration)


def _require_live(registration: Registration) -> None:
    if registration.status == Status.CANCELLED:
        raise AlreadyCancelled
    if not registration.is_live:
        raise CannotCancel(details={"status": registration.status})
