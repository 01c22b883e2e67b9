"""Counters of this process and figures read from the tables, as Prometheus text.

Each server process counts for itself and leaves a copy in the cache, so that a scrape, which
reaches any one of them, tells the sum of all.
"""

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, Min
from redis.exceptions import RedisError

from common.models import AuditEntry, AuditHead, OutboxTask, OutgoingEmail, PeriodicRun

Labels = tuple[tuple[str, str], ...]
Sample = tuple[Mapping[str, str], float]
Figure = Callable[[datetime], Iterable[Sample]]

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COUNTERS = {
    "http_requests_total": "Requests answered, by method, route and status.",
    "throttled_total": "Requests refused by a throttle, by scope.",
    "idempotency_total": "Requests with an Idempotency-Key, by outcome.",
}
SECONDS = "http_request_seconds"
SHARE_EVERY_SECONDS = 5
SHARED_FOR_SECONDS = 24 * 3600
PROCESSES_KEY = "metrics:processes"


@dataclass
class Tally:
    """What one process, or all of them together, have counted so far."""

    counts: Counter[tuple[str, Labels]] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """Yield the samples in the text format, one type line per name."""
        for name, text in COUNTERS.items():
            yield from _head(name, "counter", text)
            yield from self._samples(name)
        yield from _head(SECONDS, "histogram", "Time to answer, by method and route.")
        for suffix in ("bucket", "sum", "count"):
            yield from self._samples(f"{SECONDS}_{suffix}")

    def _samples(self, name: str) -> Iterator[str]:
        for (counted, labels), value in sorted(self.counts.items()):
            if counted == name:
                yield _line(name, dict(labels), value)


@dataclass(frozen=True)
class _Gauge:
    name: str
    text: str
    read: Figure


_own = Tally()
_lock = threading.Lock()
_gauges: list[_Gauge] = []
_next_share = 0.0


def count(name: str, **labels: str) -> None:
    """Add one to a counter named in `COUNTERS`."""
    if name not in COUNTERS:
        raise KeyError(f"No counter is named {name}.")
    with _lock:
        _own.counts[name, _labels(labels)] += 1


def observe_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request and its time."""
    place = {"method": method, "route": route}
    with _lock:
        _own.counts["http_requests_total", _labels({**place, "status": str(status)})] += 1
        for bucket in (*BUCKETS, float("inf")):
            name = "+Inf" if math.isinf(bucket) else str(bucket)
            _own.counts[f"{SECONDS}_bucket", _labels({**place, "le": name})] += seconds <= bucket
        _own.counts[f"{SECONDS}_sum", _labels(place)] += seconds  # type: ignore[assignment]  # a Counter of numbers
        _own.counts[f"{SECONDS}_count", _labels(place)] += 1


def share(*, at_once: bool = False) -> None:
    """Leave a copy for the other processes, at most every few seconds; no cache, no copy."""
    global _next_share  # noqa: PLW0603 -- one clock per process
    with _lock:
        if time.monotonic() < _next_share and not at_once:
            return
        _next_share = time.monotonic() + SHARE_EVERY_SECONDS
        copy = dict(_own.counts)
    mine = f"metrics:{os.uname().nodename}:{os.getpid()}"
    with suppress(RedisError, OSError):
        cache.set(mine, copy, SHARED_FOR_SECONDS)
        known = cache.get(PROCESSES_KEY) or []
        if mine not in known:
            cache.set(PROCESSES_KEY, [*known, mine], None)


def gauge(name: str, text: str) -> Callable[[Figure], Figure]:
    """Register a figure read at each scrape: upper apps tell theirs this way."""

    def register(read: Figure) -> Figure:
        _gauges.append(_Gauge(name, text, read))
        return read

    return register


def exposition(now: datetime) -> str:
    """Return everything known at this moment in the Prometheus text format."""
    share(at_once=True)
    lines = [*_everybody().lines()]
    for each in _gauges:
        lines += _head(each.name, "gauge", each.text)
        lines += [_line(each.name, labels, value) for labels, value in each.read(now)]
    return "\n".join(lines) + "\n"


def _everybody() -> Tally:
    try:
        copies = cache.get_many(cache.get(PROCESSES_KEY) or []).values()
    except (RedisError, OSError):
        return _own
    total = Tally()
    for copy in copies:
        total.counts.update(copy)
    return total


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@gauge("outbox_tasks", "Durable tasks, by queue and status.")
def _outbox_tasks(_now: datetime) -> Iterator[Sample]:
    for row in OutboxTask.objects.values("queue", "status").annotate(n=Count("id")):
        yield {"queue": row["queue"], "status": row["status"]}, row["n"]


@gauge("outbox_oldest_seconds", "How long the oldest due task has been waiting.")
def _outbox_oldest(now: datetime) -> Iterator[Sample]:
    yield {}, outbox_age(now)


def outbox_age(now: datetime) -> float:
    """Return for how many seconds the oldest due task has been waiting."""
    due = OutboxTask.objects.filter(status=OutboxTask.Status.PENDING, due_at__lte=now)
    oldest = due.aggregate(at=Min("due_at"))["at"]
    return (now - oldest).total_seconds() if oldest else 0.0


@gauge("emails", "Messages in the mail log, by status.")
def _emails(_now: datetime) -> Iterator[Sample]:
    for row in OutgoingEmail.objects.values("status").annotate(n=Count("id")):
        yield {"status": row["status"]}, row["n"]


@gauge("audit_unsealed", "Audit entries that wait for the chain.")
def _audit_unsealed(_now: datetime) -> Iterator[Sample]:
    yield {}, AuditEntry.objects.filter(sequence=None).count()


@gauge("audit_chain_ok", "1 while the audit chain verifies, else 0.")
def _audit_chain_ok(_now: datetime) -> Iterator[Sample]:
    yield {}, 0 if AuditHead.objects.exclude(broken_at=None).exists() else 1


@gauge("periodic_last_success_seconds", "Seconds since the scheduled task last ended well.")
def _periodic(now: datetime) -> Iterator[Sample]:
    finished = PeriodicRun.objects.exclude(last_finished_at=None)
    for name, at in finished.values_list("name", "last_finished_at"):
        yield {"name": name}, (now - at).total_seconds()  # type: ignore[operator]  # null excluded
