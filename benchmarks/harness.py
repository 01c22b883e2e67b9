"""Measure callables against each other: CPU of this process, interleaved, minimum of rounds."""

import gc
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

ROUNDS = 7
CALLS = 20
RESULTS = Path(__file__).parent / "results.md"


@dataclass(frozen=True)
class Row:
    """One line of the table: what, against what, and whether it is good enough."""

    what: str
    against: str
    must: float
    ours_ms: float
    theirs_ms: float
    queries: int = 0
    max_queries: int = 0

    @property
    def ratio(self) -> float:
        return self.theirs_ms / self.ours_ms

    @property
    def holds(self) -> bool:
        return self.ratio >= self.must and self.queries <= self.max_queries


def compare(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    clock: Callable[[], float] = time.process_time,
    calls: int = CALLS,
) -> tuple[float, float]:
    """Return the CPU milliseconds per call of both, each the minimum of interleaved rounds."""
    best = [float("inf"), float("inf")]
    for callable_ in (ours, theirs):
        callable_()
    for _ in range(ROUNDS):
        for index, callable_ in enumerate((ours, theirs)):
            best[index] = min(best[index], _cpu_ms(callable_, clock, calls))
    return best[0], best[1]


def queries(call: Callable[[], object]) -> int:
    """Return how many statements a call sends, savepoints and transactions not counted."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return sum(not _is_framing(entry["sql"]) for entry in captured.captured_queries)


def write(rows: list[Row]) -> None:
    """Write the table to ``results.md`` and print it."""
    lines = [
        "# Benchmarks",
        "",
        (
            f"Python {platform.python_version()}, {connection.vendor}; CPU ms per call in this "
            f"process (searches: of the database, too), minimum of {ROUNDS} interleaved rounds "
            f"of {CALLS} calls (searches: 3), on 100,000 events of 200 words each. "
            "Ratio = theirs / ours."
        ),
        "",
        "| what | against | ratio | must | ours ms | theirs ms | queries | at most | holds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.what} | {row.against} | {row.ratio:.2f} | {row.must:.2f} | {row.ours_ms:.2f} "
        f"| {row.theirs_ms:.2f} | {row.queries} | {row.max_queries} "
        f"| {'yes' if row.holds else 'no'} |"
        for row in rows
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    print(json.dumps({row.what: round(row.ratio, 3) for row in rows}))


def cpu_with_database() -> float:
    """Return the CPU seconds of this process and of its connection's server process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(nanoseconds) / 1e9


def _cpu_ms(call: Callable[[], object], clock: Callable[[], float], calls: int) -> float:
    gc.collect()
    started = clock()
    for _ in range(calls):
        call()
    return (clock() - started) * 1000 / calls


def _is_framing(sql: str) -> bool:
    return sql.split(" ", 1)[0].upper() in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK"}
