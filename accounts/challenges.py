"""Started ceremonies of signing in: few minutes, few tries, once."""

from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from accounts.exceptions import InvalidToken, TokenExpired
from accounts.models import SignInChallenge, User, UserSession
from common import codes

Purpose = SignInChallenge.Purpose
AuthMethod = UserSession.AuthMethod
LIFETIME = timedelta(minutes=5)
TRIES = 5


class NoOpenChallenge(InvalidToken):
    message = "This sign-in is no longer open. Please start again."


class ChallengeExpired(TokenExpired):
    message = "This sign-in took too long. Please start again."


def issue(
    purpose: Purpose,
    *,
    now: datetime,
    user: User | None = None,
    session: UserSession | None = None,
    auth_method: AuthMethod | None = None,
) -> str:
    """Start a ceremony and return its secret, 32 random bytes in base64url."""
    secret = codes.token()
    SignInChallenge.objects.create(
        purpose=purpose,
        user=user,
        session=session,
        auth_method=auth_method or "",
        digest=codes.digest(secret),
        expires_at=now + LIFETIME,
    )
    return secret


def attempt(secret: str, purpose: Purpose, *, now: datetime) -> SignInChallenge:
    """Return the open ceremony of this secret, one try fewer; raises for any other."""
    challenge = _known(secret, purpose, now)
    counted = _open(challenge).filter(tries__lt=TRIES).update(tries=F("tries") + 1, updated_at=now)
    if not counted:
        raise NoOpenChallenge
    return challenge


def use(challenge: SignInChallenge, *, now: datetime) -> None:
    """Use the ceremony up; of several at once one succeeds."""
    if not _open(challenge).update(used_at=now, updated_at=now):
        raise NoOpenChallenge


def use_up(secret: str, purpose: Purpose, *, now: datetime) -> SignInChallenge:
    """Return the open ceremony of this secret, used up by this very look; raises for any other."""
    challenge = _known(secret, purpose, now)
    use(challenge, now=now)
    return challenge


def _known(secret: str, purpose: Purpose, now: datetime) -> SignInChallenge:
    known = SignInChallenge.objects.select_related("user", "session")
    challenge = known.filter(digest=codes.digest(secret), purpose=purpose).first()
    if challenge is None or challenge.used_at is not None or not _has_its_person(challenge):
        raise NoOpenChallenge
    if challenge.expires_at <= now:
        raise ChallengeExpired
    return challenge


def _has_its_person(challenge: SignInChallenge) -> bool:
    user = challenge.user
    return user is None or (user.is_active and user.deleted_at is None)


def _open(challenge: SignInChallenge) -> QuerySet[SignInChallenge]:
    return SignInChallenge.objects.filter(pk=challenge.pk, used_at=None)
