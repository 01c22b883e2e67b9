"""What happens to events by the clock alone."""

from datetime import datetime

from django.db import transaction

from accounts import notifications
from events.models import Event

BATCH = 200
AUTOMATIC = "automatic"


def advance(now: datetime) -> int:
    """Start and complete what is due; return how many events were looked at.

    Running it again changes nothing more. An event nobody watched over goes all the way at once.
    """
    due = Event.objects.due_to_start(now).values_list("pk", flat=True)
    over = Event.objects.due_to_complete(now).values_list("pk", flat=True)
    ids = sorted({*due[:BATCH], *over[:BATCH]})
    failures = []
    for event_id in ids:
        try:
            _advance(event_id, now)
        except Exception as error:  # noqa: BLE001 -- one broken event must not hold up the others
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some events did not advance.", failures)
    return len(ids)


@transaction.atomic
def _advance(event_id: int, now: datetime) -> None:
    rows = Event.objects.select_for_update(no_key=True, skip_locked=True)
    event = rows.filter(pk=event_id).first()
    if event is None or event.status not in {"published", "live"}:  # somebody is or was at it
        return
    for session in event.sessions.due_to_start(now):
        session.start(by=None, at=session.starts_at, reason=AUTOMATIC)
    for session in event.sessions.due_to_complete(now):
        at = max(session.ends_at, session.actual_started_at or session.ends_at)
        session.complete(by=None, at=at, reason=AUTOMATIC)
    event.refresh_from_db()
    if Event.objects.due_to_complete(now).filter(pk=event_id).exists():
        event.complete(by=None, at=event.ends_at, reason=AUTOMATIC)
    if event.status == Event.Status.COMPLETED:
        _tell(event)


def _tell(event: Event) -> None:
    """Tell the owner that nobody ended the event by hand."""
    notifications.notify(
        event.owner,
        "event_completed_automatically",
        title=f"{event.title} was completed automatically",
        action_url=f"/events/{event.uuid}",
        event=event.uuid,
        dedupe_key=f"event_completed_automatically:{event.uuid}",
    )
