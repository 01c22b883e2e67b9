"""Places and the waitlist under contention: one guarded UPDATE of the event row decides."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q

from billing import entitlements
from billing.entitlements import Limit
from common.exceptions import Conflict
from common.outbox import after_commit
from events import counts
from events.models import Event
from events.querysets import EventQuerySet
from registrations.models import Registration

OPEN = ("published", "live")
# Somebody who was there without a place is added afterwards.
OPEN_TO_MANAGERS = (*OPEN, "completed")
COLUMNS = ("registration_count", "waitlist_count", "places_taken")


class EventIsFull(Conflict):
    """Nobody more fits, and nobody more may wait."""

    code = "EVENT_FULL"
    message = "No places are left and the waitlist is closed."


def take(event: Event, number: int, *, confirmed: int, by_registrant: bool = True) -> bool:
    """Take places in one statement, or none; call it last before the commit.

    The number in force at this moment decides, whatever the event looked like when it was read.
    A registrant passes nobody who waits; a manager may.
    """
    free = Q(places_taken__lte=F("capacity") - number)
    unlimited = plan_limit(event) if event.capacity is None else None
    free |= Q(capacity=None) & (
        Q() if unlimited is None else Q(places_taken__lte=unlimited - number)
    )
    rows = Event.objects.filter(free, pk=event.pk)
    if by_registrant:
        # A free place belongs to those who wait for one.
        rows = rows.filter(Q(waitlist_enabled=False) | Q(waitlist_count=0), status__in=OPEN)
    else:
        rows = rows.filter(status__in=OPEN_TO_MANAGERS)
    changed = rows.update(
        places_taken=F("places_taken") + number,
        registration_count=F("registration_count") + confirmed,
    )
    return changed == 1


def join_line(event: Event) -> bool:
    """Add one to the waitlist in one statement, or refuse when it is closed or full."""
    changed = Event.objects.filter(
        Q(waitlist_max=None) | Q(waitlist_count__lt=F("waitlist_max")),
        pk=event.pk,
        status__in=OPEN,
        waitlist_enabled=True,
    ).update(waitlist_count=F("waitlist_count") + 1)
    return changed == 1


def lock(event_id: int) -> Event:
    """Return the event with its row locked: whoever frees or gives a place takes turns."""
    return _lockable().get(pk=event_id)


def lock_if_there(event_id: int) -> Event | None:
    """Lock the event for a task, which may come after the event is gone."""
    return _lockable().filter(pk=event_id).first()


def lock_with(registration: Registration) -> Event:
    """Lock the event, then the registration, and read both anew: everywhere in this order."""
    event = lock(registration.event_id)
    rows = Registration.all_objects.select_for_update(no_key=True, of=("self",))
    registration.refresh_from_db(from_queryset=rows)
    registration.event = event
    return event


def room(event: Event) -> int | None:
    """Return how many more fit, None for any number. The caller holds the lock."""
    limit = capacity(event)
    return None if limit is None else max(0, limit - event.places_taken)


def capacity(event: Event) -> int | None:
    """Return the number in force: the event's own, else its payer's plan's, None for no limit."""
    return event.capacity if event.capacity is not None else plan_limit(event)


def plan_limit(event: Event) -> int | None:
    """Return what the plan of the event's payer allows one event."""
    return entitlements.limit_for(
        owner=event.owner,
        organization=event.organization,
        which=Limit.REGISTRATIONS_PER_EVENT,
    )


def recount(event: Event, columns: Iterable[str] = COLUMNS) -> None:
    """Write the event's numbers anew. The caller holds its lock."""
    counts.recount([event.pk], columns)


def position(registration: Registration) -> int | None:
    """Return the place in the queue, 1 for the first; None for who does not wait."""
    row = Registration.objects.with_position().filter(pk=registration.pk).first()
    return row.waitlist_position if row else None


def ask_to_fill(event: Event) -> None:
    """Ask for the waitlist to be served. The caller holds the event's lock, or is a task."""
    after_commit("registrations.fill_waitlist", event.pk, key=f"fill:{event.pk}")


def _lockable() -> EventQuerySet:
    rows: EventQuerySet = Event.all_objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("owner", "organization")


def may_fill(event: Event, now: datetime) -> bool:
    """Tell whether freed places are still given out."""
    late = event.status == Event.Status.LIVE and event.allow_late_registration
    return (event.status == Event.Status.PUBLISHED or late) and now < event.ends_at
