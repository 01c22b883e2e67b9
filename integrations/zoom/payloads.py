"""What Zoom's messages say, in plain dataclasses: ids are text, "not given" is always ''.

Field names: https://developers.zoom.us/docs/api/meetings/events/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

NAME_LENGTH = 255


@dataclass(frozen=True)
class MeetingMessage:
    """A message about a meeting; ``uuid`` names one run of it, ``meeting_id`` all of them."""

    event: str
    account_id: str
    meeting_id: str
    uuid: str
    host_id: str
    start_time: datetime | None
    end_time: datetime | None
    sent_at: datetime | None
    operation: str = ""


@dataclass(frozen=True)
class ParticipantMessage:
    """A message about one stay of somebody in a meeting."""

    meeting: MeetingMessage
    user_id: str
    participant_uuid: str
    zoom_user_id: str
    name: str
    email: str
    registrant_id: str
    customer_key: str
    phone_number: str
    at: datetime | None
    breakout_room_uuid: str = ""
    parent_user_id: str = ""
    bind_user_id: str = ""
    bind_participant_uuid: str = ""
    leave_reason: str = ""
    new_role: str = ""

    @property
    def participant_key(self) -> str:
        """The name of exactly one stay: the user id, else the participant and the time."""
        if self.user_id:
            return self.user_id
        moment = self.at.isoformat() if self.at else ""
        return f"{self.participant_uuid}@{moment}"

    @property
    def provider_key(self) -> str:
        """The name of the stay among all meetings."""
        return f"{self.meeting.uuid}|{self.participant_key}"

    @property
    def is_host(self) -> bool:
        return bool(self.zoom_user_id) and self.zoom_user_id == self.meeting.host_id


@dataclass(frozen=True)
class RegistrantMessage:
    """A message about somebody registered at Zoom."""

    meeting: MeetingMessage
    registrant_id: str
    email: str
    join_url: str


@dataclass(frozen=True)
class Deauthorization:
    """Somebody removed our app at Zoom."""

    account_id: str
    user_id: str
    client_id: str
    at: datetime | None


def meeting(message: Mapping[str, Any]) -> MeetingMessage:
    """Read a message about a meeting: started, ended, updated, deleted."""
    payload = _map(message.get("payload"))
    facts = _map(payload.get("object"))
    return MeetingMessage(
        event=text(message.get("event")),
        account_id=text(payload.get("account_id")),
        meeting_id=text(facts.get("id")),
        uuid=text(facts.get("uuid")),
        host_id=text(facts.get("host_id")),
        start_time=moment(facts.get("start_time")),
        end_time=moment(facts.get("end_time")),
        sent_at=_epoch(message.get("event_ts")),
        operation=text(payload.get("operation")),
    )


def participant(message: Mapping[str, Any]) -> ParticipantMessage:
    """Read a message about a participant: joined, left, rooms, bind, role."""
    facts = _map(_map(message.get("payload")).get("object"))
    person = _map(facts.get("participant"))
    names = ("join_time", "leave_time", "date_time")
    at = next((moment(person[name]) for name in names if person.get(name)), None)
    return ParticipantMessage(
        meeting=meeting(message),
        user_id=text(person.get("user_id")),
        participant_uuid=text(person.get("participant_uuid")),
        zoom_user_id=text(person.get("participant_user_id")) or text(person.get("id")),
        name=text(person.get("user_name"))[:NAME_LENGTH],
        email=text(person.get("email")).strip().lower(),
        registrant_id=text(person.get("registrant_id")),
        customer_key=text(person.get("customer_key")),
        phone_number=text(person.get("phone_number")),
        at=at,
        breakout_room_uuid=text(facts.get("breakout_room_uuid")),
        parent_user_id=text(person.get("parent_user_id")),
        bind_user_id=text(person.get("bind_user_id")),
        bind_participant_uuid=text(person.get("bind_participant_uuid")),
        leave_reason=text(person.get("leave_reason")),
        new_role=text(person.get("new_role")),
    )


def registrant(message: Mapping[str, Any]) -> RegistrantMessage:
    """Read a message about a registrant: created, approved, cancelled, denied."""
    facts = _map(_map(message.get("payload")).get("object"))
    person = _map(facts.get("registrant"))
    return RegistrantMessage(
        meeting=meeting(message),
        registrant_id=text(person.get("id")),
        email=text(person.get("email")).strip().lower(),
        join_url=text(person.get("join_url")),
    )


def deauthorization(message: Mapping[str, Any]) -> Deauthorization:
    """Read ``app_deauthorized``."""
    payload = _map(message.get("payload"))
    return Deauthorization(
        account_id=text(payload.get("account_id")),
        user_id=text(payload.get("user_id")),
        client_id=text(payload.get("client_id")),
        at=moment(payload.get("deauthorization_time")),
    )


def text(value: Any) -> str:
    """Return an id or word as text that any database takes; null and nested are "not given"."""
    if value is None or isinstance(value, dict | list | bool):
        return ""
    # JSON may escape halves of surrogate pairs, which no encoding has.
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()


def moment(value: Any) -> datetime | None:
    """Return an aware time, or None for what is none."""
    try:
        found = parse_datetime(text(value))
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _epoch(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value) / 1000, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
