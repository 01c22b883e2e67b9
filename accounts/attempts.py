"""How often somebody may guess a password or a code: counted before the guess."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

from accounts.models import User, UserSession
from common import codes, context
from common.exceptions import RateLimited

FAR = 100  # guesses at one address from anywhere
FAR_SECONDS = 60 * 60
NEAR = 10  # guesses at one address from one origin
NEAR_SECONDS = 15 * 60
CODES = 10  # guesses at the one-time codes of one account
CODE_SECONDS = 60 * 60
# An origin from which the owner signed in lately is not shut out by guesses from elsewhere.
KNOWN_FOR = timedelta(days=30)
# Counts here while the shared cache is unreachable.
own_memory = LocMemCache("accounts.attempts", {})


class TooManyAttempts(RateLimited):
    message = "Too many sign-in attempts for this address. Please wait and try again."


class TooManyCodes(RateLimited):
    message = "Too many wrong codes for this account. Please wait and try again."


@dataclass(frozen=True)
class Guess:
    """One attempt, counted as a failure until it succeeds."""

    near: str
    far: str

    def succeed(self) -> None:
        """Forget the failures from this origin, and that this guess was one."""
        try:
            _forget(cache, self)
        except RedisError:
            _forget(own_memory, self)


def begin(email: str, *, now: datetime) -> Guess:
    """Count a guess at the address; raises when there were too many."""
    origin = context.current().ip_address
    guess = Guess(
        near=f"sign-in:{codes.digest(f'{email} {origin}')}",
        far=f"sign-in:{codes.digest(email)}",
    )
    if not settings.THROTTLING_ENABLED:
        return guess
    try:
        near, far = _count(cache, guess)
    except RedisError:
        near, far = _count(own_memory, guess)
    if near > NEAR:
        raise _refusal(NEAR_SECONDS)
    if far > FAR and not _is_known(email, origin, now):
        raise _refusal(FAR_SECONDS)
    return guess


def is_password(user: User, password: str, *, now: datetime) -> bool:
    """Tell whether this is the password of somebody who is signed in already.

    A wrong one counts as a guess at signing in: a stolen session finds out no faster. Raises
    beyond the limits.
    """
    guess = begin(user.email, now=now)
    is_right = check_password(password, user.password)
    if is_right:
        guess.succeed()
    return is_right


def begin_code(user: User) -> str:
    """Count a guess at a one-time code of the account and return its key; raises beyond the limit.

    Wherever a code is asked for, it counts here: a right password gives no more guesses.
    """
    key = f"one-time-code:{user.uuid}"
    if not settings.THROTTLING_ENABLED:
        return key
    try:
        count = _add(cache, key, CODE_SECONDS)
    except RedisError:
        count = _add(own_memory, key, CODE_SECONDS)
    if count > CODES:
        raise TooManyCodes(
            details={"scope": "one_time_code", "retry_after": CODE_SECONDS},
            retry_after=CODE_SECONDS,
        )
    return key


def was_right(key: str) -> None:
    """Forget that this guess at a code was one; the wrong ones before it still count."""
    try:
        _take_back(cache, key)
    except RedisError:
        _take_back(own_memory, key)


def _count(store: BaseCache, guess: Guess) -> tuple[int, int]:
    return _add(store, guess.near, NEAR_SECONDS), _add(store, guess.far, FAR_SECONDS)


def _add(store: BaseCache, key: str, seconds: int) -> int:
    store.add(key, 0, seconds)
    try:
        return store.incr(key)
    except ValueError:  # it expired in between: this is the first of a new window
        store.set(key, 1, seconds)
        return 1


def _forget(store: BaseCache, guess: Guess) -> None:
    store.delete(guess.near)
    _take_back(store, guess.far)


def _take_back(store: BaseCache, key: str) -> None:
    if store.get(key):
        store.decr(key)


def _is_known(email: str, origin: str, now: datetime) -> bool:
    return (
        bool(origin)
        and UserSession.objects.filter(
            user__email=email, ip_address=origin, created_at__gt=now - KNOWN_FOR
        ).exists()
    )


def _refusal(seconds: int) -> TooManyAttempts:
    return TooManyAttempts(
        details={"scope": "sign_in", "retry_after": seconds}, retry_after=seconds
    )
