"""How often a caller may ask: sliding windows, one atomic count each."""

import hashlib
import math
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request

from common import context, metrics
from common.exceptions import RateLimited

log = structlog.get_logger(__name__)

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
BY_ADDRESS: Final = frozenset(
    {"anon", "auth", "bad_token", "token", "verify", "verify_upload", "register", "refresh"}
)
GENERAL: Final = frozenset({"anon", "user"})
INSTEAD_OF_ANON: Final = frozenset({"refresh", "register", "token", "verify", "verify_upload"})
REDIS_TIMEOUT_SECONDS: Final = 0.25
# After a failure of Redis this process counts for itself so long before it asks again.
REDIS_PAUSE_SECONDS: Final = 5
MEMORY_SIZE: Final = 50_000


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds."""

    limit: int
    window: int


@dataclass(frozen=True)
class Bucket:
    """One counter: a scope, whom it counts, and its window."""

    scope: str
    key: str
    rate: Rate

    @property
    def policy(self) -> str:
        """The RateLimit-Policy item of this scope."""
        return f'"{self.scope}";q={self.rate.limit};w={self.rate.window}'

    def name(self, index: int) -> str:
        """Return the counter's name in the window of this index."""
        return f"throttle:{self.scope}:{self.key}:{index}"


@dataclass(frozen=True)
class Count:
    """What a bucket held after counting this request."""

    bucket: Bucket
    now: float
    current: int
    previous: int

    @property
    def elapsed(self) -> float:
        return self.now % self.bucket.rate.window

    @property
    def reset(self) -> int:
        """Seconds until the window ends."""
        return math.ceil(self.bucket.rate.window - self.elapsed)

    @property
    def weighted(self) -> float:
        """This window's count plus the part of the last one that still weighs."""
        share = 1 - self.elapsed / self.bucket.rate.window
        return self.current + min(self.previous, self.bucket.rate.limit) * share

    @property
    def exceeded(self) -> bool:
        return self.weighted > self.bucket.rate.limit

    @property
    def remaining(self) -> int:
        return max(0, math.floor(self.bucket.rate.limit - self.weighted))

    @property
    def standing(self) -> str:
        """The RateLimit item of this scope."""
        return f'"{self.bucket.scope}";r={self.remaining};t={self.reset}'

    @property
    def retry_after(self) -> int:
        """Seconds until one more request would pass."""
        limit, window = self.bucket.rate.limit, self.bucket.rate.window
        previous = min(self.previous, limit)
        if self.current <= limit and previous:
            # When the last window's weight has fallen far enough.
            fallen_at = window * (1 - (limit - self.current) / previous)
            return max(1, math.ceil(fallen_at - self.elapsed))
        # This window is full and becomes the last one; then one request's weight must go.
        return self.reset + math.ceil(window / limit)


class Store(Protocol):
    """Where counts are kept."""

    def add(self, buckets: Sequence[Bucket], now: float) -> list[Count]:
        """Count one request in each bucket."""
        ...

    def take_back(self, buckets: Sequence[Bucket], now: float) -> None:
        """Uncount a refused request: it must not lengthen its own wait."""
        ...


