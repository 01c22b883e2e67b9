"""Secrets that are mailed to an address and prove it, once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

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
    proof = promise(user, purpose, email=user.email, lifetime=lifetime, now=now)
    return None if proof is None else fulfil(proof.uuid, now=now)


@transaction.atomic
def promise(
    user: User, purpose: Purpose, *, email: str, lifetime: timedelta, now: datetime
) -> AccountToken | None:
    """Return a new proof that has no secret yet, voiding older ones; None within the pause."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    earlier = AccountToken.objects.filter(user=user, purpose=purpose)
    if earlier.filter(email=email, created_at__gt=now - PAUSE).exists():
        return None
    earlier.filter(used_at=None).update(used_at=now, updated_at=now)
    name = uuid4()
    return AccountToken.objects.create(
        uuid=name,
        user=user,
        purpose=purpose,
        digest=_promised(name),
        email=email,
        expires_at=now + lifetime,
    )


def fulfil(proof_uuid: UUID | str, *, now: datetime) -> tuple[AccountToken, str] | None:
    """Give a promised proof its secret; None for one that has it, or is void."""
    secret = codes.token()
    promised = AccountToken.objects.filter(
        uuid=proof_uuid, digest=_promised(proof_uuid), used_at=None
    )
    if not promised.update(digest=codes.digest(secret), updated_at=now):
        return None
    return AccountToken.objects.select_related("user").get(uuid=proof_uuid), secret


@transaction.atomic
def use(secret: str, purpose: Purpose, *, now: datetime) -> User:
    """Use the secret up and return whose address it proves, locked; raises for any other."""
    proof = take(secret, purpose, now=now)
    if proof.user.email != proof.email:
        raise InvalidToken
    return proof.user


def purpose_of(secret: str) -> str:
    """Return what the secret is for, used up or not; nothing for an unknown one."""
    rows = AccountToken.objects.filter(digest=codes.digest(secret))
    return rows.values_list("purpose", flat=True).first() or ""


@transaction.atomic
def take(secret: str, purpose: Purpose, *, now: datetime) -> AccountToken:
    """Use the secret up and return its proof, the user locked; raises for any other."""
    proof = AccountToken.objects.filter(digest=codes.digest(secret), purpose=purpose).first()
    if proof is None or proof.used_at is not None:
        raise InvalidToken
    if proof.expires_at <= now:
        raise TokenExpired
    won = AccountToken.objects.filter(pk=proof.pk, used_at=None).update(used_at=now, updated_at=now)
    user = User.objects.select_for_update(no_key=True).filter(pk=proof.user_id).first()
    if not won or user is None or not user.is_active:
        raise InvalidToken
    proof.user = user
    return proof


def void_all(user: User) -> None:
    """Make every unused secret of the user worthless."""
    now = timezone.now()
    for rows in (AccountToken.objects, SignInChallenge.objects):
        rows.filter(user=user, used_at=None).update(used_at=now, updated_at=now)


def _promised(proof_uuid: UUID | str) -> str:
    """Return what stands for a digest that is to come; no secret has it, it is no digest."""
    return f"promised:{proof_uuid}"
