"""What runs in the background; each may run twice."""

from celery import shared_task
from django.utils import timezone

from events import (
    advancing,
    catalogue,
    counts,
    emails,
    inviting,
    meeting_sync,
    meetings,
    reminding,
)
from events.models import Event


@shared_task(name="events.sync_meeting")
def sync_meeting(session_id: int) -> None:
    meeting_sync.sync_meeting(session_id)


@shared_task(name="events.remove_meeting")
def remove_meeting(connection_id: int, meeting_id: str) -> None:
    meeting_sync.remove_meeting(connection_id, meeting_id)


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


@shared_task(name="events.send_due_reminders")
def send_due_reminders() -> None:
    reminding.send_due(timezone.now())


@shared_task(name="events.send_invitations")
def send_invitations(batch: str) -> None:
    inviting.send(batch)


@shared_task(name="events.sweep_invitations")
def sweep_invitations() -> None:
    inviting.sweep(timezone.now())


@shared_task(name="events.send_event_summary")
def send_event_summary(event_id: int) -> None:
    emails.event_summary(Event.all_objects.select_related("owner", "organization").get(pk=event_id))


@shared_task(name="events.refresh_search_of_speaker")
def refresh_search_of_speaker(speaker_id: int) -> None:
    catalogue.refresh_search_texts(Event.all_objects.filter(speakers=speaker_id))


@shared_task(name="events.refresh_search_of_category")
def refresh_search_of_category(category_id: int) -> None:
    catalogue.refresh_search_texts(Event.all_objects.filter(category=category_id))
