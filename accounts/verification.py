"""Proof that an address belongs to its account, or that it does not."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts import devices, emails, erasure, proofs
from accounts.exceptions import InvalidToken
from accounts.models import User
from accounts.signals import email_verified
from common import audit
from common.models import AuditEntry


@transaction.atomic
def ask(user: User, *, now: datetime) -> None:
    """Mail the user a link that proves the address; nothing to do for a proven one."""
    if user.email_verified:
        return
    lifetime = timedelta(hours=settings.EMAIL_VERIFICATION_HOURS)
    issued = proofs.issue(user, proofs.Purpose.VERIFY_EMAIL, lifetime=lifetime, now=now)
    if issued is not None:
        origin = _origin_of(user)
        emails.verification(
            *issued,
            device=devices.recognise(origin.get("user_agent", "")).display,
            ip_address=origin.get("ip_address", ""),
        )


@transaction.atomic
def confirm(secret: str, *, now: datetime) -> User:
    """Take the secret of the mail as proof of the address."""
    user = proofs.use(secret, proofs.Purpose.VERIFY_EMAIL, now=now)
    prove(user, now=now)
    return user


@transaction.atomic
def prove(user: User, *, now: datetime) -> None:
    """Note that the address is the user's own, and announce it; once."""
    if user.email_verified:
        return
    user.email_verified = True
    user.email_verified_at = now
    user.save(update_fields=["email_verified", "email_verified_at"])
    audit.record("user.email_verified", target=user, by=user, owner=user)
    email_verified.send(sender=User, user=user)


@transaction.atomic
def disown(secret: str, *, now: datetime) -> None:
    """Erase an unverified account whose address turns out to be somebody else's."""
    user = proofs.use(secret, proofs.Purpose.VERIFY_EMAIL, now=now)
    if user.email_verified:
        raise InvalidToken
    erasure.erase(user, by=None, action="user.disowned")


def _origin_of(user: User) -> Mapping[str, str]:
    """Return from where the account was made, as far as that is on record."""
    made = AuditEntry.objects.filter(
        action="user.signed_up", target_type=user._meta.label_lower, target_uuid=user.uuid
    )
    return made.values_list("payload", flat=True).first() or {}
