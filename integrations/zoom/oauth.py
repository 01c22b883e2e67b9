"""Connecting somebody's Zoom account: authorization code with PKCE, refresh, revoke.

https://developers.zoom.us/docs/integrations/oauth/
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.conf import settings
from django.utils import timezone

from integrations import doubles
from integrations.zoom import http
from integrations.zoom.failures import ZoomFailure, ZoomUnavailable

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
BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS})
DOUBLE: Final = "zoom-double"  # the double takes any client
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
    return all(_credentials())


def client_id() -> str:
    """Return the name under which Zoom, or its double, knows us."""
    return _credentials()[0]


def redirect_uri() -> str:
    """Return where Zoom sends people back to."""
    address: str = settings.ZOOM_REDIRECT_URI
    return address


def authorization_url(*, state: str, code_verifier: str) -> str:
    """Return where a person grants us access."""
    base = http.oauth_base()
    query = {
        "response_type": "code",
        "client_id": client_id(),
        "redirect_uri": redirect_uri(),
        "state": state,
        "code_challenge": create_s256_code_challenge(code_verifier),
        "code_challenge_method": "S256",
    }
    return f"{base}/oauth/authorize?{urlencode(query)}"


def exchange(*, code: str, code_verifier: str, redirect_uri: str) -> TokenPair:
    """Turn a code into tokens; refused → ZoomGrantRefused, down → ZoomUnavailable."""
    return _pair(
        lambda zoom, **how: zoom.fetch_token(
            grant_type="authorization_code",
            code=code,
            code_verifier=code_verifier,
            redirect_uri=redirect_uri,
            **how,
        )
    )


def refresh(refresh_token: str) -> TokenPair:
    """Return a new pair; the old refresh token is used up by the call."""
    return _pair(lambda zoom, **how: zoom.refresh_token(refresh_token=refresh_token, **how))


def revoke(token: str) -> None:
    """End the grant at Zoom; a token that is not known any more is ended already."""
    with _session() as zoom, _failures_named():
        how = http.manner(http.oauth_base())
        _require_up(zoom.revoke_token(f"{http.oauth_base()}/oauth/revoke", token=token, **how))


def missing_scopes(granted: tuple[str, ...] | list[str]) -> list[str]:
    """Return the scopes we cannot work without and did not get."""
    had = set(granted)
    return [group[0] for group in REQUIRED_SCOPES if not had.intersection(group)]


def _pair(ask: Callable[..., Mapping[str, Any]]) -> TokenPair:
    url = f"{http.oauth_base()}/oauth/token"
    with _session() as zoom, _failures_named():
        facts = ask(zoom, url=url, **http.manner(url))
    if not facts.get("access_token"):
        raise ZoomGrantRefused("No token was granted.")
    lifetime = timedelta(seconds=int(facts.get("expires_in") or LIFETIME))
    return TokenPair(
        access_token=str(facts["access_token"]),
        refresh_token=str(facts.get("refresh_token") or ""),
        expires_at=timezone.now() + lifetime,
        scopes=tuple(str(facts.get("scope") or "").split()),
    )


def _credentials() -> tuple[str, str]:
    if doubles.plays("zoom"):
        return DOUBLE, DOUBLE
    return settings.ZOOM_CLIENT_ID, settings.ZOOM_CLIENT_SECRET


def _session() -> OAuth2Session:
    zoom = OAuth2Session(*_credentials())
    zoom.headers["User-Agent"] = http.USER_AGENT
    for moment in ("access_token_response", "refresh_token_response"):
        zoom.register_compliance_hook(moment, _require_up)
    return zoom


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except OAuthError as error:
        raise ZoomGrantRefused(str(error.error)) from error
    except (requests.RequestException, ValueError) as error:
        raise ZoomUnavailable(type(error).__name__) from error


def _require_up(response: requests.Response) -> requests.Response:
    """Tell an outage from a refusal: it is no fault of the connection."""
    status = response.status_code
    if response.is_redirect or status in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ZoomUnavailable(f"HTTP {status}")
    return response
