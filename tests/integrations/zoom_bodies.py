"""Zoom's messages as documented, varied by person, time and run, and signed as Zoom signs them."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from integrations.signatures import zoom_signature
from integrations.zoom.payloads import moment

ACCOUNT = "AccT3st00001"
HOST = "hostU5erId0000000001"
MEETING = "91234567890"
FIRST_RUN = "Ab1cD2eF3gH4iJ5kL6mN7o=="
SECOND_RUN = "/ab//Cd3FgHIJkLmNoPqRs=="
DAY = "2027-03-10"
Message = dict[str, Any]


def registrant_id(number: int) -> str:
    """Return the registrant id of R1, R2, …"""
    return f"rEg1sTr4nt-{number:06d}"


def at(clock: str) -> str:
    """Return a time of the session's day as Zoom writes it: ``at("09:00:00")``."""
    return f"{DAY}T{clock}Z"


def message(event: str, *, payload: Message | None = None, **facts: Any) -> Message:
    """Return a message; the keywords are facts of its meeting, None leaves one out."""
    meeting = {
        "id": MEETING,
        "uuid": FIRST_RUN,
        "host_id": HOST,
        "topic": "Ethics update",
        "type": 2,
        "start_time": at("08:55:02"),
        "timezone": "Europe/London",
        "duration": 90,
        **facts,
    }
    known = {name: value for name, value in meeting.items() if value is not None}
    return {
        "event": event,
        "event_ts": _sending_time(known),
        "payload": {"account_id": ACCOUNT, **(payload or {}), "object": known},
    }


def started(clock: str = "08:55:02", **facts: Any) -> Message:
    """Z02."""
    return message("meeting.started", **{"start_time": at(clock), **facts})


def ended(clock: str = "10:32:00", **facts: Any) -> Message:
    """Z11."""
    return message("meeting.ended", **{"end_time": at(clock), **facts})


def deleted(**facts: Any) -> Message:
    """Z18: here the meeting's id is a number."""
    operation = {"operator": "host@acme.example", "operation": "single"}
    return message("meeting.deleted", payload=operation, **{"id": int(MEETING), **facts})


def joined(user_id: str, clock: str, *, kind: str = "meeting", **person: Any) -> Message:
    """Return Z03. Facts of the person are keywords: ``registrant=1``, ``email=``, ``user_name=``, …

    ``uuid``, ``id`` and ``host_id`` are the meeting's; the person's ``id`` is ``zoom_id``.
    """
    return _of_person(
        f"{kind}.participant_joined",
        {"user_id": user_id, "join_time": at(clock), "customer_key": "", "phone_number": ""},
        person,
    )


def left(user_id: str, clock: str, *, kind: str = "meeting", **person: Any) -> Message:
    """Z04."""
    reason = "left the meeting.<br>Reason: left the meeting."
    return _of_person(
        f"{kind}.participant_left",
        {"user_id": user_id, "leave_time": at(clock), "leave_reason": reason},
        person,
    )


def joined_breakout(user_id: str, clock: str, **person: Any) -> Message:
    """Z07."""
    return _of_person(
        "meeting.participant_joined_breakout_room",
        {"user_id": user_id, "parent_user_id": "16783360", "join_time": at(clock)},
        {"breakout_room_uuid": "FkQbpP2UR028mDrwzEahqw==", **person},
    )


def left_breakout(user_id: str, clock: str, **person: Any) -> Message:
    """Z08."""
    return _of_person(
        "meeting.participant_left_breakout_room",
        {"user_id": user_id, "parent_user_id": "16783360", "leave_time": at(clock)},
        {"breakout_room_uuid": "FkQbpP2UR028mDrwzEahqw==", **person},
    )


def waiting_room(verb: str, user_id: str, clock: str, **person: Any) -> Message:
    """Z05: ``joined``, ``admitted``, ``left`` or ``put_in``."""
    words = {
        "joined": "participant_joined_waiting_room",
        "admitted": "participant_admitted",
        "left": "participant_left_waiting_room",
        "put_in": "participant_put_in_waiting_room",
    }
    facts = {"user_id": user_id, "date_time": at(clock)}
    return _of_person(f"meeting.{words[verb]}", facts, person)


