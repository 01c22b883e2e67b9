"""The host's way into a meeting, fetched from Zoom's double over its socket."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts import zoom_connections
from events import meeting_sync
from integrations.doubles.server import Answer
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import STARTS_AT, EventFactory


def url(event):
    session = event.sessions.get()
    return f"/api/v1/events/{event.uuid}/sessions/{session.uuid}/host-link/"


def meeting_of(event):
    return f"/v2/meetings/{event.sessions.get().zoom_meeting_id}"


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def hosted(published, connection):
    """An event whose meeting was made at Zoom."""
    meeting_sync.sync_meeting(published.sessions.get().pk)
    return published


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


def test_link_is_fetched_each_time_and_kept_nowhere(hosted, api, zoom):
    before = zoom.count("GET", meeting_of(hosted))

    now = timezone.now().replace(microsecond=0)
    with time_machine.travel(now, tick=False):
        first = api.get(url(hosted))
        second = api.get(url(hosted))

    session = hosted.sessions.get()
    expected = {
        "url": zoom.meetings[session.zoom_meeting_id]["start_url"],
        "expires_at": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
    }
    assert [first.json(), second.json()] == [expected, expected]
    assert first.headers["Cache-Control"] == "no-store"
    assert zoom.count("GET", meeting_of(hosted)) == before + 2
    kept = hosted.sessions.values().get()
    assert not any(expected["url"] in str(value) for value in kept.values())


@pytest.mark.parametrize("meeting_status", ["none", "pending", "failed", "removing", "removed"])
def test_no_link_without_a_standing_meeting(hosted, api, zoom, meeting_status):
    hosted.sessions.update(meeting_status=meeting_status)
    zoom.calls.clear()

    assert error_of(api.get(url(hosted))) == (409, "MEETING_NOT_READY")
    assert zoom.calls == []


def test_meeting_that_is_gone_at_zoom_is_not_ready(hosted, api, zoom):
    zoom.meetings.clear()

    assert error_of(api.get(url(hosted))) == (409, "MEETING_NOT_READY")


def test_host_who_left_zoom_has_no_link(hosted, api, connection):
    connection.disconnected_at = STARTS_AT
    connection.is_active = False
    connection.save()

    assert error_of(api.get(url(hosted))) == (409, "MEETING_NOT_READY")


def test_withdrawn_permission_is_noted_on_the_connection(hosted, api, connection, zoom):
    zoom.fail(meeting_of(hosted), times=9, answer=Answer(400, {"code": 4711, "message": "scopes"}))

    assert error_of(api.get(url(hosted))) == (409, "MEETING_NOT_READY")
    connection.refresh_from_db()
    assert connection.consecutive_errors == 1


def test_grant_refused_once_more_is_not_ready(hosted, api, connection):
    connection.refresh_token, connection.last_error = "withdrawn", zoom_connections.REFUSED
    connection.token_expires_at = connection.created_at
    connection.save()

    assert error_of(api.get(url(hosted))) == (409, "MEETING_NOT_READY")


def test_outage_is_told_as_such(hosted, api, zoom):
    zoom.fail(meeting_of(hosted), times=9, answer=Answer(503, {"message": "down"}))

    response = api.get(url(hosted))

    assert error_of(response) == (503, "ZOOM_UNAVAILABLE")
    assert "down" not in response.content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("owner", 200),
        ("admin", 200),
        ("organizer", 200),
        ("instructor", 403),
        ("staff", 403),
        ("platform", 403),
        (None, 404),
    ],
)
def test_only_managers_get_in_as_host(
    organizer, organization, connection, stranger, staff_member, api_for, zoom, role, status
):
    event = EventFactory(owner=organizer, organization=organization, zoom_enabled=True)
    event.publish(by=organizer)
    meeting_sync.sync_meeting(event.sessions.get().pk)
    zoom.calls.clear()
    people = {"owner": organizer, "platform": staff_member, None: stranger}
    person = people.get(role) or UserFactory()
    if role in {"admin", "organizer", "instructor", "staff"}:
        MembershipFactory(organization=organization, user=person, role=role)

    response = api_for(person).get(url(event))

    assert response.status_code == status
    assert ("zoom.example" in response.content.decode()) is (status == 200)
    assert len(zoom.calls) == (1 if status == 200 else 0)


def test_nobody_gets_in_without_an_account(hosted, anonymous):
    assert anonymous.get(url(hosted)).status_code == 401
