"""When an event and its sessions take place, and how the two agree."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone as clock

from common.exceptions import InvalidStatus
from events import rules, signals

if TYPE_CHECKING:
    from accounts.models import User
    from events.models import Event, EventSession

CENT = Decimal("0.01")
DERIVED = ("starts_at", "ends_at", "duration_minutes")
MIRRORED = ("title", "starts_at", "duration_minutes", "timezone", "calendar_sequence")


def end(starts_at: datetime, duration_minutes: int) -> datetime:
    """Return when something that long is over."""
    return starts_at + timedelta(minutes=duration_minutes)


def derive(event: "Event", sessions: Sequence["EventSession"]) -> None:
    """Set start, end and length of the event from its sessions that are not cancelled.

    Sets the attributes only; the caller saves.
    """
    standing = [session for session in sessions if session.status != "cancelled"]
    if not standing:
        return
    event.starts_at = min(session.starts_at for session in standing)
    event.ends_at = max(end(session.starts_at, session.duration_minutes) for session in standing)
    event.duration_minutes = sum(session.duration_minutes for session in standing)


def mirror(event: "Event") -> None:
    """Write what the event says into its implicit session, if it has one."""
    session = event.sessions.filter(is_implicit=True).first()
    if session is None:
        return
    changed = [name for name in MIRRORED if getattr(session, name) != getattr(event, name)]
    for name in changed:
        setattr(session, name, getattr(event, name))
    if changed:
        session.save(update_fields=changed)


def shift(event: "Event", distance: timedelta) -> None:
    """Move the sessions still to come of a multi-session event, and the event with them."""
    sessions = list(event.sessions.all())
    for session in sessions:
        if session.status == "scheduled":
            session.starts_at += distance
            session.calendar_sequence += 1
            session.save(update_fields=["starts_at", "calendar_sequence"])
    derive(event, sessions)


@transaction.atomic
def reschedule(
    event: "Event", *, by: "User", reason: str = "", notify: bool = True, **to: Any
) -> None:
    """Move a published event: ``starts_at``, ``duration_minutes``, ``timezone``.

    Opening and deadline keep their distance from the start, the sessions of a multi-session event
    theirs from one another. Announced once if anything differs; ``notify=False`` only silences
    the mails.
    """
    event.lock()
    if event.status != "published":
        raise InvalidStatus(
            "Only published events can be rescheduled.", details={"status": event.status}
        )
    before = _times(event)
    _move(event, to)
    if _times(event) == before:
        return
    event.previous_starts_at = before["starts_at"]
    event.calendar_sequence += 1
    rules.check(event)
    event.save(update_fields=[*before, "ends_at", "previous_starts_at", "calendar_sequence"])
    mirror(event)
    event.record("event.rescheduled", by, before=before, after=_times(event), reason=reason)
    event.notify_registrants = notify
    signals.event_rescheduled.send(sender=type(event), event=event)


def _move(event: "Event", to: dict[str, Any]) -> None:
    if "starts_at" in to:
        rules.require_future(to["starts_at"], clock.now())
    if event.is_multi_session and to.get("duration_minutes", event.duration_minutes) != (
        event.duration_minutes
    ):
        raise ValidationError({"duration_minutes": ["The length follows from the sessions."]})
    distance = to.get("starts_at", event.starts_at) - event.starts_at
    for field, value in to.items():
        setattr(event, field, value)
    event.ends_at = end(event.starts_at, event.duration_minutes)
    if event.is_multi_session:
        shift(event, distance)
    if event.registration_opens_at:
        event.registration_opens_at += distance
    if event.registration_deadline and "registration_deadline" not in to:
        event.registration_deadline += distance


def _times(event: "Event") -> dict[str, Any]:
    fields = (
        "starts_at",
        "duration_minutes",
        "timezone",
        "registration_opens_at",
        "registration_deadline",
    )
    return {field: getattr(event, field) for field in fields}


def session_credits(event: "Event", sessions: Sequence["EventSession"]) -> dict[int, Decimal]:
    """Return by session id what it is worth: its own value, or its share of the minutes.

    6.00 over 60, 60 and 120 minutes is 1.50, 1.50 and 3.00.
    """
    minutes = sum(session.duration_minutes for session in sessions if session.status != "cancelled")
    total = event.cpd_credit_value if event.cpd_enabled and event.cpd_credit_value else Decimal(0)
    return {session.pk: _share(session, total, minutes) for session in sessions}


def _share(session: "EventSession", total: Decimal, minutes: int) -> Decimal:
    if session.cpd_credit_value_override is not None:
        return session.cpd_credit_value_override
    if session.status == "cancelled" or not minutes:
        return Decimal("0.00")
    return (total * session.duration_minutes / minutes).quantize(CENT, rounding=ROUND_HALF_UP)
