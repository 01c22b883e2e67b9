"""Visits to meetings: whoever presses a button makes Zoom's double send the signed messages."""

import base64
import html
import itertools
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import requests

from integrations.doubles.server import Answer, Call, Double
from integrations.signatures import zoom_signature

ACCOUNT: Final = "AccT3st00001"
VERBS: Final = {
    "start": "started",
    "join": "participant_joined",
    "leave": "participant_left",
    "end": "ended",
}


class Visits(Double):
    """What happens in meetings, told to the product as Zoom tells it."""

    def reset(self) -> None:
        super().reset()
        self.meetings: dict[str, dict[str, Any]] = {}
        self.registrants: dict[str, dict[str, dict[str, Any]]] = {}
        self.instances: dict[str, list[dict[str, Any]]] = {}
        self.stays: dict[str, list[dict[str, Any]]] = {}
        self.sent: list[dict[str, Any]] = []
        self._user_ids = itertools.count(16_778_240)

    def page(self, call: Call) -> Answer:
        """List meetings and registrants: a page with buttons, or JSON for ``Accept: */*``."""
        if "text/html" not in call.headers.get("accept", ""):
            return Answer(body={"meetings": [self._facts(number) for number in self.meetings]})
        sections = [_section(self._facts(number)) for number in self.meetings]
        body = "".join(sections) or "<p>No meetings yet. Publish an event with Zoom.</p>"
        text = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Join as …</title>"
            f"<h1>Join as …</h1>{body}</html>"
        )
        return Answer(body=text, content_type="text/html; charset=utf-8")

    def visit(self, call: Call, meeting_id: str, verb: str) -> Answer:
        """Send the message of a start, an arrival, a departure or an end."""
        as_form = call.headers.get("content-type", "").startswith("application/x-www-form")
        asked = call.form() if as_form else call.json()
        with self.lock:
            message = self._message(meeting_id, verb, asked)
        try:
            status = self.send(message)
        except requests.RequestException as error:
            problem = f"{self.deliver_to} cannot be reached: {type(error).__name__}."
            return Answer(HTTPStatus.BAD_GATEWAY, {"message": problem})
        return Answer(body={"sent": message, "answer": status})

    def send(self, message: Mapping[str, Any]) -> int:
        """Post a message signed as Zoom signs it; return the receiver's status."""
        body = json.dumps(message).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "x-zm-request-timestamp": timestamp,
            "x-zm-signature": zoom_signature(body, timestamp, self.webhook_secret),
        }
        self.sent.append(dict(message))
        return self.post(body, headers)

    def _facts(self, number: str) -> dict[str, Any]:
        meeting = self.meetings[number]
        return {
            **{name: meeting.get(name) for name in ("id", "topic", "start_time", "duration")},
            "registrants": list(self.registrants.get(number, {}).values()),
        }

    def _message(self, meeting_id: str, verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        at = asked.get("at") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        meeting = self.meetings.get(meeting_id, {})
        runs = self.instances.setdefault(meeting_id, [])
        if verb == "start" or not runs:
            runs.append({"uuid": asked.get("uuid") or new_uuid(), "start_time": at})
        facts = {
            "id": meeting_id,
            "uuid": runs[-1]["uuid"],
            "host_id": meeting.get("host_id", ""),
            "topic": meeting.get("topic", ""),
            "type": 2,
            "start_time": runs[-1]["start_time"],
            "timezone": meeting.get("timezone", "UTC"),
            "duration": meeting.get("duration", 60),
        }
        if verb == "end":
            facts["end_time"] = at
        elif verb == "join":
            facts["participant"] = self._arrival(meeting_id, facts["uuid"], at, asked)
        elif verb == "leave":
            facts["participant"] = self._departure(meeting_id, facts["uuid"], at, asked)
        return {
            "event": f"meeting.{VERBS[verb]}",
            "event_ts": int(time.time() * 1000),
            "payload": {"account_id": ACCOUNT, "object": facts},
        }

    def _arrival(
        self, meeting_id: str, uuid: str, at: str, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        person = self._person(meeting_id, asked)
        person["user_id"] = asked.get("user_id") or str(next(self._user_ids))
        person["participant_uuid"] = new_uuid()
        stay = {**person, "name": person["user_name"], "user_email": person["email"]}
        self.stays.setdefault(uuid, []).append({**stay, "join_time": at, "status": "in_meeting"})
        return {**person, "join_time": at}

    def _departure(
        self, meeting_id: str, uuid: str, at: str, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        person = self._person(meeting_id, asked)
        open_stays = [stay for stay in self.stays.get(uuid, []) if "leave_time" not in stay]
        stay = next((stay for stay in open_stays if _is_of(stay, person, asked)), {})
        for name in ("user_id", "participant_uuid"):
            person[name] = asked.get(name) or stay.get(name, "")
        stay["leave_time"] = at
        return {**person, "leave_time": at, "leave_reason": "left the meeting"}

    def _person(self, meeting_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return who it is: a registrant by id or address, or whoever the caller says."""
        email = str(asked.get("email") or "").lower()
        known = next(
            (
                row
                for address, row in self.registrants.get(meeting_id, {}).items()
                if address == email or row["registrant_id"] == asked.get("registrant_id")
            ),
            {},
        )
        name = f"{known.get('first_name', '')} {known.get('last_name', '')}".strip()
        return {
            "user_name": asked.get("name") or name or email or "Guest",
            "id": asked.get("id", ""),
            "participant_user_id": asked.get("participant_user_id", ""),
            "email": email or known.get("email", ""),
            "registrant_id": asked.get("registrant_id") or known.get("registrant_id", ""),
            "customer_key": asked.get("customer_key", ""),
            "phone_number": "",
        }


def new_uuid() -> str:
    """Return an id of a run as Zoom writes them; some hold slashes."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _is_of(stay: Mapping[str, Any], person: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    if asked.get("user_id"):
        return bool(stay["user_id"] == asked["user_id"])
    names = ("registrant_id", "email", "user_name")
    decisive = next((name for name in names if person[name]), "user_name")
    return bool(stay[decisive] == person[decisive])


def _section(facts: Mapping[str, Any]) -> str:
    number = facts["id"]
    people = "".join(
        f"<li>{html.escape(row['first_name'])} {html.escape(row['last_name'])} "
        f"&lt;{html.escape(row['email'])}&gt; "
        + _form(number, "join", registrant_id=row["registrant_id"])
        + _form(number, "leave", registrant_id=row["registrant_id"])
        for row in facts["registrants"]
    )
    anybody = _form(number, "join", email="", name="") + _form(number, "leave", email="", name="")
    host = _form(number, "start") + _form(number, "end")
    title = f"{html.escape(str(facts['topic']))} ({number})"
    return f"<h2>{title}</h2>{host}<ul>{people}<li>Somebody else {anybody}</ul>"


def _form(number: str, verb: str, **fields: str) -> str:
    inputs = "".join(
        f'<input type=hidden name={name} value="{html.escape(value)}">'
        if value
        else f"<label>{name} <input name={name}></label> "
        for name, value in fields.items()
    )
    at = "<label>at <input name=at placeholder=2027-03-01T09:00:00Z></label> "
    action = f"meetings/{number}/{verb}"
    return f'<form method=post action="{action}">{inputs}{at}<button>{verb}</button></form>'
