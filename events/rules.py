"""What the fields of one event must agree on, whoever writes them."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from events.models import Event

Found = dict[str, list[str]]


def check(event: "Event") -> None:
    """Refuse an event whose fields contradict one another; names every contradiction."""
    found: Found = defaultdict(list)
    _check_registration(event, found)
    _check_credits(event, found)
    if event.waitlist_enabled and event.capacity is None:
        found["capacity"].append("A waitlist needs a capacity.")
    if event.require_module_completion and not event.modules_enabled:
        found["require_module_completion"].append("Enable modules first.")
    if event.completion_type == "minimum_sessions" and event.minimum_sessions_required is None:
        found["minimum_sessions_required"].append("Required with minimum_sessions.")
    if found:
        raise ValidationError(found)


def require_future(moment: datetime, now: datetime, *, field: str = "starts_at") -> None:
    """Refuse a moment that has passed."""
    if moment <= now:
        raise ValidationError({field: ["The start must be in the future."]})


def _check_registration(event: "Event", found: Found) -> None:
    deadline, opening = event.registration_deadline, event.registration_opens_at
    latest = event.ends_at if event.allow_late_registration else event.starts_at
    if deadline and deadline > latest:
        end = "end" if event.allow_late_registration else "start"
        found["registration_deadline"].append(f"Must not be after the {end} of the event.")
    if opening and opening > (deadline or latest):
        found["registration_opens_at"].append("Must not be after registration closes.")


def _check_credits(event: "Event", found: Found) -> None:
    if not event.cpd_enabled:
        return
    if not event.cpd_credit_type:
        found["cpd_credit_type"].append("Required when CPD is enabled.")
    if not event.cpd_credit_value:
        found["cpd_credit_value"].append("A value above zero is required when CPD is enabled.")
