"""Text into boxes: the largest size at which everything stands inside, never clipped."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

STEP = 0.5
LEADING = 1.3
Measure = Callable[[str], float]  # width of a text per unit of font size


@dataclass(frozen=True)
class Box:
    """Where a text may stand, in px."""

    width: float
    height: float | None
    size: float
    min_size: float
    max_lines: int = 1
    fit: Literal["shrink", "wrap"] = "shrink"


@dataclass(frozen=True)
class Fitted:
    """The size found, and the lines at it."""

    size: float
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING


def fit(text: str, box: Box, measure: Measure) -> Fitted | None:
    """Return the text at its largest size inside the box, or None when no size fits.

    ``shrink`` prefers fewer lines to a larger size, ``wrap`` a larger size to fewer lines.
    """
    known: dict[str, float] = {}

    def width(part: str) -> float:
        if part not in known:
            known[part] = measure(part)
        return known[part]

    paragraphs = [line.split(" ") for line in text.split("\n")]
    counts = [box.max_lines] if box.fit == "wrap" else range(1, box.max_lines + 1)
    for count in counts:
        fitted = _largest(paragraphs, box, count, width)
        if fitted is not None:
            return fitted
    return None


def _largest(
    paragraphs: list[list[str]], box: Box, max_lines: int, width: Measure
) -> Fitted | None:
    steps = math.floor((box.size - box.min_size) / STEP)
    for size in (box.size - STEP * step for step in range(steps + 1)):
        lines = _broken(paragraphs, box.width / size, width)
        if lines is None or len(lines) > max_lines:
            continue
        fitted = Fitted(size, tuple(lines))
        if box.height is None or fitted.height <= box.height:
            return fitted
    return None


def _broken(paragraphs: list[list[str]], limit: float, width: Measure) -> list[str] | None:
    """Break paragraphs between words; None when a word alone is too wide."""
    lines: list[str] = []
    for words in paragraphs:
        line = words[0]
        for word in words[1:]:
            # Summed from words: shaping each longer line anew would cost their square.
            if _sum(line, word, width) <= limit:
                line = f"{line} {word}"
            else:
                lines.append(line)
                line = word
        lines.append(line)
    return None if any(_total(line, width) > limit for line in lines) else lines


def _sum(line: str, word: str, width: Measure) -> float:
    return _total(line, width) + width(" ") + width(word)


def _total(line: str, width: Measure) -> float:
    words = line.split(" ")
    return sum(width(word) for word in words) + width(" ") * (len(words) - 1)
