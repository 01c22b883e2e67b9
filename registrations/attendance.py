"""Minutes and judgements: computed from the stays, made final once, corrected later."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from common.exceptions import InvalidStatus
from common.transactions import retrying
from events import counts
from events.models import Event, EventSession
from registrations import judging, places, signals, stays, waitlist
from registrations.models import AttendanceInterval, Registration, SessionAttendance

CHUNK: Final = 500
OVER: Final = frozenset({Event.Status.COMPLETED, Event.Status.CLOSED})


@retrying
def finalize(event_id: int, *, now: datetime) -> bool:
    """Judge everybody and announce it, once; return whether this call did it."""
    event = places.lock_if_there(event_id)
    if event is None or event.status not in OVER or event.attendance_finalized_at is not None:
        return False
    waitlist.close(event, now=now)
    stays.end_open(event, now=now)
    for chunk in _chunks(event):
        judging.judge_all(event, chunk, now=now, finalized_at=now)
    event.attendance_finalized_at = now
    # Not an edit of the event: its version stays.
    Event.objects.filter(pk=event.pk).update(attendance_finalized_at=now)
    _recount(event)
    signals.attendance_finalized.send(sender=Event, event=event)
    return True


@retrying
def recompute(registration_id: int) -> None:
    """Compute one registration anew; what moves after finalizing is announced."""
    registration = Registration.objects.filter(pk=registration_id).first()
    if registration is None:
        return
    event = places.lock_with(registration)
    if registration.status != Registration.Status.CONFIRMED or event.status == "closed":
        return
    _correct(event, registration)


@retrying
def recompute_event(event_id: int, *, now: datetime) -> None:
    """Compute everybody anew, as far as an event has come; later changes are announced."""
    event = places.lock_if_there(event_id)
    if event is None:
        return
    if event.attendance_finalized_at is not None:
        keys = AttendanceInterval.objects.countable().filter(session__event=event)
        for key in keys.values_list("registration", flat=True).distinct().order_by():
            judging.ask(key)
        return
    for chunk in _chunks(event):
        judging.judge_all(event, chunk, now=now, finalized_at=None)
    _recount(event)


def sweep(now: datetime) -> int:
    """Finalize the events that missed it; return how many."""
    missed = Event.objects.filter(status__in=OVER, attendance_finalized_at=None)
    return sum(finalize(key, now=now) for key in missed.values_list("pk", flat=True))


@retrying
def override(
    registration: Registration,
    *,
    by: User,
    eligible: bool,
    reason: str,
    session: EventSession | None = None,
) -> None:
    """Decide about a person, or about one session of theirs, whatever the minutes say."""
    decision: dict[str, Any] = {
        "attendance_override": eligible,
        "attendance_override_by": by,
        "attendance_override_reason": reason,
    }
    _decide(registration, session, decision, by=by, action="attendance.overridden")


@retrying
def clear_override(
    registration: Registration, *, by: User, session: EventSession | None = None
) -> None:
    """Let the minutes decide again."""
    decision: dict[str, Any] = {
        "attendance_override": None,
        "attendance_override_by": None,
        "attendance_override_reason": "",
    }
    _decide(registration, session, decision, by=by, action="attendance.override_cleared")


def _decide(
    registration: Registration,
    session: EventSession | None,
    decision: dict[str, Any],
    *,
    by: User,
    action: str,
) -> None:
    event = places.lock_with(registration)
    judging.require_changeable(event)
    if registration.status != Registration.Status.CONFIRMED:
        raise InvalidStatus("Only confirmed registrations have attendance.")
    if session is None:
        for field, value in decision.items():
            setattr(registration, field, value)
        registration.save(update_fields=list(decision))
    else:
        SessionAttendance.objects.update_or_create(
            registration=registration, session=session, defaults=decision
        )
    _correct(event, registration)
    registration.record(
        action,
        by=by,
        eligible=decision["attendance_override"],
        reason=decision["attendance_override_reason"],
        session=session.uuid if session else None,
    )


def _correct(event: Event, registration: Registration) -> None:
    """Compute one row anew. The caller holds both locks."""
    before = judging.outcome(registration)
    now = timezone.now()
    is_final = event.attendance_finalized_at is not None
    finalized_at = (registration.attendance_finalized_at or now) if is_final else None
    judging.judge_all(event, [registration], now=now, finalized_at=finalized_at)
    _recount(event)
    if is_final and judging.outcome(registration) != before:
        signals.attendance_changed.send(sender=Registration, registration=registration)


def _chunks(event: Event) -> Iterator[list[Registration]]:
    """Yield the confirmed registrations, locked, 500 at a time."""
    rows = (
        Registration.objects.select_for_update(no_key=True, of=("self",))
        .filter(event=event)
        .confirmed()
        .order_by("pk")
    )
    last = 0
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        yield chunk


def _recount(event: Event) -> None:
    places.recount(event, (*places.COLUMNS, "attendance_count"))
    counts.recount_sessions(list(event.sessions.values_list("pk", flat=True)))
