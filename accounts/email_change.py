"""Moving an account to another address, proven first. Nothing tells whether that one is taken."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import email_change_emails, erasure, proofs, sign_up, verification
from accounts.exceptions import InvalidToken
from accounts.models import User
from accounts.signals import email_verified
from common import audit
from common.outbox import after_commit

CHANGE_EMAIL = proofs.Purpose.CHANGE_EMAIL


@transaction.atomic
def ask(user: User, new_email: str, *, password: str, now: datetime) -> None:
    """Ask for another address; the same is written whether it is free or taken.

    Wants the password, of an account without one a fresh session. Who owns the address is looked
    up by the task that mails.
    """
    erasure.require_proof(user, password=password, now=now)
    if new_email == user.email:
        raise ValidationError({"new_email": ["This is the address of the account already."]})
    lifetime = timedelta(hours=settings.EMAIL_VERIFICATION_HOURS)
    proof = proofs.promise(user, CHANGE_EMAIL, email=new_email, lifetime=lifetime, now=now)
    if proof is not None:
        audit.record("user.email_change_asked", target=user, by=user, owner=user)
        after_commit("accounts.note_email_change", str(proof.uuid))


@transaction.atomic
def follow_up(proof_uuid: UUID | str, *, now: datetime) -> None:
    """Mail the link to a free address; tell the owner of a taken one, as a sign-up would.

    The present address learns of it either way. Does nothing the second time.
    """
    issued = proofs.fulfil(proof_uuid, now=now)
    if issued is None:
        return
    proof, secret = issued
    owner = User.all_objects.filter(email=proof.email).first()
    if owner is None:
        email_change_emails.email_change_confirm(proof, secret)
    elif owner.is_active:
        sign_up.follow_up(owner, is_new=False, now=now)
    email_change_emails.email_change_requested(proof)


def confirm(secret: str, *, now: datetime) -> User:
    """Take the mailed secret as proof of a new account's address, or of an account's new one."""
    if proofs.purpose_of(secret) == CHANGE_EMAIL:
        return _move(secret, now)
    return verification.confirm(secret, now=now)


@transaction.atomic
def _move(secret: str, now: datetime) -> User:
    """Put the address in place; sessions stay, every other secret is void.

    Raises InvalidToken when the address was taken in the meantime, and leaves all as it was.
    """
    proof = proofs.take(secret, CHANGE_EMAIL, now=now)
    user, former = proof.user, proof.user.email
    user.email = proof.email
    user.email_verified = True
    user.email_verified_at = now
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_verified", "email_verified_at"])
    except IntegrityError as error:
        raise InvalidToken from error
    proofs.void_all(user)
    audit.record("user.email_changed", target=user, by=user, owner=user)
    email_change_emails.email_changed(user, former=former)
    email_verified.send(sender=User, user=user)
    return user
