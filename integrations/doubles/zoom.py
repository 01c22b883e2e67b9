"""Zoom as far as we use it: grants, meetings, registrants, participants, signed messages.

Answers follow https://developers.zoom.us/docs/api/meetings/. Tokens say whose they are, so that a
connection survives a restart of the process, which forgets meetings.
"""

import base64
import hashlib
import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlencode

from integrations.doubles.server import Answer, Call
from integrations.doubles.visits import ACCOUNT, Visits, new_uuid

FIRST_HOST: Final = "hostU5erId0000000001"
LIFETIME: Final = 3600
PAGE_SIZE: Final = 300
AGENDA_IN_LISTS: Final = 250
BASIC: Final = 1
LICENSED: Final = 2
NO_REGISTRATION: Final = 2
MEETING: Final = "/v2/meetings/(?P<meeting_id>[^/]+)"
# What each call needs, https://developers.zoom.us/docs/integrations/oauth-scopes-granular/
SCOPE_OF: Final = {
    "me": "user:read:user",
    "create_meeting": "meeting:write:meeting",
    "list_meetings": "meeting:read:list_meetings",
    "show_meeting": "meeting:read:meeting",
    "update_meeting": "meeting:update:meeting",
    "delete_meeting": "meeting:delete:meeting",
    "add_registrant": "meeting:write:registrant",
    "set_registrants": "meeting:update:registrant_status",
    "list_instances": "meeting:read:list_past_instances",
    "list_participants": "meeting:read:list_past_participants",
    "report": "report:read:list_meeting_participants:admin",
}


