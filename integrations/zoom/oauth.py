"""Connecting somebody's Zoom account: authorization code with PKCE, refresh, revoke.

https://developers.zoom.us/docs/integrations/oauth/
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.conf import settings
from django.utils import timezone

from integrations import doubles
from integrations.zoom import http
from integrations.zoom.failures import ZoomFailure

# Each group is satisfied by any of its members: granular, its admin twin, or the classic scope.
REQUIRED_SCOPES: Final = (
    ("user:read:user", "user:read:user:admin", "user:read"),
    ("meeting:read:meeting", "meeting:read:meeting:admin", "meeting:read"),
    ("meeting:write:meeting", "meeting:write:meeting:admin", "meeting:write"),
    ("meeting:update:meeting", "meeting:update:meeting:admin", "meeting:write"),
    ("meeting:delete:meeting", "meeting:delete:meeting:admin", "meeting:write"),
    ("meeting:read:list_meetings", "meeting:read:list_meetings:admin", "meeting:read"),
    ("meeting:write:registrant", "meeting:write:registrant:admin", "meeting:write"),
    (
        "meeting:update:registrant_status",
        "meeting:update:registrant_status:admin",
        "meeting:write",
    ),
    (
        "meeting:read:list_past_participants",
        "meeting:read:list_past_participants:admin",
        "meeting:read",
    ),
    (
        "meeting:read:list_past_instances",
        "meeting:read:list_past_instances:admin",
        "meeting:read",
    ),
)
LIFETIME: Final = 3600
REPORT_SCOPE: Final = "report:read:list_meeting_participants:admin"


class ZoomGrantRefused(ZoomFailure):
    """Zoom does not take this code or refresh token."""


@dataclass(frozen=True)
class TokenPair:
    """Both tokens, how long the first lives, and what they permit."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    scopes: tuple[str, ...]


def is_configured() -> bool:
    """Tell whether there is a Zoom, or its double, to connect to."""
    doubles.start()
    return bool(settings.ZOOM_CLIENT_ID and settings.ZOOM_CLIENT_SECRET)


def redirect_uri() -> str:
    """Return where Zoom sends people back to."""
    address: str = settings.ZOOM_REDIRECT_URI
    return address


def authorization_url(*, state: str, code_verifier: str) -> str:
    """Return where a person grants us access."""
    base = http.oauth_base()
    query = {
        "response_type": "code",
        "client_id": settings.ZOOM_CLIENT_ID,
        "redirect_uri": redirect_uri(),
        "state": state,
        "code_challenge": create_s256_code_challenge(code_verifier),
        "code_challenge_method": "S256",
    }
    return f"{base}/oauth/authorize?{urlencode(query)}"


def exchange(*, code: str, code_verifier: str, redirect_uri: str) -> TokenPair:
    """Turn a code into tokens; refused → ZoomGrantRefused, down → ZoomUnavailable."""
    return _token(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
    )


def refresh(refresh_token: str) -> TokenPair:
    """Return a new pair; the old refresh token is used up by the call."""
    return _token({"grant_type": "refresh_token", "refresh_token": refresh_token})


def revoke(token: str) -> None:
    """End the grant at Zoom; a token that is not known any more is ended already."""
    http.send_form(f"{http.oauth_base()}/oauth/revoke", {"token": token}, auth=_credentials())


def missing_scopes(granted: tuple[str, ...] | list[str]) -> list[str]:
    """Return the scopes we cannot work without and did not get."""
    had = set(granted)
    return [group[0] for group in REQUIRED_SCOPES if not had.intersection(group)]


def _token(fields: dict[str, str]) -> TokenPair:
    url = f"{http.oauth_base()}/oauth/token"
    response = http.send_form(url, fields, auth=_credentials())
    facts = _facts(response)
    if response.status_code != HTTPStatus.OK or not facts.get("access_token"):
        raise ZoomGrantRefused(f"HTTP {response.status_code}")
    seconds = facts.get("expires_in")
    lifetime = timedelta(seconds=seconds if isinstance(seconds, int) else LIFETIME)
    return TokenPair(
        access_token=str(facts["access_token"]),
        refresh_token=str(facts.get("refresh_token") or ""),
        expires_at=timezone.now() + lifetime,
        scopes=tuple(str(facts.get("scope") or "").split()),
    )


def _facts(response: requests.Response) -> dict[str, object]:
    try:
        facts = response.json()
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _credentials() -> tuple[str, str]:
    return settings.ZOOM_CLIENT_ID, settings.ZOOM_CLIENT_SECRET
