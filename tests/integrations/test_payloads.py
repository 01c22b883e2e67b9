"""What is read from Zoom's messages: ids as text, and "not given" always the same."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from integrations.zoom import payloads
from integrations.zoom.payloads import Deauthorization, MeetingMessage, RegistrantMessage
from tests.integrations import zoom_bodies as zoom


def moment(clock, day=10):
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return datetime(2027, 3, day, hours, minutes, seconds, tzinfo=UTC)


MEETING = MeetingMessage(
    event="meeting.started",
    account_id=zoom.ACCOUNT,
    meeting_id=zoom.MEETING,
    uuid=zoom.FIRST_RUN,
    host_id=zoom.HOST,
    start_time=moment("08:55:02"),
    end_time=None,
    sent_at=datetime(2027, 3, 10, 8, 55, 3, 345000, UTC),
)


def test_a_start():
    assert payloads.meeting(zoom.started()) == MEETING


def test_an_end():
    read = payloads.meeting(zoom.ended("10:32:00"))

    assert (read.event, read.end_time) == ("meeting.ended", moment("10:32:00"))


def test_a_deletion_names_the_meeting_by_number_and_the_operation():
    read = payloads.meeting(zoom.deleted())

    assert (read.meeting_id, read.operation) == (zoom.MEETING, "single")


def test_an_arrival():
    read = payloads.participant(
        zoom.joined("16778240", "08:58:51", registrant=1, email=" Jo@Example.org ")
    )

    assert read.meeting == replace(
        MEETING, event="meeting.participant_joined", sent_at=read.meeting.sent_at
    )
    assert (read.user_id, read.registrant_id, read.name, read.email) == (
        "16778240",
        "rEg1sTr4nt-000001",
        "Jo Example",
        "jo@example.org",
    )
    assert read.at == moment("08:58:51")
    assert read.provider_key == f"{zoom.FIRST_RUN}|16778240"


def test_a_departure_tells_its_time_and_reason():
    read = payloads.participant(zoom.left("1", "09:40:10"))

    assert read.at == moment("09:40:10")
    assert read.leave_reason.startswith("left the meeting.")


def test_a_departure_from_a_webinar_may_have_no_time():
    read = payloads.participant(zoom.left("1", "09:40:10", kind="webinar", leave_time=...))

    assert (read.at, read.meeting.event) == (None, "webinar.participant_left")
    assert read.meeting.sent_at is not None


def test_a_breakout_room():
    read = payloads.participant(zoom.joined_breakout("16784384", "09:20:00"))

    assert (read.breakout_room_uuid, read.parent_user_id, read.at) == (
        "FkQbpP2UR028mDrwzEahqw==",
        "16783360",
        moment("09:20:00"),
    )


@pytest.mark.parametrize("verb", ["joined", "admitted", "left", "put_in"])
def test_a_waiting_room(verb):
    assert payloads.participant(zoom.waiting_room(verb, "1", "08:55:00")).at == moment("08:55:00")


def test_a_bound_telephone():
    read = payloads.participant(zoom.bound("16785408", "16780288", "09:05:00", registrant=2))

    assert (read.bind_user_id, read.participant_uuid, read.bind_participant_uuid) == (
        "16780288",
        "P0",
        "P1",
    )
    assert (read.phone_number, read.at) == ("441632960001", moment("09:05:00"))


def test_a_changed_role():
    assert payloads.participant(zoom.role_changed("1", "09:05:00")).new_role == "cohost"


def test_a_registration():
    read = payloads.registrant(zoom.registration("created", 1, "JO@example.org"))

    assert read == RegistrantMessage(
        meeting=payloads.meeting(zoom.registration("created", 1, "JO@example.org")),
        registrant_id="rEg1sTr4nt-000001",
        email="jo@example.org",
        join_url="https://zoom.example/w/91234567890?tk=x",
    )
    assert read.meeting.meeting_id == zoom.MEETING


def test_a_deauthorization():
    assert payloads.deauthorization(zoom.deauthorized()) == Deauthorization(
        account_id=zoom.ACCOUNT,
        user_id=zoom.HOST,
        client_id="ClientIdXYZ",
        at=datetime(2027, 3, 10, 12, 0, 0, 632000, UTC),
    )


@pytest.mark.parametrize("nothing", ["", None, ..., [], {}, False], ids=str)
@pytest.mark.parametrize("name", ["email", "registrant_id", "customer_key", "phone_number"])
def test_blank_null_and_absent_are_alike(name, nothing):
    read = payloads.participant(zoom.joined("1", "09:00:00", **{name: nothing}))

    assert getattr(read, name) == ""


@pytest.mark.parametrize("given", [16778240, "16778240"], ids=["number", "text"])
def test_ids_are_text(given):
    message = zoom.joined(given, "09:00:00", id=91234567890)

    read = payloads.participant(message)

    assert (read.user_id, read.meeting.meeting_id) == ("16778240", zoom.MEETING)


def test_without_a_user_id_the_stay_is_named_by_participant_and_time():
    read = payloads.participant(zoom.joined(None, "09:00:00", participant_uuid="P0"))

    assert read.provider_key == f"{zoom.FIRST_RUN}|P0@2027-03-10T09:00:00+00:00"


@pytest.mark.parametrize("name", ["zoom_id", "participant_user_id"])
def test_the_host_is_known_by_either_id(name):
    host = payloads.participant(zoom.joined("1", "09:00:00", **{name: zoom.HOST}))
    guest = payloads.participant(zoom.joined("1", "09:00:00"))

    assert (host.is_host, guest.is_host) == (True, False)


def test_names_are_cut_and_nul_is_dropped():
    read = payloads.participant(
        zoom.joined("1", "09:00:00", user_name="<b>\x00\ud800" + "x" * 5000)
    )

    assert read.name == "<b>?" + "x" * 251


@pytest.mark.parametrize("given", ["soon", "2027-13-40T00:00:00Z", 5, [], "", None], ids=repr)
def test_a_time_that_is_none_is_not_given(given):
    assert payloads.participant(zoom.joined("1", "09:00:00", join_time=given)).at is None


def test_a_time_without_a_zone_is_utc():
    assert payloads.moment("2027-03-10T09:00:00") == moment("09:00:00")


@pytest.mark.parametrize("message", [{}, {"payload": []}, {"payload": {"object": "x"}}], ids=repr)
@pytest.mark.parametrize("read", ["meeting", "participant", "registrant", "deauthorization"])
def test_a_message_of_another_shape_says_nothing(read, message):
    assert not getattr(getattr(payloads, read)(message), "meeting_id", "")
