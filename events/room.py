"""How many may register: the event's own number, else what the plan of its payer allows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from billing import entitlements
from billing.entitlements import Limit

if TYPE_CHECKING:
    from events.models import Event


def load(events: Iterable["Event"]) -> None:
    """Look up what counts for events that name no capacity: for all of them in five queries."""
    asking = [event for event in events if _asks_plan(event)]
    if not asking:
        return
    payers = {(event.owner_id, event.organization_id) for event in asking}
    found = entitlements.limits(payers, Limit.REGISTRATIONS_PER_EVENT)
    for event in asking:
        event.plan_capacity = found[event.owner_id, event.organization_id]


def in_force(event: "Event") -> int | None:
    """Return the number in force, None for no limit."""
    if not _asks_plan(event):
        return event.capacity
    if "plan_capacity" not in vars(event):
        load([event])
    return event.plan_capacity


def _asks_plan(event: "Event") -> bool:
    # No plan is so small that it would matter before somebody has come.
    return (
        event.capacity is None and event.places_taken > 0 and event.status in {"published", "live"}
    )
