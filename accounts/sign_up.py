"""New accounts. The answer never tells whether an address had one already."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from accounts import emails, verification
from accounts.models import User
from common import audit, codes
from common.outbox import after_commit


@dataclass(frozen=True)
class SignUp:
    """What somebody who signs up says of themselves."""

    email: str
    password: str
    full_name: str
    professional_title: str = ""
    credentials: str = ""
    organization_name: str = ""


@transaction.atomic
def sign_up(wanted: SignUp) -> UUID:
    """Make an attendee's account, or none when the address has one; return a uuid either way.

    Both ways take the same steps: one hash, one attempt to insert, one audit entry, one task that
    mails.
    """
    user = User(
        email=wanted.email,
        full_name=wanted.full_name,
        professional_title=wanted.professional_title,
        credentials=wanted.credentials,
        organization_name=wanted.organization_name,
    )
    user.set_password(wanted.password)
    # A taken address is passed over in silence, by the same statement.
    User.objects.bulk_create([user], ignore_conflicts=True)
    # Whose the address is now is asked either way, for the same time.
    owner = User.all_objects.filter(email=wanted.email).values_list("uuid", flat=True).first()
    is_new = owner == user.uuid
    if is_new:
        audit.record("user.signed_up", target=user, by=user, owner=user)
    else:
        audit.record("sign_up.repeated", address_digest=codes.digest(wanted.email))
    after_commit("accounts.note_sign_up", str(owner), is_new)
    return user.uuid if is_new else uuid4()


def follow_up(user: User, *, is_new: bool, now: datetime) -> None:
    """Ask for proof of an unproven address; tell the owner of a proven one that it was used."""
    if is_new or not user.email_verified:
        verification.ask(user, now=now)
    else:
        emails.account_exists(user, today=now.date().isoformat())
