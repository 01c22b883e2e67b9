"""What runs in the background; each may run twice."""

from celery import shared_task
from django.utils import timezone

from events import advancing, catalogue, counts, meeting_sync, meetings


@shared_task(name="events.sync_meeting")
def sync_meeting(session_id: int) -> None:
    meeting_sync.sync_meeting(session_id)


@shared_task(name="events.advance_events")
def advance_events() -> None:
    advancing.advance(timezone.now())


@shared_task(name="events.sweep_meetings")
def sweep_meetings() -> None:
    meetings.sweep(timezone.now())


@shared_task(name="events.check_counts")
def check_counts() -> None:
    counts.check(timezone.now())
    catalogue.forget_unused_tags()
