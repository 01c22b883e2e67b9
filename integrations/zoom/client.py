"""Calls to Zoom: tokens come in as arguments, dataclasses go out.

https://developers.zoom.us/docs/api/meetings/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from integrations.zoom import http
from integrations.zoom.failures import ZoomFailure, ZoomNotFound
from integrations.zoom.payloads import moment, text

PAGE_SIZE: Final = 300
MAX_PAGES: Final = 100
NAME_LENGTH: Final = 64
SCHEDULED: Final = 2
BASIC: Final = 1
# With registration on, each registrant gets a link of their own; 2 is Zoom's "none needed".
APPROVE_AUTOMATICALLY: Final = 0
NO_REGISTRATION: Final = 2


@dataclass(frozen=True)
class ZoomUser:
    """Whose token it is."""

    id: str
    account_id: str
    email: str
    type: int


@dataclass(frozen=True)
class NewMeeting:
    """A meeting as we want it."""

    topic: str
    starts_at: datetime
    duration_minutes: int
    timezone: str
    agenda: str
    password: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Meeting:
    """A meeting as Zoom has it; the answer decides, not what was asked."""

    id: str
    uuid: str
    join_url: str
    passcode: str
    agenda: str
    start_url: str
    takes_registrants: bool


@dataclass(frozen=True)
class Registrant:
    """Somebody registered for a meeting, with a link of their own."""

    registrant_id: str
    join_url: str
    pin: str


@dataclass(frozen=True)
class Instance:
    """One run of a meeting."""

    uuid: str
    start_time: datetime | None


@dataclass(frozen=True)
class Stay:
    """One row of the participants of a past run."""

    user_id: str
    zoom_user_id: str
    name: str
    email: str
    registrant_id: str
    customer_key: str
    join_time: datetime | None
    leave_time: datetime | None


def me(*, token: str) -> ZoomUser:
    """Return the user a token belongs to."""
    facts = http.call("GET", "/users/me", token=token)
    return ZoomUser(
        id=text(facts.get("id")),
        account_id=text(facts.get("account_id")),
        email=text(facts.get("email")).lower(),
        type=facts["type"] if isinstance(facts.get("type"), int) else BASIC,
    )


def create_meeting(meeting: NewMeeting, *, token: str) -> Meeting:
    """Make a meeting. Not repeated by itself: a lost answer is looked up by the agenda's mark."""
    return _meeting(http.call("POST", "/users/me/meetings", token=token, body=_wanted(meeting)))


def find_meeting(mark: str, *, token: str) -> Meeting | None:
    """Return the upcoming meeting whose agenda carries our mark."""
    rows = _pages("/users/me/meetings", "meetings", token=token, type="upcoming")
    found = next((row for row in rows if mark in text(row.get("agenda"))), None)
    return meeting(text(found.get("id")), token=token) if found else None


def meeting(meeting_id: str, *, token: str) -> Meeting:
    """Return a meeting with the host's start link, which lives two hours and is never stored."""
    return _meeting(http.call("GET", f"/meetings/{_path(meeting_id)}", token=token))


def update_meeting(meeting_id: str, meeting: NewMeeting, *, token: str) -> None:
    """Bring a meeting to what we want."""
    http.call("PATCH", f"/meetings/{_path(meeting_id)}", token=token, body=_wanted(meeting))


def delete_meeting(meeting_id: str, *, token: str) -> None:
    """Remove a meeting; one that is gone already counts as removed."""
    try:
        http.call(
            "DELETE",
            f"/meetings/{_path(meeting_id)}",
            token=token,
            query={"schedule_for_reminder": "false"},
        )
    except ZoomNotFound:
        return


