"""Messages about the second factor."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from common import mail


def two_factor_enabled(user: User) -> None:
    """Say that codes are asked for from now on."""
    _send("two_factor_enabled", user)


def two_factor_disabled(user: User) -> None:
    """Say that the password alone signs in again."""
    _send("two_factor_disabled", user)


def recovery_code_used(user: User, *, left: int) -> None:
    """Say that a recovery code stood in for the generator, and how many are left."""
    _send("recovery_code_used", user, left=left)


def _send(kind: str, user: User, **context: Any) -> None:
    mail.send(
        kind,
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=mail.Category.SECURITY,
        context={
            "name": user.full_name,
            "happened_at": timezone.now(),
            "security_url": f"{settings.FRONTEND_URL}/settings/security",
            "reset_url": f"{settings.FRONTEND_URL}/forgot-password",
            **context,
        },
        envelope=mail.Envelope(about=user),
    )
