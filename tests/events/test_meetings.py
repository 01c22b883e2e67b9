from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from common.models import OutboxTask
from events import meeting_sync, meetings
from events.models import Event
from integrations.doubles.server import Answer
from tests.factories.accounts import MembershipFactory, ZoomConnectionFactory
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory

MEETINGS = "/v2/users/me/meetings"
DOWN = Answer(503, {"message": "down"})


def sync(event):
    meeting_sync.sync_meeting(event.sessions.get().pk)
    return event.sessions.get()


def be_due(event):
    event.sessions.update(meeting_retry_at=None)


def fail_next(zoom, times):
    zoom.fail(MEETINGS, times=times, answer=DOWN)


def test_publishing_stores_the_wish_and_asks_nobody(published, zoom):
    session = published.sessions.get()

    assert session.meeting_status == "pending"
    assert OutboxTask.objects.get(name="events.sync_meeting").args == [session.pk]
    assert zoom.calls == []


UNWANTED = {
    "zoom off": {"published": True, "zoom_enabled": False},
    "in person": {"published": True, "format": "in_person", "location": "Berlin"},
    "draft": {},
    "completed": {"completed": True},
}


@pytest.mark.parametrize("fields", UNWANTED.values(), ids=UNWANTED)
def test_no_meeting_is_wanted(organizer, fields):
    event = EventFactory(owner=organizer, **{"zoom_enabled": True, **fields})

    meetings.reconcile(event)

    assert event.sessions.get().meeting_status == "none"


def test_recorded_sessions_have_no_meeting_and_own_choice_wins(organizer):
    event = EventFactory(
        owner=organizer,
        published=True,
        zoom_enabled=True,
        is_multi_session=True,
        implicit_session=False,
    )
    for fields in ({}, {"session_type": "recorded"}, {"zoom_enabled": False}):
        EventSessionFactory(event=event, **fields)

    meetings.reconcile(event)

    assert [row.meeting_status for row in event.sessions.all()] == ["pending", "none", "none"]


def test_retrying_wants_a_failure(api_for, organizer, published):
    url = f"/api/v1/events/{published.uuid}/meeting/"
    api = api_for(organizer)

    early = api.post(f"{url}retry/")
    sync(published)
    shown = api.get(url).json()["results"][0]
    late = api.post(f"{url}retry/")

    assert (early.status_code, early.json()["error"]["code"]) == (409, "NOTHING_TO_RETRY")
    assert (shown["meeting_status"], shown["meeting_error"]) == (
        "failed",
        "Zoom is not connected.",
    )
    assert (late.status_code, late.json()) == (202, {"queued": 1})
    assert published.sessions.get().meeting_attempts == 0


def test_sweep_takes_up_what_waited_for_a_connection(published, organizer, zoom):
    sync(published)
    unconnected = meetings.sweep(timezone.now())
    pair = zoom.pair_for("host1")
    ZoomConnectionFactory(user=organizer, access_token=pair["access_token"])

    connected = meetings.sweep(timezone.now())

    assert (unconnected, connected) == (0, 1)
    assert sync(published).meeting_status == "ready"


def test_sweep_asks_again_for_what_was_lost(published):
    OutboxTask.objects.all().delete()

    meetings.sweep(timezone.now())

    assert OutboxTask.objects.filter(name="events.sync_meeting").count() == 1


@pytest.fixture
def hosted(organizer):
    """A published event whose meeting stands."""
    event = EventFactory(owner=organizer, published=True, zoom_enabled=True)
    event.sessions.update(zoom_meeting_id="91", meeting_status="ready")
    return event


STARTED = {
    "an hour early": (timedelta(minutes=60), "live", ""),
    "a test of the room": (timedelta(minutes=61), "published", "long before the session"),
    "late": (timedelta(minutes=-50), "live", ""),
}


@pytest.mark.parametrize(("early", "status", "note"), STARTED.values(), ids=STARTED)
def test_opened_meeting_starts_the_session(hosted, early, status, note):
    assert meetings.note_started("91", STARTS_AT - early) == note
    assert Event.objects.get().status == status


def test_start_is_recorded_when_it_happened(hosted):
    meetings.note_started("91", STARTS_AT + timedelta(minutes=2))

    assert hosted.sessions.get().actual_started_at == STARTS_AT + timedelta(minutes=2)
    assert hosted.status_history.get().changed_by is None


@pytest.mark.parametrize("verb", ["cancel", "start"])
def test_replayed_start_changes_nothing(hosted, organizer, verb):
    getattr(hosted, verb)(by=organizer)
    before = Event.objects.values().get()

    meetings.note_started("91", STARTS_AT)

    assert Event.objects.values().get() == before


def test_end_near_the_end_completes(hosted):
    meetings.note_started("91", STARTS_AT)

    meetings.note_ended("91", STARTS_AT + timedelta(minutes=45))

    assert Event.objects.get().status == "completed"


def test_end_in_the_middle_is_only_noted(hosted):
    meetings.note_started("91", STARTS_AT)

    meetings.note_ended("91", STARTS_AT + timedelta(minutes=44))

    session = hosted.sessions.get()
    assert session.status == "live"
    assert session.actual_ended_at == STARTS_AT + timedelta(minutes=44)


def test_end_before_the_start_changes_nothing(hosted):
    assert meetings.note_ended("91", STARTS_AT) == "the session is not live"


def test_meeting_deleted_by_somebody_is_a_failure(hosted):
    meetings.note_deleted("91")

    session = hosted.sessions.get()
    assert (session.meeting_status, session.meeting_error) == (
        "failed",
        "The meeting was deleted in Zoom.",
    )


def test_our_own_deletion_is_no_news(hosted, organizer):
    hosted.cancel(by=organizer)

    assert meetings.note_deleted("91") == "the meeting is not needed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "note",
    [
        lambda: meetings.note_started("404", datetime(2027, 1, 1, tzinfo=UTC)),
        lambda: meetings.note_ended("", datetime(2027, 1, 1, tzinfo=UTC)),
        lambda: meetings.note_deleted("404"),
    ],
)
def test_meetings_of_others_are_ignored(note):
    assert note() == "unknown meeting"


def test_wish_that_was_never_carried_out_ends_without_zoom(published, organizer, zoom):
    published.cancel(by=organizer)

    assert published.sessions.get().meeting_status == "none"
    assert zoom.calls == []


def test_named_sessions_are_tried_again(organizer, zoom):
    event = EventFactory(
        owner=organizer,
        published=True,
        zoom_enabled=True,
        is_multi_session=True,
        implicit_session=False,
    )
    first, _second = EventSessionFactory.create_batch(2, event=event, meeting_status="failed")

    queued = meetings.retry(event, by=organizer, sessions=[first.uuid])

    assert queued == 1
    assert [row.meeting_status for row in event.sessions.all()] == ["pending", "failed"]


def test_instructor_does_not_see_the_meetings(api_for, organization):
    event = EventFactory(organization=organization)
    person = MembershipFactory(organization=organization, role="instructor").user

    assert api_for(person).get(f"/api/v1/events/{event.uuid}/meeting/").status_code == 403
