"""The messages about API tokens."""

from django.conf import settings

from accounts.models import ApiToken
from common import mail


def api_token_created(token: ApiToken, *, rotated: bool = False) -> None:
    """Say that a key was made, or made anew, and what it opens; never the secret."""
    user = token.user
    mail.send(
        "api_token_created",
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=mail.Category.SECURITY,
        context={
            "name": user.full_name,
            "token_name": token.name,
            "prefix": token.prefix,
            "scopes": token.scopes,
            "organization": token.organization.name if token.organization else "",
            "expires_at": token.expires_at,
            "rotated": rotated,
            "tokens_url": f"{settings.FRONTEND_URL}/settings/api-tokens",
        },
        envelope=mail.Envelope(about=token),
    )
