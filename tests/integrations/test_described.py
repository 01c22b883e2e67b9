"""What the inbox notes about a message, above all what makes two of them the same."""

import json
from datetime import UTC, datetime

import pytest

from integrations import described
from tests.integrations import zoom_bodies as zoom
from tests.integrations.test_signatures import STRIPE_BODY, Z03


def key(message):
    return described.zoom_dedupe_key(message)


def test_dedupe_text_and_key_of_a_known_message():
    message = json.loads(Z03)

    assert described.zoom_dedupe_text(message) == (
        "meeting.participant_joined|AccT3st00001|Ab1cD2eF3gH4iJ5kL6mN7o==||16778240|"
        "E1F2A3B4-0000-4C5D-8E9F-000000000001|rEg1sTr4nt-000001|2027-03-10T08:58:51Z"
    )
    assert key(message) == "5630e0e6d761d913a1500e8d7c51d34ebbd88f8f0a69945f61a5e4869c00f332"


SENT_AGAIN = {
    "joined": zoom.joined("1", "09:00:00"),
    "left": zoom.left("1", "09:00:00"),
    "waiting room": zoom.waiting_room("joined", "1", "09:00:00"),
    "ended": zoom.ended(),
    "started": zoom.started(),
    "deauthorized": zoom.deauthorized(),
}


@pytest.mark.parametrize("message", SENT_AGAIN.values(), ids=SENT_AGAIN)
def test_a_message_sent_again_later_is_the_same(message):
    assert key({**message, "event_ts": message["event_ts"] + 300_000}) == key(message)


@pytest.mark.parametrize(
    "message",
    [zoom.deleted(), zoom.message("recording.completed"), zoom.left("1", "09:00:00") | {"x": 1}],
    ids=["deleted", "recording", "left"],
)
def test_two_messages_of_one_kind_differ_by_what_tells_them_apart(message):
    other = {**message, "event_ts": message["event_ts"] + 1}
    if "participant" in message["payload"]["object"]:
        other = zoom.left("1", "09:00:01")

    assert key(other) != key(message)


def test_webinar_departure_without_a_time_differs_by_its_sending():
    message = zoom.left("1", "09:00:00", kind="webinar", leave_time=...)

    assert key({**message, "event_ts": message["event_ts"] + 1}) != key(message)


def test_a_registrant_is_part_of_the_key():
    first, second = (zoom.registration("created", n, "jo@example.org") for n in (1, 2))

    assert key(first) != key(second)


def test_facts_of_a_zoom_message():
    assert described.of_zoom(zoom.deleted()) == {
        "event_type": "meeting.deleted",
        "dedupe_key": key(zoom.deleted()),
        "event_at": datetime(2027, 3, 10, 8, 55, 3, 345000, UTC),
        "account_ref": "AccT3st00001",
        "subject_ref": "91234567890",
    }


def test_facts_of_a_stripe_message():
    assert described.of_stripe({**json.loads(STRIPE_BODY), "account": "acct_1"}) == {
        "event_type": "payment_intent.succeeded",
        "dedupe_key": "evt_1Test",
        "event_at": datetime.fromtimestamp(1771494998, tz=UTC),
        "account_ref": "acct_1",
        "subject_ref": "pi_1Test",
    }


def test_a_stripe_message_without_an_id_is_named_by_its_content():
    first, second = described.of_stripe({"type": "a"}), described.of_stripe({"type": "b"})

    assert first["dedupe_key"] != second["dedupe_key"]


ODD = {
    "empty": {},
    "payload a list": {"event": ["x"], "payload": []},
    "object a word": {"payload": {"object": "x", "account_id": {"a": 1}}},
    "participant a number": {"payload": {"object": {"participant": 5, "registrant": "x"}}},
    "nothing given": {"event": None, "event_ts": None, "payload": {"object": {"id": None}}},
    "time a word": {"event": "x", "event_ts": "soon"},
    "time without end": {"event": "x", "event_ts": float("inf")},
    "time beyond the calendar": {"event": "x", "event_ts": 10**30},
    "nul and half a pair": {"event": "a\x00b\ud800", "payload": {"object": {"id": "\udcff"}}},
    "endless": {"event": "e" * 5000, "payload": {"object": {"id": "i" * 5000}}},
}


@pytest.mark.parametrize("message", ODD.values(), ids=ODD)
def test_odd_messages_are_described_in_text_that_fits(message):
    facts = described.of_zoom(message)
    words = [facts[name] for name in ("event_type", "account_ref", "subject_ref")]

    assert all(len(word.encode()) <= 300 and "\x00" not in word for word in words)
    assert len(facts["dedupe_key"]) == 64
