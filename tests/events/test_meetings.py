from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from common.models import OutboxTask, OutgoingEmail
from events import editing, meeting_sync, meetings, schedule
from events.models import Event
from events.signals import meeting_ready
from integrations.doubles.server import Answer
from integrations.doubles.zoom import ZoomDouble
from integrations.zoom import http
from tests.factories.accounts import ZoomConnectionFactory
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory

MEETINGS = "/v2/users/me/meetings"
DOWN = Answer(503, {"message": "down"})


@pytest.fixture(scope="module")
def double():
    started = ZoomDouble()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def zoom(double, settings, monkeypatch):
    """The double, listening and empty; the client waits for nothing."""
    for remembered in (double.calls, double.faults, double.meetings):
        remembered.clear()
    settings.ZOOM_API_BASE = f"{double.url}/v2"
    settings.ZOOM_OAUTH_BASE = double.url
    monkeypatch.setattr(http, "_pause", lambda _seconds: None)
    http.circuit.succeeded()
    yield double
    http.circuit.succeeded()


@pytest.fixture
def connection(zoom, organizer):
    pair = zoom.pair_for("host1")
    return ZoomConnectionFactory(
        user=organizer, access_token=pair["access_token"], zoom_user_id="host1"
    )


@pytest.fixture
def published(organizer):
    """A published event that wants a meeting."""
    event = EventFactory(owner=organizer, title="Wound care", zoom_enabled=True)
    event.publish(by=organizer)
    return event


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


def test_meeting_is_made_once(published, connection, zoom):
    first = sync(published)
    second = sync(published)

    meeting = zoom.meetings[first.zoom_meeting_id]
    assert zoom.count("POST", MEETINGS) == 1
    assert (first.meeting_status, first.meeting_attempts) == ("ready", 1)
    assert first.zoom_connection == connection
    assert first.zoom_join_url == f"https://zoom.example/j/{first.zoom_meeting_id}"
    assert first.zoom_passcode == meeting["password"]
    assert second.meeting_attempts == 1
    assert {name: meeting[name] for name in ("topic", "start_time", "duration", "timezone")} == {
        "topic": "Wound care",
        "start_time": "2027-03-01T09:00:00Z",
        "duration": 60,
        "timezone": "UTC",
    }
    assert meeting["agenda"] == f"ref:{first.uuid}"
    assert meeting["settings"]["approval_type"] == 0


def test_readiness_is_announced(published, connection, zoom):
    heard = []

    def hear(session, **_):
        heard.append(session.pk)

    meeting_ready.connect(hear)
    try:
        session = sync(published)
    finally:
        meeting_ready.disconnect(hear)

    assert heard == [session.pk]


def test_settings_of_the_event_win(organizer, connection, zoom):
    event = EventFactory(
        owner=organizer,
        zoom_enabled=True,
        zoom_settings={"waiting_room": False, "auto_recording": "local"},
    )
    event.publish(by=organizer)

    session = sync(event)

    granted = zoom.meetings[session.zoom_meeting_id]["settings"]
    assert (granted["waiting_room"], granted["auto_recording"]) == (False, "local")


def test_event_is_published_without_a_connection(published, zoom):
    session = sync(published)

    mail = OutgoingEmail.objects.get(kind="meeting_failed")
    assert (session.meeting_status, session.meeting_error) == ("failed", "Zoom is not connected.")
    assert Event.objects.get().status == "published"
    assert published.meeting_status == "failed"
    assert (mail.to_email, mail.subject_uuid) == ("organizer@example.org", published.uuid)
    assert "Zoom is not connected." in mail.text


def test_outage_is_waited_out(published, connection, zoom):
    fail_next(zoom, times=1)
    first = sync(published)
    waited = first.meeting_retry_at - timezone.now()
    be_due(published)
    fail_next(zoom, times=3)
    sync(published)
    be_due(published)

    last = sync(published)

    assert first.meeting_status == "pending"
    assert timedelta(seconds=50) < waited <= timedelta(minutes=1)
    assert (last.meeting_status, last.meeting_attempts, last.meeting_error) == ("ready", 3, "")
    assert len(zoom.meetings) == 1


def test_nobody_tries_before_the_wait_is_over(published, connection, zoom):
    fail_next(zoom, times=1)
    sync(published)

    session = sync(published)

    assert session.meeting_attempts == 1


def test_sixth_outage_is_a_failure(published, connection, zoom):
    published.sessions.update(meeting_attempts=5)
    zoom.fail(MEETINGS, times=3, answer=DOWN)

    session = sync(published)

    assert (session.meeting_status, session.meeting_attempts) == ("failed", 6)
    assert OutgoingEmail.objects.filter(kind="meeting_failed").count() == 1


