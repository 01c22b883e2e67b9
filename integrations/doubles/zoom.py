"""Zoom as far as we use it: grants, meetings, registrants, participants, signed messages.

Answers follow https://developers.zoom.us/docs/api/meetings/. Tokens say whose they are, so that a
connection survives a restart of the process, which forgets meetings.
"""

import base64
import hashlib
import html
import itertools
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlencode

import requests
from django.conf import settings

from integrations.doubles.server import Answer, Call, Double
from integrations.signatures import zoom_signature
from integrations.zoom.oauth import REPORT_SCOPE, REQUIRED_SCOPES

ACCOUNT: Final = "AccT3st00001"
SCOPES: Final = " ".join([group[0] for group in REQUIRED_SCOPES] + [REPORT_SCOPE])
LIFETIME: Final = 3600
PAGE_SIZE: Final = 300
BASIC, LICENSED = 1, 2


class ZoomDouble(Double):
    """One Zoom account with as many users as ask to be connected."""

    routes: ClassVar = (
        ("GET", "/oauth/authorize", "authorize"),
        ("POST", "/oauth/token", "token"),
        ("POST", "/oauth/revoke", "revoke"),
        ("GET", "/v2/users/me", "me"),
        ("POST", "/v2/users/me/meetings", "create_meeting"),
        ("GET", "/v2/users/me/meetings", "list_meetings"),
        ("GET", "/v2/meetings/(?P<meeting_id>[^/]+)", "show_meeting"),
        ("PATCH", "/v2/meetings/(?P<meeting_id>[^/]+)", "update_meeting"),
        ("DELETE", "/v2/meetings/(?P<meeting_id>[^/]+)", "delete_meeting"),
        ("POST", "/v2/meetings/(?P<meeting_id>[^/]+)/registrants", "add_registrant"),
        ("PUT", "/v2/meetings/(?P<meeting_id>[^/]+)/registrants/status", "set_registrants"),
        ("GET", "/v2/past_meetings/(?P<meeting_id>[^/]+)/instances", "list_instances"),
        ("GET", "/v2/past_meetings/(?P<uuid>[^/]+)/participants", "list_participants"),
        ("GET", "/v2/report/meetings/(?P<uuid>[^/]+)/participants", "list_participants"),
        ("GET", "/demo/", "page"),
        ("POST", "/demo/meetings/(?P<meeting_id>[^/]+)/(?P<verb>start|join|leave|end)", "visit"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.user_type = LICENSED
        self.scopes = SCOPES
        self.lifetime = LIFETIME
        self.deliver_to = ""
        self.webhook_secret = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.used_refresh_tokens: set[str] = set()
        self.revoked: set[str] = set()
        self.meetings: dict[str, dict[str, Any]] = {}
        self.registrants: dict[str, dict[str, dict[str, Any]]] = {}
        self.instances: dict[str, list[dict[str, Any]]] = {}
        self.stays: dict[str, list[dict[str, Any]]] = {}
        self.sent: list[dict[str, Any]] = []
        self._numbers = itertools.count(91_234_567_890)
        self._user_ids = itertools.count(16_778_240)

    # grants

    def authorize(self, call: Call) -> Answer:
        """Grant at once, as somebody named by ``user`` or as somebody new, and send them back."""
        user = call.query.get("user") or f"host{secrets.token_hex(8)}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**call.query, "user": user}
        query = urlencode({"code": code, "state": call.query.get("state", "")})
        location = f"{call.query.get('redirect_uri', '')}?{query}"
        return Answer(HTTPStatus.FOUND, headers={"Location": location})

    def token(self, call: Call) -> Answer:
        """Exchange a code once, with its verifier; a refresh token is used up by its use."""
        form = call.form()
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form.get("refresh_token", ""))
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = _challenge(form.get("code_verifier", ""))
        same_place = asked and asked.get("redirect_uri") == form.get("redirect_uri")
        if asked is None or not same_place or asked.get("code_challenge") != challenge:
            return _refusal("invalid_grant")
        return self._pair(asked["user"])

    def revoke(self, call: Call) -> Answer:
        """Forget a grant."""
        self.revoked.add(_user_of(call.form().get("token", "")))
        return Answer(body={"status": "success"})

    def pair_for(self, user: str) -> dict[str, Any]:
        """Return tokens as the token endpoint answers them, for set-up in code."""
        return {
            "access_token": f"zoom-access.{user}.{secrets.token_hex(8)}",
            "refresh_token": f"zoom-refresh.{user}.{secrets.token_hex(8)}",
            "expires_in": self.lifetime,
            "scope": self.scopes,
            "token_type": "bearer",
        }

    def _pair(self, user: str) -> Answer:
        self.revoked.discard(user)
        return Answer(body=self.pair_for(user))

    def _refresh(self, token: str) -> Answer:
        user = _user_of(token)
        spent = token in self.used_refresh_tokens or user in self.revoked
        if not token.startswith("zoom-refresh.") or spent:
            return _refusal("invalid_grant")
        self.used_refresh_tokens.add(token)
        return self._pair(user)

    # the API

    def me(self, call: Call) -> Answer:
        """Show whose token it is."""
        user = self._user(call)
        if not user:
            return _unauthorized()
        facts = {"id": user, "account_id": ACCOUNT, "type": self.user_type}
        return Answer(body={**facts, "email": f"{user.lower()}@zoom.example"})

    def create_meeting(self, call: Call) -> Answer:
        """Make a meeting; unlicensed hosts get no registration, whatever they asked."""
        user = self._user(call)
        if not user:
            return _unauthorized()
        number = str(next(self._numbers))
        meeting = {"id": int(number), "uuid": _uuid(), "host_id": user, **call.json()}
        meeting["settings"] = dict(meeting.get("settings") or {})
        if self.user_type == BASIC:
            meeting["settings"]["approval_type"] = 2
        meeting["join_url"] = f"https://zoom.example/j/{number}"
        meeting["start_url"] = f"https://zoom.example/s/{number}?zak={secrets.token_hex(8)}"
        self.meetings[number] = meeting
        self.registrants[number] = {}
        return Answer(HTTPStatus.CREATED, meeting)

    def list_meetings(self, call: Call) -> Answer:
        """List the host's meetings; agendas are cut as Zoom cuts them."""
        user = self._user(call)
        if not user:
            return _unauthorized()
        own = [
            {**meeting, "agenda": str(meeting.get("agenda", ""))[:250]}
            for meeting in self.meetings.values()
            if meeting["host_id"] == user
        ]
        return _page(call, "meetings", own)

    def show_meeting(self, call: Call, meeting_id: str) -> Answer:
        """Show a meeting."""
        return self._with_meeting(call, meeting_id, lambda meeting: Answer(body=meeting))

    def update_meeting(self, call: Call, meeting_id: str) -> Answer:
        """Change a meeting."""

        def change(meeting: dict[str, Any]) -> Answer:
            asked = call.json()
            meeting["settings"].update(asked.pop("settings", {}))
            meeting.update(asked)
            return Answer(HTTPStatus.NO_CONTENT)

        return self._with_meeting(call, meeting_id, change)

    def delete_meeting(self, call: Call, meeting_id: str) -> Answer:
        """Remove a meeting."""

        def remove(meeting: dict[str, Any]) -> Answer:
            self.meetings.pop(str(meeting["id"]))
            return Answer(HTTPStatus.NO_CONTENT)

        return self._with_meeting(call, meeting_id, remove)

    def add_registrant(self, call: Call, meeting_id: str) -> Answer:
        """Register an address; the same one again answers the same registrant."""

        def register(meeting: dict[str, Any]) -> Answer:
            if meeting["settings"].get("approval_type") == 2:  # noqa: PLR2004 -- Zoom's "no registration"
                refusal = {"code": 404, "message": "Registration has not been enabled."}
                return Answer(HTTPStatus.BAD_REQUEST, refusal)
            asked = call.json()
            known = self.registrants.setdefault(meeting_id, {})
            facts = known.setdefault(asked["email"].lower(), _registrant(meeting, asked))
            facts["status"] = "approved"
            return Answer(HTTPStatus.CREATED, facts)

        return self._with_meeting(call, meeting_id, register)

    def set_registrants(self, call: Call, meeting_id: str) -> Answer:
        """Cancel registrants."""

        def change(_meeting: dict[str, Any]) -> Answer:
            for asked in call.json().get("registrants", []):
                known = self.registrants.get(meeting_id, {}).get(asked["email"].lower())
                if known is not None:
                    known["status"] = "cancelled"
            return Answer(HTTPStatus.NO_CONTENT)

        return self._with_meeting(call, meeting_id, change)

    def list_instances(self, call: Call, meeting_id: str) -> Answer:
        """List the past runs of a meeting."""
        if not self._user(call):
            return _unauthorized()
        return Answer(body={"meetings": self.instances.get(_decoded(meeting_id), [])})

    def list_participants(self, call: Call, uuid: str) -> Answer:
        """List the stays of one run, in pages."""
        if not self._user(call):
            return _unauthorized()
        rows = self.stays.get(_decoded(uuid))
        if rows is None:
            return Answer(HTTPStatus.NOT_FOUND, {"code": 3001, "message": "No such meeting."})
        return _page(call, "participants", rows)

    # visits, for the demo and for tests over real sockets

    def page(self, _call: Call) -> Answer:
        """Show meetings with buttons that send the messages of a visit."""
        sections = [_section(number, meeting) for number, meeting in self.meetings.items()]
        body = "".join(sections) or "<p>No meetings yet. Publish an event with Zoom.</p>"
        text = f"<!doctype html><html lang=en><title>Zoom double</title><h1>Meetings</h1>{body}"
        return Answer(body=text, content_type="text/html; charset=utf-8")

    def visit(self, call: Call, meeting_id: str, verb: str) -> Answer:
        """Send the message of a start, an arrival, a departure or an end, signed."""
        as_form = call.headers.get("content-type", "").startswith("application/x-www-form")
        asked = call.form() if as_form else call.json()
        at = asked.get("at") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = self._message(meeting_id, verb, at, asked)
        status = self.send(message)
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
        return requests.post(self.deliver_to, data=body, headers=headers, timeout=10).status_code

    def _message(
        self, meeting_id: str, verb: str, at: str, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        meeting = self.meetings.get(meeting_id, {})
        runs = self.instances.setdefault(meeting_id, [])
        if verb == "start" or not runs:
            runs.append({"uuid": asked.get("uuid") or _uuid(), "start_time": at})
        uuid = runs[-1]["uuid"]
        facts = {
            "id": meeting_id,
            "uuid": uuid,
            "host_id": meeting.get("host_id", ""),
            "topic": meeting.get("topic", ""),
            "type": 2,
            "start_time": runs[-1]["start_time"],
            "timezone": meeting.get("timezone", "UTC"),
            "duration": meeting.get("duration", 60),
        }
        words = {"start": "started", "join": "participant_joined", "leave": "participant_left"}
        if verb == "end":
            facts["end_time"] = at
        elif verb in {"join", "leave"}:
            facts["participant"] = self._participant(meeting_id, uuid, verb, at, asked)
        return {
            "event": f"meeting.{words.get(verb, 'ended')}",
            "event_ts": int(time.time() * 1000),
            "payload": {"account_id": ACCOUNT, "object": facts},
        }

    def _participant(
        self, meeting_id: str, uuid: str, verb: str, at: str, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        email = str(asked.get("email", "")).lower()
        known = self.registrants.get(meeting_id, {}).get(email, {})
        name = asked.get("name") or f"{known.get('first_name', '')} {known.get('last_name', '')}"
        stays = self.stays.setdefault(uuid, [])
        facts = {
            "user_name": name.strip() or email,
            "email": email,
            "registrant_id": asked.get("registrant_id") or known.get("registrant_id", ""),
            "id": asked.get("id", ""),
            "participant_user_id": "",
        }
        if verb == "join":
            facts["user_id"] = asked.get("user_id") or str(next(self._user_ids))
            stays.append({**facts, "name": facts["user_name"], "join_time": at})
            return facts | {"join_time": at}
        open_stays = [stay for stay in stays if "leave_time" not in stay]
        mine = [stay for stay in open_stays if stay["email"] == email] or open_stays
        facts["user_id"] = asked.get("user_id") or (mine[-1]["user_id"] if mine else "")
        for stay in mine[-1:]:
            stay.update(leave_time=at, user_email=email, status="in_meeting")
        return facts | {"leave_time": at, "leave_reason": "left the meeting"}

    # what the methods above share

    def _user(self, call: Call) -> str:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        user = _user_of(token) if token.startswith("zoom-access.") else ""
        return "" if user in self.revoked else user

    def _with_meeting(self, call: Call, meeting_id: str, act: Any) -> Answer:
        if not self._user(call):
            return _unauthorized()
        meeting = self.meetings.get(meeting_id)
        if meeting is None:
            facts = {"code": 3001, "message": f"Meeting does not exist: {meeting_id}."}
            return Answer(HTTPStatus.NOT_FOUND, facts)
        answer: Answer = act(meeting)
        return answer


def play() -> ZoomDouble:
    """Start the double and point the product at it."""
    double = ZoomDouble()
    double.start()
    double.webhook_secret = settings.DEVELOPMENT_WEBHOOK_SECRET
    double.deliver_to = f"{settings.PUBLIC_BASE_URL}/api/v1/webhooks/zoom/"
    settings.ZOOM_API_BASE = f"{double.url}/v2"
    settings.ZOOM_OAUTH_BASE = double.url
    settings.ZOOM_CLIENT_ID = settings.ZOOM_CLIENT_SECRET = "zoom-double"  # noqa: S105 -- the double takes any
    settings.ZOOM_WEBHOOK_SECRET = [double.webhook_secret]
    return double


def _registrant(meeting: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    identifier = secrets.token_urlsafe(12)
    return {
        "id": meeting["id"],
        "registrant_id": identifier,
        "join_url": f"https://zoom.example/w/{meeting['id']}?tk={identifier}",
        "participant_pin_code": str(secrets.randbelow(900_000) + 100_000),
        "email": asked["email"].lower(),
        "first_name": asked.get("first_name", ""),
        "last_name": asked.get("last_name", ""),
    }


def _section(number: str, meeting: Mapping[str, Any]) -> str:
    fields = "<label>E-mail <input name=email></label> <label>Name <input name=name></label> "
    at = "<label>At (UTC) <input name=at placeholder=2027-03-01T09:00:00Z></label> "
    forms = "".join(
        f'<form method=post action="meetings/{number}/{verb}">'
        f"{fields if verb in {'join', 'leave'} else ''}{at}<button>{verb}</button></form>"
        for verb in ("start", "join", "leave", "end")
    )
    return f"<h2>{html.escape(str(meeting.get('topic', '')))} ({number})</h2>{forms}"


def _page(call: Call, key: str, rows: list[dict[str, Any]]) -> Answer:
    size = int(call.query.get("page_size") or PAGE_SIZE)
    start = int(call.query.get("next_page_token") or 0)
    end = start + size
    following = str(end) if end < len(rows) else ""
    facts = {"page_size": size, "total_records": len(rows), "next_page_token": following}
    return Answer(body={**facts, key: rows[start:end]})


def _user_of(token: str) -> str:
    parts = token.split(".")
    return parts[1] if len(parts) == 3 else ""  # noqa: PLR2004 -- kind, user, randomness


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _decoded(identifier: str) -> str:
    return unquote(unquote(identifier))


def _uuid() -> str:
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _refusal(error: str) -> Answer:
    return Answer(HTTPStatus.BAD_REQUEST, {"error": error, "reason": "Invalid Token!"})


def _unauthorized() -> Answer:
    return Answer(HTTPStatus.UNAUTHORIZED, {"code": 124, "message": "Invalid access token."})
