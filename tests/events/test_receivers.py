"""Messages of Zoom, from the wire to the event."""

import json

import pytest

from accounts import blockers
from events import tasks
from events.models import Event, EventSession
from integrations import webhooks
from integrations.models import InboundWebhook
from tests.factories.events import EventFactory


@pytest.fixture
def hosted(organizer):
    event = EventFactory(owner=organizer, published=True, zoom_enabled=True)
    event.sessions.update(zoom_meeting_id="91234567890", meeting_status="ready")
    return event


def receive(event_type, **facts):
    message = {
        "event": event_type,
        "event_ts": 1803891600000,
        "payload": {"account_id": "a", "object": {"id": 91234567890, "uuid": "u==", **facts}},
    }
    body = json.dumps(message).encode()
    webhook = webhooks.store("zoom", body, message, {})
    webhooks.dispatch(webhook.pk)
    return InboundWebhook.objects.get(pk=webhook.pk)


def test_meeting_runs_its_session_from_start_to_end(hosted):
    started = receive("meeting.started", start_time="2027-03-01T09:01:00Z")
    live = Event.objects.get().status
    ended = receive("meeting.ended", end_time="2027-03-01T10:00:00Z")

    session = EventSession.objects.get()
    assert (started.status, live, ended.status) == ("processed", "live", "processed")
    assert Event.objects.get().status == "completed"
    assert f"{session.actual_started_at:%H:%M}-{session.actual_ended_at:%H:%M}" == "09:01-10:00"


def test_deleted_meeting_is_noticed(hosted):
    receive("meeting.deleted", operation="all")

    assert EventSession.objects.get().meeting_status == "failed"


def test_replayed_start_of_a_cancelled_event_changes_nothing(hosted, organizer):
    hosted.cancel(by=organizer)

    webhook = receive("meeting.started", start_time="2027-03-01T09:01:00Z")

    assert webhook.status in {"skipped", "processed"}
    assert Event.objects.get().status == "cancelled"


@pytest.mark.django_db
def test_tasks_run_twice_without_harm():
    for task in (tasks.advance_events, tasks.sweep_meetings, tasks.check_counts) * 2:
        task()
    tasks.sync_meeting(0)

    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("status", "count"),
    [
        ("draft", 0),
        ("published", 1),
        ("live", 1),
        ("completed", 0),
        ("closed", 0),
        ("cancelled", 0),
    ],
)
def test_published_and_live_events_stand_in_the_way(organizer, status, count):
    EventFactory(owner=organizer, **({} if status == "draft" else {status: True}))

    found = blockers.found(user=organizer)

    message = "Published and live events must be cancelled or completed first."
    assert found == [blockers.Blocker("EVENTS_ACTIVE", message, 1)] * count


def test_events_of_an_organization_stand_in_its_own_way_alone(organizer, organization, stranger):
    EventFactory.create_batch(2, owner=organizer, organization=organization, published=True)
    EventFactory(owner=stranger, published=True)

    of_person = blockers.found(user=organizer)
    of_organization = [
        (each.code, each.count) for each in blockers.found(organization=organization)
    ]

    assert (of_person, of_organization) == ([], [("EVENTS_ACTIVE", 2)])
