"""Credentials: whose they are, and how often one may guess."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts import attempts, emails, passkeys, passwords, second_factor, sessions
from accounts.exceptions import AuthenticationFailed
from accounts.models import User, UserSession
from common import audit, codes

AuthMethod = UserSession.AuthMethod
NEW_DEVICE_AFTER = timedelta(days=90)


class WrongCredentials(AuthenticationFailed):
    """One answer for unknown address, wrong password, inactive and erased account."""

    message = "No active account was found with these credentials."


def by_password(email: str, password: str, *, now: datetime) -> User:
    """Return whose credentials these are; exactly one hash is computed, whoever asks."""
    guess = attempts.begin(email, now=now)
    user = User.objects.filter(email=email).first()
    if user is None:
        make_password(password)
        is_right = False
    else:
        is_right = check_password(password, user.password) and user.is_active
    if user is None or not is_right:
        audit.record("sign_in.failed", address_digest=codes.digest(email))
        raise WrongCredentials
    guess.succeed()
    return user


def by_code(challenge: str, otp: str, *, now: datetime) -> UserSession:
    """Sign in with the code that another proof was answered with a challenge for."""
    asked = second_factor.answer(challenge, otp, now=now)
    method = AuthMethod(asked.auth_method)
    return open_session(cast("User", asked.user), now=now, auth_method=method, second_factor=True)


def by_passkey(credential: Mapping[str, Any], *, now: datetime) -> UserSession:
    """Sign in with a passkey, which needs neither password nor code."""
    user = passkeys.recognise(credential, now=now)
    return open_session(user, now=now, auth_method=AuthMethod.PASSKEY, second_factor=True)


def again(session: UserSession, *, password: str = "", otp: str = "", now: datetime) -> datetime:
    """Take a code or the password as fresh proof of identity; return until when it counts."""
    if otp:
        return second_factor.reauthenticate(session, otp, now=now)
    return passwords.reauthenticate(session, password, now=now)


@transaction.atomic
def open_session(
    user: User,
    *,
    now: datetime,
    auth_method: AuthMethod = AuthMethod.PASSWORD,
    second_factor: bool = False,
) -> UserSession:
    """Sign in on a client that carries tokens; a device not seen before is told by mail."""
    is_first = _is_first(user)
    session = sessions.open_for_tokens(
        user, now=now, auth_method=auth_method, second_factor=second_factor
    )
    if not is_first and _is_new_device(session, now):
        emails.new_sign_in(session)
    return session


@transaction.atomic
def open_in_browser(user: User, session_key: str, *, now: datetime) -> UserSession:
    """Sign in on a browser that carries a cookie; a device not seen before is told by mail."""
    is_first = _is_first(user)
    session = sessions.open_for_browser(user, session_key, now=now)
    if not is_first and _is_new_device(session, now):
        emails.new_sign_in(session)
    return session


def _is_first(user: User) -> bool:
    return not UserSession.objects.filter(user=user).exists()


def _is_new_device(session: UserSession, now: datetime) -> bool:
    alike = UserSession.objects.filter(
        user=session.user,
        browser=session.browser,
        os=session.os,
        last_activity_at__gt=now - NEW_DEVICE_AFTER,
    )
    return not alike.exclude(pk=session.pk).exists()
