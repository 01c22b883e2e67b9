"""When an event and its sessions take place, and how the two agree."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models import Event, EventSession

CENT = Decimal("0.01")


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
    session.title = event.title
    session.starts_at = event.starts_at
    session.duration_minutes = event.duration_minutes
    session.timezone = event.timezone
    session.calendar_sequence = event.calendar_sequence
    session.save(
        update_fields=["title", "starts_at", "duration_minutes", "timezone", "calendar_sequence"]
    )


def shift(event: "Event", distance: timedelta) -> None:
    """Move the sessions still to come of a multi-session event, and the event with them."""
    sessions = list(event.sessions.all())
    for session in sessions:
        if session.status == "scheduled":
            session.starts_at += distance
            session.calendar_sequence += 1
            session.save(update_fields=["starts_at", "calendar_sequence"])
    derive(event, sessions)


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
