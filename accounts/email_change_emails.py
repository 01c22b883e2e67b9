"""Messages about moving an account to another address."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import AccountToken, User
from common import mail


def email_change_confirm(proof: AccountToken, secret: str) -> None:
    """Ask the new address whether it is its owner's; the name may be a stranger's words."""
    mail.send(
        "email_change_confirm",
        to=mail.Recipient(proof.email),
        category=mail.Category.SECURITY,
        context={
            "confirm_url": f"{settings.FRONTEND_URL}/verify-email?token={secret}",
            "hours": settings.EMAIL_VERIFICATION_HOURS,
            "asked_at": proof.created_at,
        },
        envelope=mail.Envelope(about=proof),
    )


def email_change_requested(proof: AccountToken) -> None:
    """Tell the present address that another one is wanted; whether it is free stays untold."""
    _tell("email_change_requested", proof.user, proof.user.email, f":{proof.uuid}")


def email_changed(user: User, *, former: str) -> None:
    """Tell the former address that it is no longer that of the account."""
    _tell("email_changed", user, former, "")


def _tell(kind: str, user: User, address: str, once: str) -> None:
    context: dict[str, Any] = {
        "name": user.full_name,
        "happened_at": timezone.now(),
        "sessions_url": f"{settings.FRONTEND_URL}/settings/sessions",
        "reset_url": f"{settings.FRONTEND_URL}/forgot-password",
    }
    mail.send(
        kind,
        to=mail.Recipient(address, user.full_name, user.uuid),
        category=mail.Category.SECURITY,
        context=context,
        envelope=mail.Envelope(about=user, dedupe_key=f"{kind}{once}" if once else None),
    )
