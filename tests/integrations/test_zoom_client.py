"""The real client against Zoom's double, over a socket."""

from datetime import UTC, datetime

import pytest

from integrations.zoom import client
from integrations.zoom.client import Instance, NewMeeting, Registrant, Stay, ZoomUser
from integrations.zoom.failures import ZoomAuthFailed, ZoomFailure, ZoomNotFound, ZoomRejected

HOST = "hostU5erId0000000001"
RUN = "/ab//Cd3FgHIJkLmNoPqRs=="


@pytest.fixture
def token(zoom):
    return zoom.pair_for(HOST)["access_token"]


@pytest.fixture
def made(token):
    return client.create_meeting(wanted(), token=token)


def wanted(**changes):
    facts = {
        "topic": "Ethics update",
        "starts_at": datetime(2027, 3, 10, 9, tzinfo=UTC),
        "duration_minutes": 90,
        "timezone": "Europe/London",
        "agenda": "What is new.\nref:5a1c0b52",
        "password": "abc12345",
        "settings": {"approval_type": client.APPROVE_AUTOMATICALLY, "waiting_room": True},
    }
    return NewMeeting(**facts | changes)


def test_me(zoom, token):
    assert client.me(token=token) == ZoomUser(
        id=HOST, account_id="AccT3st00001", email=f"{HOST.lower()}@zoom.example", type=2
    )


def test_a_meeting_is_made_as_wanted(zoom, made):
    kept = zoom.meetings[made.id]

    assert {name: kept[name] for name in ("type", "topic", "start_time", "duration")} == {
        "type": 2,
        "topic": "Ethics update",
        "start_time": "2027-03-10T09:00:00Z",
        "duration": 90,
    }
    assert (made.passcode, made.takes_registrants) == ("abc12345", True)
    assert made.join_url.startswith("https://zoom.example/j/")


def test_an_unlicensed_host_gets_no_registration(zoom, token):
    zoom.user_type = 1

    made = client.create_meeting(wanted(), token=token)

    assert made.takes_registrants is False
    with pytest.raises(ZoomRejected) as refusal:
        client.add_registrant(made.id, email="jo@example.org", full_name="Jo", token=token)
    assert refusal.value.reason == "Registration has not been enabled."


def test_a_meeting_is_found_by_the_mark_of_its_agenda(zoom, token, made):
    client.create_meeting(wanted(agenda="ref:other"), token=token)

    assert client.find_meeting("ref:5a1c0b52", token=token) == made
    assert client.find_meeting("ref:unknown", token=token) is None


def test_a_mark_beyond_what_lists_show_is_not_found(token):
    client.create_meeting(wanted(agenda="x" * 250 + "ref:late"), token=token)

    assert client.find_meeting("ref:late", token=token) is None


def test_a_meeting_is_changed(token, made):
    client.update_meeting(made.id, wanted(topic="Another", password=""), token=token)

    now = client.meeting(made.id, token=token)
    assert (now.passcode, now.takes_registrants) == ("abc12345", True)


def test_a_meeting_is_deleted_once_and_again(zoom, token, made):
    client.delete_meeting(made.id, token=token)
    client.delete_meeting(made.id, token=token)

    assert zoom.meetings == {}
    with pytest.raises(ZoomNotFound):
        client.meeting(made.id, token=token)
    with pytest.raises(ZoomNotFound):
        client.update_meeting(made.id, wanted(), token=token)


def test_a_registrant_gets_the_same_link_again(token, made):
    ask = {"email": "Jo@example.org", "full_name": "Jo van Example", "token": token}

    first, second = client.add_registrant(made.id, **ask), client.add_registrant(made.id, **ask)

    assert isinstance(first, Registrant)
    assert first == second
    assert first.join_url.endswith(first.registrant_id)
    assert len(first.pin) == 6


@pytest.mark.parametrize(
    ("full_name", "names"),
    [
        ("Jo van Example", {"first_name": "Jo", "last_name": "van Example"}),
        ("Jo", {"first_name": "Jo"}),
        (" Jo  Example ", {"first_name": "Jo", "last_name": "Example"}),
        ("x" * 80 + " " + "y" * 80, {"first_name": "x" * 64, "last_name": "y" * 64}),
    ],
    ids=["three words", "one word", "spaces", "long"],
)
def test_names_are_split_and_cut(zoom, token, made, full_name, names):
    client.add_registrant(made.id, email="jo@example.org", full_name=full_name, token=token)

    assert zoom.calls[-1].json() == {"email": "jo@example.org", "auto_approve": True, **names}