def bound(user_id: str, to_user_id: str, clock: str, **person: Any) -> Message:
    """Z09: a telephone and a device are one person."""
    return _of_person(
        "meeting.participant_bind",
        {
            "user_id": user_id,
            "bind_user_id": to_user_id,
            "participant_uuid": "P0",
            "bind_participant_uuid": "P1",
            "phone_number": "441632960001",
            "date_time": at(clock),
        },
        person,
    )


def role_changed(user_id: str, clock: str, *, new_role: str = "cohost", **person: Any) -> Message:
    """Z10."""
    facts = {"user_id": user_id, "date_time": at(clock)}
    roles = {"old_role": "attendee", "new_role": new_role}
    return _of_person("meeting.participant_role_changed", {**facts, **roles}, person)


def registration(verb: str, number: int, email: str, **facts: Any) -> Message:
    """Z12, Z13: ``created``, ``approved``, ``cancelled`` or ``denied``."""
    person = {
        "id": registrant_id(number),
        "first_name": "Jo",
        "last_name": "Example",
        "email": email,
        "status": "approved",
        "join_url": f"https://zoom.example/w/{MEETING}?tk=x",
    }
    return message(
        f"meeting.registration_{verb}", **{"id": int(MEETING), "registrant": person, **facts}
    )


def deauthorized(user_id: str = HOST, *, client_id: str = "ClientIdXYZ") -> Message:
    """Z19."""
    return {
        "event": "app_deauthorized",
        "event_ts": 1804679000000,
        "payload": {
            "account_id": ACCOUNT,
            "user_id": user_id,
            "client_id": client_id,
            "deauthorization_time": at("12:00:00.632"),
            "signature": "827e",
        },
    }


def url_validation(plain_token: Any = "qgg8vlvZRS6UYooatFL8Aw") -> Message:
    """Z01."""
    return {
        "event": "endpoint.url_validation",
        "event_ts": 1804665600000,
        "payload": {"plainToken": plain_token},
    }


def signed(
    body: Message | bytes, *, secret: str = "", timestamp: int | str | None = None
) -> tuple[bytes, dict[str, str]]:
    """Return the bytes and the headers Zoom sends them with, now unless told otherwise."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    seconds = str(int(time.time()) if timestamp is None else timestamp)
    known = settings.ZOOM_WEBHOOK_SECRET or [settings.DEVELOPMENT_WEBHOOK_SECRET]
    headers = {
        "x-zm-request-timestamp": seconds,
        "x-zm-signature": zoom_signature(raw, seconds, secret or known[0]),
    }
    return raw, headers


def post(client: Any, body: Message | bytes, **how: Any) -> Any:
    """Post a signed message with Django's or REST framework's test client."""
    raw, headers = signed(body, **how)
    return client.generic(
        "POST", "/api/v1/webhooks/zoom/", raw, content_type="application/json", headers=headers
    )


def _of_person(event: str, facts: Message, person: Message) -> Message:
    names = ("uuid", "id", "host_id", "breakout_room_uuid", "start_time")
    meeting = {name: person.pop(name) for name in names if name in person}
    number = person.pop("registrant", None)
    everything = {
        "user_name": "Jo Example",
        "participant_uuid": f"E1F2A3B4-0000-4C5D-8E9F-{int(facts['user_id'] or 0):012d}",
        "id": person.pop("zoom_id", ""),
        "participant_user_id": "",
        "email": "",
        "registrant_id": registrant_id(number) if number else "",
        **facts,
        **person,
    }
    known = {name: value for name, value in everything.items() if value is not ...}
    return message(event, **meeting, participant=known)


def _sending_time(meeting: Message) -> int:
    """Return some milliseconds after what happened; nothing may depend on it."""
    person = meeting.get("participant") or {}
    names = ("join_time", "leave_time", "date_time")
    told = next((person[name] for name in names if person.get(name)), None)
    happened = moment(told or meeting.get("end_time") or meeting.get("start_time"))
    return int((happened or datetime(2027, 3, 10, tzinfo=UTC)).timestamp() * 1000) + 1345