class Memory:
    """Counts of this process."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def add(self, buckets: Sequence[Bucket], now: float) -> list[Count]:
        with self._lock:
            self._make_room(now)
            return [self._add(bucket, now) for bucket in buckets]

    def take_back(self, buckets: Sequence[Bucket], now: float) -> None:
        with self._lock:
            for bucket in buckets:
                name = bucket.name(int(now // bucket.rate.window))
                count, expires = self._counts.get(name, (0, now))
                self._counts[name] = (max(0, count - 1), expires)

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def _add(self, bucket: Bucket, now: float) -> Count:
        index = int(now // bucket.rate.window)
        name = bucket.name(index)
        current = self._counts.get(name, (0, now))[0] + 1
        self._counts[name] = (current, now + 2 * bucket.rate.window)
        previous = self._counts.get(bucket.name(index - 1), (0, now))[0]
        return Count(bucket, now, current, previous)

    def _make_room(self, now: float) -> None:
        if len(self._counts) < MEMORY_SIZE:
            return
        self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
        if len(self._counts) >= MEMORY_SIZE:
            # A flood of addresses: the oldest half goes, the busy callers are counted anew.
            newest = list(self._counts.items())[MEMORY_SIZE // 2 :]
            self._counts = dict(newest)


class Shared:
    """Counts of all processes, in Redis: one round trip for all scopes of a request."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )

    def add(self, buckets: Sequence[Bucket], now: float) -> list[Count]:
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in buckets:
            index = int(now // bucket.rate.window)
            pipeline.incr(bucket.name(index))
            pipeline.expire(bucket.name(index), 2 * bucket.rate.window)
            pipeline.get(bucket.name(index - 1))
        answers = pipeline.execute()
        return [
            Count(bucket, now, int(answers[3 * place]), int(answers[3 * place + 2] or 0))
            for place, bucket in enumerate(buckets)
        ]

    def take_back(self, buckets: Sequence[Bucket], now: float) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for bucket in buckets:
            pipeline.decr(bucket.name(int(now // bucket.rate.window)))
        pipeline.execute()


memory = Memory()
_redis_down_until = 0.0


@lru_cache(maxsize=2)
def _shared(url: str) -> Shared:
    return Shared(url)


@lru_cache(maxsize=64)
def parse_rate(text: str) -> Rate:
    """Return the rate written as `100/hour`."""
    number, _, period = text.partition("/")
    return Rate(int(number), SECONDS[period.strip()])


def check(request: Request, view: Any, scopes: Iterable[str]) -> None:
    """Count the request in its scopes; raises RateLimited when one is full."""
    if not settings.THROTTLING_ENABLED:
        return
    buckets = [_bucket(request, view, scope) for scope in _scopes_of(request, scopes)]
    counts = _count(buckets)
    request._request.rate_limits = counts  # type: ignore[attr-defined]  # noqa: SLF001 -- read back by `headers`
    _refuse_excess(counts)


def count_bad_token(request: Request) -> None:
    """Count a refused Bearer token by address; raises RateLimited when there were too many."""
    if settings.THROTTLING_ENABLED and "Authorization" in request.headers:
        bucket = Bucket("bad_token", client_address(request), _rate("bad_token"))
        _refuse_excess(_count([bucket]))


def spend(scope: str, key: str) -> None:
    """Count one use of something that is no caller; raises RateLimited when there were too many."""
    if settings.THROTTLING_ENABLED:
        digest = hashlib.sha256(key.encode()).hexdigest()
        _refuse_excess(_count([Bucket(scope, digest, _rate(scope))]))


def headers(request: Request) -> dict[str, str]:
    """Return the RateLimit headers of the scopes counted for this request."""
    counts: Sequence[Count] = getattr(request._request, "rate_limits", ())  # noqa: SLF001 -- set by `check`
    if not counts:
        return {}
    return {
        "RateLimit-Policy": ", ".join(count.bucket.policy for count in counts),
        "RateLimit": ", ".join(count.standing for count in counts),
    }


def client_address(request: Request) -> str:
    """Return the address that anonymous callers are counted by."""
    return context.current().ip_address or str(request.META.get("REMOTE_ADDR", ""))


def principal(request: Request) -> str:
    """Return who is asking, or an empty text; never the credential itself."""
    told = getattr(request.auth, "principal", None)
    if told:
        return str(told)
    user = request.user
    return f"user:{user.uuid}" if user and user.is_authenticated else ""


def _caller(request: Request) -> str:
    """Return whom a signed-in call counts for: the token of a program, else the person."""
    counted: str = getattr(request.auth, "counted_as", "")
    return counted or principal(request)


def _scopes_of(request: Request, scopes: Iterable[str]) -> list[str]:
    own = [scope for scope in scopes if scope]
    if request.user and request.user.is_authenticated:
        return [*own, "user"]
    return own if INSTEAD_OF_ANON.intersection(own) else [*own, "anon"]


def _bucket(request: Request, view: Any, scope: str) -> Bucket:
    key = "" if scope in GENERAL else view.throttle_key(scope)
    if not key and scope not in BY_ADDRESS:
        key = _caller(request)
    return Bucket(scope, key or client_address(request), _rate(scope))


def _rate(scope: str) -> Rate:
    return parse_rate(settings.THROTTLE_RATES[scope])


def _count(buckets: Sequence[Bucket]) -> list[Count]:
    """Count one request in each bucket; when one is full, in none."""
    now = time.time()
    store = _store()
    try:
        counts = store.add(buckets, now)
        if any(count.exceeded for count in counts):
            store.take_back(buckets, now)
    except RedisError:
        _note_redis_failure()
        return _count(buckets)
    return counts


def _refuse_excess(counts: Sequence[Count]) -> None:
    full = next((count for count in counts if count.exceeded), None)
    if full is None:
        return
    metrics.count("throttled_total", scope=full.bucket.scope)
    wait = full.retry_after
    raise RateLimited(
        f"Too many requests. Try again in {wait} seconds.",
        details={"scope": full.bucket.scope, "retry_after": wait},
        retry_after=wait,
    )


def _store() -> Store:
    if not settings.REDIS_URL or time.monotonic() < _redis_down_until:
        return memory
    return _shared(settings.REDIS_URL)


def _note_redis_failure() -> None:
    global _redis_down_until  # noqa: PLW0603 -- one switch per process
    _redis_down_until = time.monotonic() + REDIS_PAUSE_SECONDS
    log.warning("throttle store unreachable")
