"""The messages of accounts; delivery is the mail queue's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import AccountToken, User, UserSession, ZoomConnection
from common import mail

Category = mail.Category


def verification(proof: AccountToken, secret: str, *, device: str, ip_address: str) -> None:
    """Ask the owner of a new account's address to confirm it, or to disown it.

    When and from where the account was made helps to tell one's own from a stranger's.
    """
    link = f"{settings.FRONTEND_URL}/verify-email?token={secret}"
    _send(
        "verification",
        proof.user,
        Category.SECURITY,
        verify_url=link,
        reject_url=f"{link}&reject=true",
        hours=settings.EMAIL_VERIFICATION_HOURS,
        made_at=proof.user.created_at,
        device=device,
        ip_address=ip_address,
        # Whoever signed up chose the name: it may be an advertisement, to a stranger's address.
        name="",
    )


def account_exists(user: User, *, today: str) -> None:
    """Tell somebody with an account that their address was used to sign up; daily at most."""
    _send(
        "account_exists",
        user,
        Category.SECURITY,
        dedupe_key=f"account_exists:{user.uuid}:{today}",
        sign_in_url=f"{settings.FRONTEND_URL}/login",
        reset_url=f"{settings.FRONTEND_URL}/forgot-password",
    )


def welcome(user: User, *, open_sessions: Sequence[UserSession]) -> None:
    """Greet somebody whose address is proven, and say where they are signed in; once."""
    _send(
        "welcome",
        user,
        Category.ACCOUNT,
        dedupe_key=f"welcome:{user.uuid}",
        events_url=f"{settings.FRONTEND_URL}/events",
        open_sessions=open_sessions,
        sessions_url=f"{settings.FRONTEND_URL}/settings/sessions",
    )


def password_reset(proof: AccountToken, secret: str) -> None:
    """Send the link that sets a new password."""
    _send(
        "password_reset",
        proof.user,
        Category.SECURITY,
        reset_url=f"{settings.FRONTEND_URL}/reset-password?token={secret}",
        minutes=settings.PASSWORD_RESET_MINUTES,
    )


def password_changed(user: User, *, api_tokens: Sequence[str]) -> None:
    """Say that the password was changed, which keys still act, and what to do if it was a thief."""
    _send(
        "password_changed",
        user,
        Category.SECURITY,
        changed_at=timezone.now(),
        api_tokens=api_tokens,
        tokens_url=f"{settings.FRONTEND_URL}/settings/api-tokens",
        reset_url=f"{settings.FRONTEND_URL}/forgot-password",
    )


def new_sign_in(session: UserSession) -> None:
    """Say that a device not seen before has signed in."""
    _send(
        "new_sign_in",
        session.user,
        Category.SECURITY,
        dedupe_key=f"new_sign_in:{session.uuid}",
        device=session.display_device,
        ip_address=session.ip_address,
        signed_in_at=session.created_at,
        sessions_url=f"{settings.FRONTEND_URL}/settings/sessions",
    )


def session_reuse(session: UserSession) -> None:
    """Say that a used refresh token came back and its session was ended."""
    _send(
        "session_reuse",
        session.user,
        Category.SECURITY,
        dedupe_key=f"session_reuse:{session.uuid}",
        device=session.display_device,
        signed_in_at=session.created_at,
        sessions_url=f"{settings.FRONTEND_URL}/settings/sessions",
    )


def zoom_connected(connection: ZoomConnection) -> None:
    """Say that a Zoom account was connected."""
    _send(
        "zoom_connected",
        connection.user,
        Category.SECURITY,
        zoom_email=connection.zoom_email,
        settings_url=_zoom_settings(),
    )


def zoom_disconnected(user: User, *, at: datetime) -> None:
    """Say that the Zoom connection no longer works and must be made anew."""
    _send(
        "zoom_disconnected",
        user,
        Category.ACCOUNT,
        dedupe_key=f"zoom_disconnected:{user.uuid}:{at.isoformat()}",
        settings_url=_zoom_settings(),
    )


def _zoom_settings() -> str:
    return f"{settings.FRONTEND_URL}/settings/zoom"


def _send(
    kind: str, user: User, category: str, *, dedupe_key: str | None = None, **context: Any
) -> None:
    mail.send(
        kind,
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=category,
        context={"name": user.full_name, **context},
        envelope=mail.Envelope(dedupe_key=dedupe_key, about=user),
    )
