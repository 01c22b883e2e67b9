"""What an event lacks before it can be published."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from common.exceptions import RuleViolation

if TYPE_CHECKING:
    from events.models import Event, EventSession


class NotReadyToPublish(RuleViolation):
    """Something is missing that registrants need; the details name it by field."""

    code = "NOT_READY_TO_PUBLISH"
    message = "The event is not ready to be published."


def require(event: "Event", now: datetime) -> None:
    """Refuse an event that lacks something. Zoom is never a condition."""
    if missing := _missing(event, now):
        raise NotReadyToPublish(details=missing)


def _missing(event: "Event", now: datetime) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    if event.starts_at <= now:
        found["starts_at"].append("The start must be in the future.")
    if event.format != "online" and not event.location:
        found["location"].append("A place is needed for events held in person.")
    if event.cpd_enabled and not event.cpd_credit_type:
        found["cpd_credit_type"].append("A credit type is needed.")
    if event.cpd_enabled and not event.cpd_credit_value:
        found["cpd_credit_value"].append("A credit value above zero is needed.")
    if event.is_multi_session:
        _check_sessions(event, list(event.sessions.all()), now, found)
    return dict(found)


def _check_sessions(
    event: "Event",
    sessions: list["EventSession"],
    now: datetime,
    found: dict[str, list[str]],
) -> None:
    standing = [session for session in sessions if session.status != "cancelled"]
    if not any(session.starts_at > now for session in standing):
        found["sessions"].append("At least one session must lie in the future.")
    if any(session.is_required for session in sessions if session not in standing):
        found["required_sessions"].append("A required session is cancelled.")
    needed = event.minimum_sessions_required
    if event.completion_type == "minimum_sessions" and (not needed or needed > len(standing)):
        found["minimum_sessions_required"].append(
            f"Enter a number between 1 and {len(standing)}, the number of sessions."
        )
