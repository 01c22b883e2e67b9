"""Secrets that are mailed to an address and prove it, once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.exceptions import InvalidToken, TokenExpired
from accounts.models import AccountToken, SignInChallenge, User
from common import codes

Purpose = AccountToken.Purpose
# One mail per address, purpose and minute; whoever asks oftener gets the same answer.
PAUSE = timedelta(minutes=1)


@transaction.atomic
def issue(
    user: User, purpose: Purpose, *, lifetime: timedelta, now: datetime
) -> tuple[AccountToken, str] | None:
    """Return a new proof and its secret, voiding older ones; None within the pause."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    earlier = AccountToken.objects.filter(user=user, purpose=purpose)
    if earlier.filter(created_at__gt=now - PAUSE).exists():
        return None
    earlier.filter(used_at=None).update(used_at=now, updated_at=now)
    secret = codes.token()
    proof = AccountToken.objects.create(
        user=user,
        purpose=purpose,
        digest=codes.digest(secret),
        email=user.email,
        expires_at=now + lifetime,
    )
    return proof, secret


@transaction.atomic
def use(secret: str, purpose: Purpose, *, now: datetime) -> User:
    """Use the secret up and return whose address it proves, locked; raises for any other."""
    proof = AccountToken.objects.filter(digest=codes.digest(secret), purpose=purpose).first()
    if proof is None or proof.used_at is not None:
        raise InvalidToken
    if proof.expires_at <= now:
        raise TokenExpired
    won = AccountToken.objects.filter(pk=proof.pk, used_at=None).update(used_at=now, updated_at=now)
    user = User.objects.select_for_update(no_key=True).filter(pk=proof.user_id).first()
    if not won or user is None or not user.is_active or user.email != proof.email:
        raise InvalidToken
    return user


def void_all(user: User) -> None:
    """Make every unused secret of the user worthless."""
    now = timezone.now()
    for rows in (AccountToken.objects, SignInChallenge.objects):
        rows.filter(user=user, used_at=None).update(used_at=now, updated_at=now)