def test_a_registrant_is_cancelled_also_when_the_meeting_is_gone(zoom, token, made):
    ask = {"email": "jo@example.org", "token": token}
    registrant_id = client.add_registrant(made.id, full_name="Jo", **ask).registrant_id

    client.cancel_registrant(made.id, registrant_id=registrant_id, **ask)
    client.cancel_registrant("99999999999", registrant_id=registrant_id, **ask)

    assert zoom.registrants[made.id]["jo@example.org"]["status"] == "cancelled"


def test_the_runs_of_a_meeting(zoom, token, made):
    zoom.instances[made.id] = [{"uuid": RUN, "start_time": "2027-03-10T08:55:02Z"}]

    assert client.instances(made.id, token=token) == [
        Instance(uuid=RUN, start_time=datetime(2027, 3, 10, 8, 55, 2, tzinfo=UTC))
    ]


REPORT_ROWS = [
    {
        "id": "",
        "user_id": "16778240",
        "participant_user_id": "",
        "name": "Jo Example",
        "user_email": "Jo@example.org",
        "registrant_id": "rEg1sTr4nt-000001",
        "join_time": "2027-03-10T08:58:51Z",
        "leave_time": "2027-03-10T09:40:10Z",
        "duration": 2479,
        "status": "in_meeting",
    },
    {"user_id": "16782336", "name": "Ana Prueba", "status": "in_waiting_room"},
]


@pytest.mark.parametrize(
    ("with_report", "path"),
    [
        (True, "/v2/report/meetings/"),
        (False, "/v2/past_meetings/"),
    ],
)
def test_the_stays_of_a_run_without_the_waiting_room(zoom, token, with_report, path):
    zoom.stays[RUN] = REPORT_ROWS

    stays = client.participants(RUN, token=token, with_report=with_report)

    assert stays == [
        Stay(
            user_id="16778240",
            zoom_user_id="",
            name="Jo Example",
            email="jo@example.org",
            registrant_id="rEg1sTr4nt-000001",
            customer_key="",
            join_time=datetime(2027, 3, 10, 8, 58, 51, tzinfo=UTC),
            leave_time=datetime(2027, 3, 10, 9, 40, 10, tzinfo=UTC),
        )
    ]
    # A slash inside the uuid must not end the segment of the path: it is encoded twice.
    assert zoom.calls[-1].path == (
        f"{path}%252Fab%252F%252FCd3FgHIJkLmNoPqRs%253D%253D/participants"
    )


def test_pages_are_followed_to_the_end(zoom, token, monkeypatch):
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    zoom.stays[RUN] = [{"user_id": str(number)} for number in range(5)]

    stays = client.participants(RUN, token=token, with_report=False)

    assert [stay.user_id for stay in stays] == ["0", "1", "2", "3", "4"]
    assert [call.query.get("next_page_token") for call in zoom.calls] == [None, "2", "4"]


def test_a_page_that_repeats_its_token_stops_the_reading(zoom, token):
    page = {"participants": [{"user_id": "1"}], "next_page_token": "again"}
    zoom.fail("/v2/past_meetings/.*", times=9, answer=zoom.said(200, page))

    with pytest.raises(ZoomFailure, match="repeated a page"):
        client.participants(RUN, token=token, with_report=False)


def test_endless_pages_stop_the_reading(zoom, token, monkeypatch):
    monkeypatch.setattr(client, "MAX_PAGES", 2)
    monkeypatch.setattr(client, "PAGE_SIZE", 1)
    zoom.stays[RUN] = [{"user_id": str(number)} for number in range(5)]

    with pytest.raises(ZoomFailure, match="more pages"):
        client.participants(RUN, token=token, with_report=False)


def test_a_run_without_participants_is_not_found(token):
    with pytest.raises(ZoomNotFound):
        client.participants(RUN, token=token, with_report=True)


@pytest.mark.parametrize(
    "facts", [{"meetings": None}, {"meetings": "x"}, {"meetings": [1, None]}, {}], ids=str
)
def test_lists_of_another_shape_are_empty(zoom, token, facts):
    zoom.fail("/v2/past_meetings/.*", answer=zoom.said(200, facts))

    assert client.instances("1", token=token) == []


def test_a_token_that_expired_is_told(zoom, token):
    zoom.expire_access_tokens()

    with pytest.raises(ZoomAuthFailed):
        client.me(token=token)