def test_lost_answer_leaves_one_meeting(published, connection, zoom):
    zoom.fail(MEETINGS, times=1, drop=True, after=True)
    sync(published)
    be_due(published)

    session = sync(published)

    assert list(zoom.meetings) == [session.zoom_meeting_id]
    assert session.meeting_status == "ready"


def test_refusal_is_final_and_mailed_once(published, connection, zoom):
    refusal = Answer(400, {"code": 300, "message": "Too many meetings"})
    zoom.fail(MEETINGS, times=2, answer=refusal)
    first = sync(published)
    meetings.retry(published, by=published.owner)
    OutboxTask.objects.all().delete()

    again = sync(published)

    assert (
        first.meeting_error == again.meeting_error == "Zoom refused the meeting: Too many meetings."
    )
    assert OutgoingEmail.objects.filter(kind="meeting_failed").count() == 1


def test_connection_without_permission_has_to_be_made_anew(published, connection, zoom):
    zoom.fail(MEETINGS, answer=Answer(400, {"code": 4711, "message": "scopes: meeting:write"}))

    session = sync(published)

    connection.refresh_from_db()
    assert session.meeting_error == "Zoom needs to be reconnected."
    assert connection.consecutive_errors == 1


def test_rescheduling_changes_the_meeting(published, connection, organizer, zoom):
    before = sync(published)

    schedule.reschedule(published, by=organizer, starts_at=STARTS_AT + timedelta(days=1))
    wished = published.sessions.get()
    after = sync(published)

    assert (wished.meeting_status, wished.meeting_attempts) == ("pending", 0)
    assert after.zoom_meeting_id == before.zoom_meeting_id
    assert zoom.meetings[after.zoom_meeting_id]["start_time"] == "2027-03-02T09:00:00Z"


def test_meeting_that_vanished_is_made_anew(published, connection, organizer, zoom):
    before = sync(published)
    zoom.meetings.clear()

    editing.edit(published, by=organizer, changes={"title": "New title"})
    after = sync(published)

    assert after.zoom_meeting_id != before.zoom_meeting_id
    assert zoom.meetings[after.zoom_meeting_id]["topic"] == "New title"


def test_wish_that_changed_while_zoom_was_busy_is_fulfilled_next(
    published, connection, zoom, monkeypatch
):
    create = meeting_sync.client.create_meeting

    def create_slowly(*args, **kwargs):
        Event.objects.update(title="Changed meanwhile")
        return create(*args, **kwargs)

    monkeypatch.setattr(meeting_sync.client, "create_meeting", create_slowly)

    between = sync(published)
    last = sync(published)

    assert (between.meeting_status, last.meeting_status) == ("pending", "ready")
    assert zoom.meetings[last.zoom_meeting_id]["topic"] == "Changed meanwhile"
    assert len(zoom.meetings) == 1


@pytest.mark.parametrize("verb", ["cancel", "unpublish"])
def test_meeting_goes_with_its_event(published, connection, organizer, zoom, verb):
    sync(published)

    getattr(published, verb)(by=organizer)
    wished = published.sessions.get()
    removed = sync(published)

    assert (wished.meeting_status, wished.zoom_join_url) == ("removing", "")
    assert removed.meeting_status == "removed"
    assert removed.zoom_meeting_id
    assert zoom.meetings == {}


def test_removing_what_is_gone_counts_as_done(published, connection, organizer, zoom):
    sync(published)
    zoom.meetings.clear()
    published.cancel(by=organizer)

    assert sync(published).meeting_status == "removed"


def test_removal_outlasts_an_outage(published, connection, organizer, zoom):
    session = sync(published)
    published.cancel(by=organizer)
    zoom.fail(f"/v2/meetings/{session.zoom_meeting_id}", times=3, answer=DOWN)
    waiting = sync(published).meeting_status
    be_due(published)

    assert (waiting, sync(published).meeting_status) == ("removing", "removed")


def test_switching_zoom_off_and_on_again(published, connection, organizer, zoom):
    sync(published)
    editing.edit(published, by=organizer, changes={"zoom_enabled": False})
    off = sync(published)
    editing.edit(published, by=organizer, changes={"zoom_enabled": True})
    on = sync(published)

    assert (off.meeting_status, on.meeting_status) == ("removed", "ready")
    assert list(zoom.meetings) == [on.zoom_meeting_id]


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


def test_topic_names_the_session_of_an_event_with_several(organizer, connection, zoom):
    event = EventFactory(
        owner=organizer,
        title="Congress",
        published=True,
        zoom_enabled=True,
        is_multi_session=True,
        implicit_session=False,
    )
    session = EventSessionFactory(event=event, title="Day one")
    meetings.reconcile(event)

    meeting_sync.sync_meeting(session.pk)

    assert [row["topic"] for row in zoom.meetings.values()] == ["Congress: Day one"]


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


def test_missing_session_is_nothing_to_do(db):
    meeting_sync.sync_meeting(0)


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