class ZoomDouble(Visits):
    """One Zoom account with as many users as ask to be connected."""

    routes: ClassVar = (
        ("GET", "/oauth/authorize", "authorize"),
        ("POST", "/oauth/token", "token"),
        ("POST", "/oauth/revoke", "revoke"),
        ("GET", "/v2/users/me", "me"),
        ("POST", "/v2/users/me/meetings", "create_meeting"),
        ("GET", "/v2/users/me/meetings", "list_meetings"),
        ("GET", MEETING, "show_meeting"),
        ("PATCH", MEETING, "update_meeting"),
        ("DELETE", MEETING, "delete_meeting"),
        ("POST", f"{MEETING}/registrants", "add_registrant"),
        ("PUT", f"{MEETING}/registrants/status", "set_registrants"),
        ("GET", "/v2/past_meetings/(?P<meeting_id>[^/]+)/instances", "list_instances"),
        ("GET", "/v2/past_meetings/(?P<uuid>[^/]+)/participants", "list_participants"),
        ("GET", "/v2/report/meetings/(?P<uuid>[^/]+)/participants", "report"),
        ("GET", "/demo/", "page"),
        ("POST", "/demo/meetings/(?P<meeting_id>[^/]+)/(?P<verb>start|join|leave|end)", "visit"),
    )
    unlocked: ClassVar = frozenset({"visit"})
    provider = "zoom"

    def reset(self) -> None:
        super().reset()
        self.user_type = LICENSED
        self.scopes = list(SCOPE_OF.values())
        self.lifetime = LIFETIME
        self.codes: dict[str, dict[str, str]] = {}
        self.issued: set[str] = set()
        self.spent: set[str] = set()
        self.revoked: set[str] = set()
        # Eleven digits that no earlier process has given away.
        self._numbers = itertools.count(80_000_000_000 + int(time.time() * 10) % 10_000_000_000)

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
        if not call.headers.get("authorization", "").startswith("Basic "):
            return Answer(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
        form = call.form()
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form.get("refresh_token", ""))
        asked = self.codes.pop(form.get("code", ""), {})
        same_place = asked.get("redirect_uri") == form.get("redirect_uri")
        proven = asked.get("code_challenge") == _challenge(form.get("code_verifier", ""))
        if not (asked and same_place and proven):
            return _grant_refused()
        self.revoked.discard(asked["user"])
        return Answer(body=self.pair_for(asked["user"]))

    def revoke(self, call: Call) -> Answer:
        """Forget a grant."""
        self.revoked.add(_user_of(call.form().get("token", "")))
        return Answer(body={"status": "success"})

    def pair_for(self, user: str) -> dict[str, Any]:
        """Return tokens as the token endpoint answers them, for set-up in code."""
        pair = {
            name: f"zoom-{name.partition('_')[0]}.{user}.{secrets.token_hex(8)}"
            for name in ("access_token", "refresh_token")
        }
        self.issued.add(pair["access_token"])
        facts = {"token_type": "bearer", "expires_in": self.lifetime}
        return {**pair, **facts, "scope": " ".join(self.scopes)}

    def expire_access_tokens(self) -> None:
        """Refuse every access token handed out so far."""
        self.spent |= self.issued

    def _refresh(self, token: str) -> Answer:
        user = _user_of(token)
        if not token.startswith("zoom-refresh") or token in self.spent or user in self.revoked:
            return _grant_refused()
        self.spent.add(token)
        return Answer(body=self.pair_for(user))

    def play(self, act: Callable[..., Answer], call: Call, named: Mapping[str, str]) -> Answer:
        """Ask for token and scope where the call needs them."""
        scope = SCOPE_OF.get(act.__name__)
        if scope and not self._user(call):
            return Answer(HTTPStatus.UNAUTHORIZED, {"code": 124, "message": "Invalid token."})
        if scope and scope not in self.scopes:
            message = f"Invalid access token, does not contain scopes:[{scope}]."
            return Answer(HTTPStatus.BAD_REQUEST, {"code": 4711, "message": message})
        if "meeting_id" in named and scope and act.__name__ != "list_instances":
            number = named["meeting_id"]
            if number not in self.meetings:
                facts = {"code": 3001, "message": f"Meeting does not exist: {number}."}
                return Answer(HTTPStatus.NOT_FOUND, facts)
        return super().play(act, call, named)

    def me(self, call: Call) -> Answer:
        """Show whose token it is."""
        user = self._user(call)
        facts = {"id": user, "account_id": ACCOUNT, "type": self.user_type}
        return Answer(body={**facts, "email": f"{user.lower()}@zoom.example"})

    def create_meeting(self, call: Call) -> Answer:
        """Make a meeting; unlicensed hosts get no registration, whatever they asked."""
        number = str(next(self._numbers))
        meeting = {
            **call.json(),
            "id": int(number),
            "uuid": new_uuid(),
            "host_id": self._user(call),
            "join_url": f"https://zoom.example/j/{number}",
            "start_url": f"https://zoom.example/s/{number}?zak={secrets.token_hex(8)}",
        }
        meeting["settings"] = self._granted(meeting.get("settings") or {})
        self.meetings[number] = meeting
        self.registrants[number] = {}
        return Answer(HTTPStatus.CREATED, meeting)

    def list_meetings(self, call: Call) -> Answer:
        """List the host's meetings; agendas are cut as Zoom cuts them."""
        own = [
            {**meeting, "agenda": str(meeting.get("agenda", ""))[:AGENDA_IN_LISTS]}
            for meeting in self.meetings.values()
            if meeting["host_id"] == self._user(call)
        ]
        return _page(call, "meetings", own)

    def show_meeting(self, _call: Call, meeting_id: str) -> Answer:
        """Show a meeting."""
        return Answer(body=self.meetings[meeting_id])

    def update_meeting(self, call: Call, meeting_id: str) -> Answer:
        """Change a meeting."""
        meeting, asked = self.meetings[meeting_id], call.json()
        asked["settings"] = self._granted({**meeting["settings"], **asked.get("settings", {})})
        meeting.update(asked)
        return Answer(HTTPStatus.NO_CONTENT)

    def delete_meeting(self, _call: Call, meeting_id: str) -> Answer:
        """Remove a meeting and its registrants."""
        self.meetings.pop(meeting_id)
        self.registrants.pop(meeting_id, None)
        return Answer(HTTPStatus.NO_CONTENT)

    def add_registrant(self, call: Call, meeting_id: str) -> Answer:
        """Register an address; the same one again answers the same registrant."""
        meeting, asked = self.meetings[meeting_id], call.json()
        if meeting["settings"].get("approval_type", NO_REGISTRATION) == NO_REGISTRATION:
            refusal = {"code": 404, "message": "Registration has not been enabled."}
            return Answer(HTTPStatus.BAD_REQUEST, refusal)
        known = self.registrants[meeting_id]
        facts = known.setdefault(asked["email"].lower(), _registrant(meeting, asked))
        facts["status"] = "approved"
        return Answer(HTTPStatus.CREATED, facts)

    def set_registrants(self, call: Call, meeting_id: str) -> Answer:
        """Cancel registrants."""
        asked = {row["email"].lower() for row in call.json().get("registrants", [])}
        for email in asked & self.registrants[meeting_id].keys():
            self.registrants[meeting_id][email]["status"] = "cancelled"
        return Answer(HTTPStatus.NO_CONTENT)

    def list_instances(self, _call: Call, meeting_id: str) -> Answer:
        """List the past runs of a meeting."""
        return Answer(body={"meetings": self.instances.get(_decoded(meeting_id), [])})

    def list_participants(self, call: Call, uuid: str) -> Answer:
        """List the stays of one run, in pages."""
        rows = self.stays.get(_decoded(uuid))
        if rows is None:
            return Answer(HTTPStatus.NOT_FOUND, {"code": 3001, "message": "No such meeting."})
        return _page(call, "participants", rows)

    def report(self, call: Call, uuid: str) -> Answer:
        """List the stays of one run as the report has them."""
        return self.list_participants(call, uuid)

    def _granted(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings as this host gets them."""
        forced = {"approval_type": NO_REGISTRATION} if self.user_type == BASIC else {}
        return {**asked, **forced}

    def _user(self, call: Call) -> str:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if not token.startswith("zoom-access") or token in self.spent:
            return ""
        user = _user_of(token)
        return "" if user in self.revoked else user


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


def _page(call: Call, key: str, rows: list[dict[str, Any]]) -> Answer:
    size = int(call.query.get("page_size") or PAGE_SIZE)
    start = int(call.query.get("next_page_token") or 0)
    end = start + size
    following = str(end) if end < len(rows) else ""
    facts = {"page_size": size, "total_records": len(rows), "next_page_token": following}
    return Answer(body={**facts, key: rows[start:end]})


def _user_of(token: str) -> str:
    """Return whose token it is; one without a name is the first host's."""
    parts = token.split(".")
    return parts[1] if len(parts) == 3 else FIRST_HOST  # noqa: PLR2004 -- kind, user, randomness


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _decoded(identifier: str) -> str:
    return unquote(unquote(identifier))


def _grant_refused() -> Answer:
    facts = {"error": "invalid_grant", "reason": "Invalid Token!"}
    return Answer(HTTPStatus.BAD_REQUEST, facts)
