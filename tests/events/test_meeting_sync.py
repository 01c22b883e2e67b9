from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import OutboxTask, OutgoingEmail
from events import editing, meeting_sync, meetings, schedule
from events.models import Event, EventSession
from events.signals import meeting_ready
from integrations.doubles.server import Answer
from tests.factories.accounts import MembershipFactory
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


def test_missing_session_is_nothing_to_do(db):
    meeting_sync.sync_meeting(0)


def test_rate_limit_is_respected(published, connection, zoom):
    headers = {"X-RateLimit-Type": "Daily-limit", "Retry-After": "7200"}
    zoom.fail(MEETINGS, answer=Answer(429, {"code": 429, "message": "limit"}, headers))

    waited = sync(published).meeting_retry_at - timezone.now()

    assert timedelta(minutes=118) < waited <= timedelta(minutes=120)


def test_removal_that_zoom_refuses_is_over(published, connection, organizer, zoom):
    session = sync(published)
    published.cancel(by=organizer)
    refusal = Answer(400, {"code": 300, "message": "Not yours"})
    zoom.fail(f"/v2/meetings/{session.zoom_meeting_id}", answer=refusal)

    after = sync(published)

    assert (after.meeting_status, after.meeting_error) == (
        "removed",
        "Zoom refused the meeting: Not yours.",
    )
    assert not OutgoingEmail.objects.filter(kind="meeting_failed").exists()


def test_removal_goes_on_after_the_last_planned_wait(published, connection, organizer, zoom):
    session = sync(published)
    published.cancel(by=organizer)
    published.sessions.update(meeting_attempts=9)
    zoom.fail(f"/v2/meetings/{session.zoom_meeting_id}", times=3, answer=DOWN)

    after = sync(published)

    assert after.meeting_status == "removing"
    assert after.meeting_retry_at - timezone.now() > timedelta(minutes=239)


def test_meeting_of_a_lost_answer_is_removed_too(published, connection, organizer, zoom):
    zoom.fail(MEETINGS, times=1, drop=True, after=True)
    sync(published)
    published.cancel(by=organizer)
    be_due(published)

    removed = sync(published)

    assert (removed.meeting_status, zoom.meetings) == ("removed", {})


def test_removal_without_a_connection_ends(published, connection, organizer, zoom):
    sync(published)
    published.cancel(by=organizer)
    connection.delete()

    assert sync(published).meeting_status == "removed"


def test_event_published_again_before_its_meeting_was_removed_keeps_it(
    published, connection, organizer, zoom
):
    before = sync(published)
    published.unpublish(by=organizer)
    published.publish(by=organizer)

    after = sync(published)

    assert (after.meeting_status, after.zoom_meeting_id) == ("ready", before.zoom_meeting_id)


def test_event_published_again_while_its_meeting_goes_gets_another(
    published, connection, organizer, zoom, monkeypatch
):
    sync(published)
    published.unpublish(by=organizer)
    delete = meeting_sync.client.delete_meeting

    def delete_slowly(*args, **kwargs):
        delete(*args, **kwargs)
        Event.objects.get().publish(by=organizer)

    monkeypatch.setattr(meeting_sync.client, "delete_meeting", delete_slowly)

    between = sync(published)
    after = sync(published)

    assert (between.meeting_status, after.meeting_status) == ("pending", "ready")
    assert list(zoom.meetings) == [after.zoom_meeting_id]


def test_event_cancelled_while_its_meeting_is_made_removes_it(
    published, connection, organizer, zoom, monkeypatch
):
    create = meeting_sync.client.create_meeting

    def create_slowly(*args, **kwargs):
        Event.objects.get().cancel(by=organizer)
        return create(*args, **kwargs)

    monkeypatch.setattr(meeting_sync.client, "create_meeting", create_slowly)

    between = sync(published)
    after = sync(published)

    assert (between.meeting_status, between.zoom_join_url) == ("removing", "")
    assert (after.meeting_status, zoom.meetings) == ("removed", {})


def test_failure_of_a_wish_given_up_is_forgotten(published, connection, zoom, monkeypatch):
    def refuse(*_args, **_kwargs):
        EventSession.objects.update(meeting_status="none")
        raise meeting_sync.ZoomRejected(300, "no")

    monkeypatch.setattr(meeting_sync.client, "create_meeting", refuse)

    assert sync(published).meeting_error == ""


def test_managers_of_an_organization_are_told(organization, organizer, colleague, zoom):
    MembershipFactory(organization=organization, role="instructor")
    event = EventFactory(
        owner=organizer, organization=organization, published=True, zoom_enabled=True
    )
    meetings.reconcile(event)

    sync(event)

    mails = OutgoingEmail.objects.filter(kind="meeting_failed").values_list("to_email", flat=True)
    assert set(mails) == {organizer.email, colleague.email}
