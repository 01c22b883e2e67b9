"""Which messages people want; asked before each sending."""

from collections.abc import Mapping

from accounts.models import User
from common.mail import Category
from common.models import OutgoingEmail

# The addresses of erased rows.
NOBODY = "@anonymized.invalid"
# Categories that are not named here have no preference.
WANTED_BY: Mapping[str, str] = {
    Category.REMINDER: "notify_event_reminders",
    Category.CERTIFICATE: "notify_certificate_issued",
    Category.ORGANIZER_REGISTRATION: "notify_new_registration",
    Category.ORGANIZER_SUMMARY: "notify_event_summary",
    Category.MARKETING: "notify_marketing",
}


def objection(message: OutgoingEmail) -> str | None:
    """Return why the recipient is not to get the message, or None."""
    if message.to_email.endswith(NOBODY):
        return "recipient_erased"
    user = _recipient(message)
    if user is None:
        return None
    if user.erased_at is not None:
        return "recipient_erased"
    flag = WANTED_BY.get(message.category)
    return None if flag is None or getattr(user, flag) else "preference"


def _recipient(message: OutgoingEmail) -> User | None:
    if message.recipient_uuid is not None:
        return User.all_objects.filter(uuid=message.recipient_uuid).first()
    return User.all_objects.filter(email=message.to_email, email_verified=True).first()