def add_registrant(meeting_id: str, *, email: str, full_name: str, token: str) -> Registrant:
    """Register somebody; the same address again answers the same registrant."""
    first, _, last = full_name.strip().partition(" ")
    names = {"first_name": first[:NAME_LENGTH], "last_name": last.strip()[:NAME_LENGTH]}
    facts = http.call(
        "POST",
        f"/meetings/{_path(meeting_id)}/registrants",
        token=token,
        body={"email": email, "auto_approve": True} | {k: v for k, v in names.items() if v},
    )
    return Registrant(
        registrant_id=text(facts.get("registrant_id")),
        join_url=text(facts.get("join_url")),
        pin=text(facts.get("participant_pin_code")),
    )


def cancel_registrant(meeting_id: str, *, registrant_id: str, email: str, token: str) -> None:
    """Take somebody's link away; a meeting that is gone took it along."""
    try:
        http.call(
            "PUT",
            f"/meetings/{_path(meeting_id)}/registrants/status",
            token=token,
            body={"action": "cancel", "registrants": [{"id": registrant_id, "email": email}]},
        )
    except ZoomNotFound:
        return


def instances(meeting_id: str, *, token: str) -> list[Instance]:
    """Return the past runs of a meeting."""
    facts = http.call("GET", f"/past_meetings/{_path(meeting_id)}/instances", token=token)
    return [
        Instance(uuid=text(row.get("uuid")), start_time=moment(row.get("start_time")))
        for row in _rows(facts, "meetings")
    ]


def participants(uuid: str, *, token: str, with_report: bool) -> list[Stay]:
    """Return the stays of one past run, by the report where its scope was granted."""
    kind = "report/meetings" if with_report else "past_meetings"
    query = {"include_fields": "registrant_id"} if with_report else {}
    rows = _pages(f"/{kind}/{_path(uuid)}/participants", "participants", token=token, **query)
    return [_stay(row) for row in rows if row.get("status") != "in_waiting_room"]


def _wanted(meeting: NewMeeting) -> dict[str, Any]:
    return {
        "type": SCHEDULED,
        "topic": meeting.topic,
        "start_time": meeting.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": meeting.duration_minutes,
        "timezone": meeting.timezone,
        "agenda": meeting.agenda,
        **({"password": meeting.password} if meeting.password else {}),
        "settings": dict(meeting.settings),
    }


def _meeting(facts: Mapping[str, Any]) -> Meeting:
    granted = facts.get("settings") or {}
    return Meeting(
        id=text(facts.get("id")),
        uuid=text(facts.get("uuid")),
        join_url=text(facts.get("join_url")),
        passcode=text(facts.get("password")),
        agenda=text(facts.get("agenda")),
        start_url=text(facts.get("start_url")),
        takes_registrants=granted.get("approval_type", NO_REGISTRATION) != NO_REGISTRATION,
    )


def _stay(row: Mapping[str, Any]) -> Stay:
    return Stay(
        user_id=text(row.get("user_id")),
        zoom_user_id=text(row.get("participant_user_id")) or text(row.get("id")),
        name=text(row.get("name")),
        email=text(row.get("user_email")).strip().lower(),
        registrant_id=text(row.get("registrant_id")),
        customer_key=text(row.get("customer_key")),
        join_time=moment(row.get("join_time")),
        leave_time=moment(row.get("leave_time")),
    )


def _pages(path: str, key: str, *, token: str, **query: str) -> Iterator[Mapping[str, Any]]:
    """Follow the pages at once: a page token lives 15 minutes."""
    page_token = ""
    for _ in range(MAX_PAGES):
        asked = {**query, "page_size": str(PAGE_SIZE)}
        if page_token:
            asked["next_page_token"] = page_token
        facts = http.call("GET", path, token=token, query=asked)
        yield from _rows(facts, key)
        following = text(facts.get("next_page_token"))
        if not following:
            return
        if following == page_token:
            raise ZoomFailure("Zoom repeated a page.")
        page_token = following
    raise ZoomFailure("Zoom answered more pages than there can be.")


def _rows(facts: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = facts.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _path(identifier: str) -> str:
    """Encode twice: a uuid with a slash is read as a path otherwise."""
    return quote(quote(identifier, safe=""), safe="")
