"""Progress of management commands: a bar on a terminal, else a line every five seconds."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.core.management.base import OutputWrapper

T = TypeVar("T")

LINE_EVERY_SECONDS = 5
BAR = 30


def shown(rows: Iterable[T], *, total: int, label: str, out: OutputWrapper) -> Iterator[T]:
    """Yield the rows, telling how far it is; end with the count."""
    terminal = out.isatty()
    count, told_at = 0, time.monotonic()
    for row in rows:
        yield row
        count += 1
        pause = 0.1 if terminal else LINE_EVERY_SECONDS
        if time.monotonic() - told_at >= pause:
            told_at = time.monotonic()
            out.write(
                _bar(label, count, total) if terminal else f"{label}: {count} of {total}\n",
                ending="",
            )
            out.flush()
    out.write(f"\r{label}: {count} done.".ljust(BAR * 3) if terminal else f"{label}: {count} done.")


def _bar(label: str, count: int, total: int) -> str:
    filled = BAR * count // max(total, count, 1)
    return f"\r{label} [{'#' * filled}{'.' * (BAR - filled)}] {count}/{total}"
