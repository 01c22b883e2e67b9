"""The messages about somebody's data."""

from django.conf import settings

from accounts.models import DataExport
from common import mail

Category = mail.Category
FAREWELL = mail.forgotten_after_sending("account_deleted")


def data_export_ready(export: DataExport) -> None:
    """Say that the copy of the data can be fetched; for staff, whose it is they know."""
    user = export.user
    mail.send(
        "data_export_ready",
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=Category.ACCOUNT,
        context={
            "name": user.full_name,
            "expires_at": export.expires_at,
            "export_url": f"{settings.FRONTEND_URL}/settings/privacy",
        },
        envelope=mail.Envelope(dedupe_key=f"data_export_ready:{export.uuid}", about=export),
    )


def account_deleted(email: str, name: str) -> None:
    """Say a last word to an address that nobody here knows any more once it is sent."""
    mail.send(
        FAREWELL,
        to=mail.Recipient(email, name),
        category=Category.SECURITY,
        context={"name": name},
    )
