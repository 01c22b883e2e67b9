"""Messages about accounts at Google and Microsoft that sign somebody in here."""

from django.conf import settings

from accounts.models import SocialAccount
from common import mail


def social_account_linked(account: SocialAccount) -> None:
    """Say that an account elsewhere signs in from now on, and what to do if that was a thief."""
    user = account.user
    mail.send(
        "social_account_linked",
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=mail.Category.SECURITY,
        context={
            "name": user.full_name,
            "provider": account.get_provider_display(),
            "address": account.email,
            "linked_at": account.connected_at,
            "security_url": f"{settings.FRONTEND_URL}/settings/security",
            "reset_url": f"{settings.FRONTEND_URL}/forgot-password",
        },
        envelope=mail.Envelope(about=account),
    )
