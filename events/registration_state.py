"""Whether one may register, or why not: the one rule every app asks."""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models import Event

WELCOMING = frozenset({"open", "waitlist"})
BY_STATUS = {
    "draft": "not_published",
    "cancelled": "cancelled",
    "completed": "past",
    "closed": "past",
}


def of(
    event: "Event", now: datetime, *, invited: bool = False, plan_capacity: int | None = None
) -> str:
    """Return the state; the first reason that applies wins.

    ``invited`` opens a private event; ``plan_capacity`` is what counts where the event itself
    names no capacity.
    """
    if event.status in BY_STATUS:
        return BY_STATUS[event.status]
    if event.ends_at < now:
        return "past"
    if event.status == "live" and not event.allow_late_registration:
        return "live"
    return _by_rules(event, now) or _by_audience(event, invited) or _by_room(event, plan_capacity)


def _by_rules(event: "Event", now: datetime) -> str:
    if not event.registration_enabled:
        return "disabled"
    if event.registration_opens_at and now < event.registration_opens_at:
        return "not_open_yet"
    if event.registration_deadline and now > event.registration_deadline:
        return "closed"
    return ""


def _by_audience(event: "Event", invited: bool) -> str:
    return "invitation_only" if event.visibility == "private" and not invited else ""


def _by_room(event: "Event", plan_capacity: int | None) -> str:
    capacity = event.capacity or plan_capacity
    # A free place belongs to those who wait for one.
    awaited = event.waitlist_enabled and event.waitlist_count > 0
    if capacity is None or (event.places_taken < capacity and not awaited):
        return "open"
    has_queue = event.waitlist_max is None or event.waitlist_count < event.waitlist_max
    return "waitlist" if event.waitlist_enabled and has_queue else "full"
