"""Signed tokens: what is written in them, and which are genuine."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import jwt
from django.conf import settings

from accounts.exceptions import AuthenticationFailed
from accounts.models import UserSession

ALGORITHM = "HS256"
ISSUER = "cpd-events"
AUDIENCE = "cpd-events-api"
LEEWAY_SECONDS = 30
REQUIRED = ["user_uuid", "sid", "jti", "iss", "aud", "exp", "iat", "token_type"]
# Whatever a forged token makes the parser stumble over: a deeply nested header exhausts the
# stack before any signature is looked at.
UNREADABLE = (
    jwt.PyJWTError,
    LookupError,
    ArithmeticError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


class Kind(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True)
class Claims:
    """What a genuine token says."""

    user: UUID
    session: UUID
    jti: UUID


@dataclass(frozen=True)
class Pair:
    """What sign-in and refresh answer."""

    access: str
    refresh: str


def pair(session: UserSession, *, now: datetime) -> Pair:
    """Return an access token and the session's current refresh token."""
    access_until = now + timedelta(minutes=settings.JWT_ACCESS_MINUTES)
    return Pair(
        access=_signed(session, Kind.ACCESS, jti=uuid4(), now=now, until=access_until),
        refresh=_signed(
            session, Kind.REFRESH, jti=session.refresh_jti, now=now, until=session.expires_at
        ),
    )


def read(raw: str | bytes, kind: Kind) -> Claims:
    """Return the claims of a genuine token of this kind; anything else is one refusal."""
    try:
        key = _keys()[jwt.get_unverified_header(raw)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            raw,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
        if claims["token_type"] != kind:
            raise AuthenticationFailed
        return Claims(
            user=UUID(claims["user_uuid"]), session=UUID(claims["sid"]), jti=UUID(claims["jti"])
        )
    except UNREADABLE as error:
        raise AuthenticationFailed from error


def peek(raw: str, kind: Kind) -> Claims | None:
    """Return the claims of a genuine token, None for any other."""
    try:
        return read(raw, kind)
    except AuthenticationFailed:
        return None


def _signed(
    session: UserSession, kind: Kind, *, jti: UUID | None, now: datetime, until: datetime
) -> str:
    claims = {
        "user_uuid": str(session.user.uuid),
        "sid": str(session.uuid),
        "jti": str(jti),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": until,
        "token_type": kind,
    }
    key_id, key = next(iter(_keys().items()))
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id})


def _keys() -> Mapping[str, bytes]:
    return _named(tuple(settings.JWT_SIGNING_KEYS))


@lru_cache(maxsize=8)
def _named(keys: tuple[str, ...]) -> dict[str, bytes]:
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key.encode() for key in keys}
