"""How a request proves who sends it: an access token, an API token, or a browser session."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import api_tokens, exceptions, roles, sessions, tokens
from accounts.models import ApiToken, User, UserSession
from common import context

SCHEME = b"bearer"
OF_PROGRAMS = f"{api_tokens.SCHEME}_".encode()


class SessionJWTAuthentication(BaseAuthentication):
    """An access token, good while its session lives: one query, with the user and their roles."""

    def authenticate(self, request: Request) -> tuple[User, UserSession] | None:
        raw = _bearer(request)
        if raw is None or raw.startswith(OF_PROGRAMS):
            return None
        now = timezone.now()
        try:
            claims = tokens.read(raw, tokens.Kind.ACCESS)
        except exceptions.AuthenticationFailed as error:
            raise AuthenticationFailed(error.text) from error
        session = sessions.by_access_token(claims, now=now, with_memberships=True)
        if session is None:
            raise AuthenticationFailed("This session has ended. Please sign in again.")
        user = recognised(session, now=now)
        roles.know(user, session.held or ())
        return user, session

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiTokenAuthentication(BaseAuthentication):
    """A program's key, `cpd_...`, which acts for its creator within its limits: one query."""

    for_programs: ClassVar[bool] = True

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        raw = _bearer(request)
        if raw is None or not raw.startswith(OF_PROGRAMS):
            return None
        now = timezone.now()
        try:
            token = api_tokens.by_secret(raw.decode(), now=now)
        except exceptions.AuthenticationFailed as error:
            raise AuthenticationFailed(error.text) from error
        context.identify("api_token", token.user.uuid, token_uuid=token.uuid)
        api_tokens.note_use(token, now=now)
        return token.user, token

    def recall(self, token_uuid: UUID) -> tuple[User, ApiToken]:
        """Return the same for work that the token asked for before; it must still stand."""
        try:
            token = api_tokens.by_uuid(token_uuid, now=timezone.now())
        except exceptions.AuthenticationFailed as error:
            raise AuthenticationFailed(error.text) from error
        context.identify("api_token", token.user.uuid, token_uuid=token.uuid)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BrowserSessionAuthentication(SessionAuthentication):
    """The cookie of a browser that signed in at `/api-auth/login/`; unsafe calls need CSRF."""

    def authenticate(self, request: Request) -> tuple[User, UserSession] | None:
        user = getattr(request._request, "user", None)  # noqa: SLF001 -- as the parent does
        if user is None or not user.is_authenticated:
            return None
        self.enforce_csrf(request)
        return user, user.session


class BrowserSessionMiddleware(AuthenticationMiddleware):
    """Recognise browser sessions by their row, so that ending the row signs the browser out.

    Admin and browsable API both stand behind it.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _browser_user(request))  # type: ignore[assignment]  # what Django assigns too


def recognised(session: UserSession, *, now: datetime) -> User:
    """Return the user of the session, ready for the request."""
    user = session.user
    user.session = session
    context.identify("user", user.uuid)
    sessions.note_activity(session, now=now)
    return user


def _browser_user(request: HttpRequest) -> Any:
    key = request.session.session_key
    now = timezone.now()
    session = sessions.by_browser(key, now=now) if key else None
    return recognised(session, now=now) if session else AnonymousUser()


def _bearer(request: Request) -> bytes | None:
    """Return the token of the header; another scheme is none of ours, half a header is refused."""
    header = str(request.META.get("HTTP_AUTHORIZATION", ""))
    parts = header.encode("utf-8", "replace").split()
    if not parts or parts[0].lower() != SCHEME:
        return None
    if len(parts) != 2:  # noqa: PLR2004 -- scheme and token
        raise AuthenticationFailed("The Authorization header must hold one Bearer token.")
    return parts[1]
