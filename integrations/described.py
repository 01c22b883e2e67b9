"""What the inbox notes about a message: its kind, when, about what, and what makes it the same."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.zoom.payloads import text


def of_zoom(parsed: Mapping[str, Any]) -> dict[str, Any]:
    payload = _map(parsed.get("payload"))
    meeting = _map(payload.get("object"))
    return {
        "event_type": text(parsed.get("event"))[:100],
        "dedupe_key": zoom_dedupe_key(parsed),
        "event_at": _from_epoch(parsed.get("event_ts"), unit=1000),
        "account_ref": text(payload.get("account_id"))[:100],
        "subject_ref": text(meeting.get("id"))[:100],
    }


def zoom_dedupe_key(parsed: Mapping[str, Any]) -> str:
    """Return what names one message of Zoom, which sends no id; a repeated one has the same."""
    return hashlib.sha256(zoom_dedupe_text(parsed).encode()).hexdigest()


def zoom_dedupe_text(parsed: Mapping[str, Any]) -> str:
    """Return the parts of a message that do not change when Zoom repeats it."""
    payload = _map(parsed.get("payload"))
    meeting = _map(payload.get("object"))
    participant = _map(meeting.get("participant"))
    registrant = _map(meeting.get("registrant"))
    parts = (
        parsed.get("event"),
        payload.get("account_id"),
        meeting.get("uuid"),
        meeting.get("breakout_room_uuid"),
        participant.get("user_id"),
        participant.get("participant_uuid"),
        participant.get("registrant_id") or registrant.get("id"),
        _zoom_time(parsed, payload, meeting, participant),
    )
    return "|".join(text(part) for part in parts)


def _zoom_time(
    parsed: Mapping[str, Any],
    payload: Mapping[str, Any],
    meeting: Mapping[str, Any],
    participant: Mapping[str, Any],
) -> Any:
    event = text(parsed.get("event"))
    if participant:
        names = ("join_time", "leave_time", "date_time")
        found = next((participant[name] for name in names if participant.get(name)), None)
    elif event.endswith(".ended"):
        found = meeting.get("end_time")
    elif event.endswith(".started"):
        found = meeting.get("start_time")
    else:
        found = payload.get("deauthorization_time")
    return found or parsed.get("event_ts")


def of_stripe(parsed: Mapping[str, Any]) -> dict[str, Any]:
    subject = _map(_map(parsed.get("data")).get("object"))
    fallback = hashlib.sha256(json.dumps(parsed, sort_keys=True).encode()).hexdigest()
    return {
        "event_type": text(parsed.get("type"))[:100],
        "dedupe_key": (text(parsed.get("id")) or fallback)[:255],
        "event_at": _from_epoch(parsed.get("created"), unit=1),
        "account_ref": text(parsed.get("account"))[:100],
        "subject_ref": text(subject.get("id"))[:100],
    }


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _from_epoch(value: Any, *, unit: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value) / unit, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
