"""Passwords: what is a good one, forgetting and changing it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import attempts, emails, proofs, sessions, sign_in_methods, verification
from accounts.exceptions import ReauthenticationRequired
from accounts.models import User, UserSession
from common import audit

MAX_LENGTH = 128
EndReason = UserSession.EndReason


def judge(password: str, *, user: User, field: str) -> None:
    """Refuse a password that is short, common, numeric or made of the person's own data."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error


@transaction.atomic
def ask_reset(user: User, *, now: datetime) -> None:
    """Mail a link that sets a new password."""
    lifetime = timedelta(minutes=settings.PASSWORD_RESET_MINUTES)
    issued = proofs.issue(user, proofs.Purpose.RESET_PASSWORD, lifetime=lifetime, now=now)
    if issued is not None:
        emails.password_reset(*issued)


@transaction.atomic
def reset(secret: str, new_password: str, *, now: datetime) -> User:
    """Set a password by the secret of the mail, which proves the address as well.

    Every session ends and every other secret is void. A refused password leaves the secret good.
    Whoever made an account without showing to own its address leaves no way to sign in behind.
    """
    user = proofs.use(secret, proofs.Purpose.RESET_PASSWORD, now=now)
    judge(new_password, user=user, field="new_password")
    if not user.email_verified:
        sign_in_methods.forget(user)
    _set(user, new_password)
    sessions.end_all(user, EndReason.PASSWORD_RESET, by=user)
    verification.prove(user, now=now)
    return user


@transaction.atomic
def change(user: User, current: str, new_password: str, *, keep: UserSession | None) -> None:
    """Replace the password; every session but the one to keep ends."""
    if not attempts.is_password(user, current, now=timezone.now()):
        raise ValidationError({"current_password": ["This password is not correct."]})
    judge(new_password, user=user, field="new_password")
    _set(user, new_password)
    sessions.end_all(user, EndReason.PASSWORD_CHANGED, by=user, keep=keep)


def reauthenticate(session: UserSession, password: str, *, now: datetime) -> datetime:
    """Take the password as fresh proof of identity; return until when it counts."""
    if not attempts.is_password(session.user, password, now=now):
        raise ValidationError({"password": ["This password is not correct."]})
    return sessions.freshen(session, now=now)


def require_fresh(user: User, *, password: str = "", now: datetime) -> None:
    """Refuse unless identity was proven just now, by the session or by the password."""
    if sessions.is_fresh(user.session, now=now):
        return
    if not password or not attempts.is_password(user, password, now=now):
        raise ReauthenticationRequired


def _set(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    proofs.void_all(user)
    audit.record("user.password_changed", target=user, by=user, owner=user)
    emails.password_changed(user, api_tokens=_live_tokens(user))


def _live_tokens(user: User) -> list[str]:
    """Return the names of the keys that a new password does not end."""
    live = user.api_tokens.live(timezone.now())
    return list(live.order_by("name", "id").values_list("name", flat=True))
