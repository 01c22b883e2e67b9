"""Right-to-left text: the levels of the Unicode Bidirectional Algorithm for one line.

Explicit directional controls never get here (they are removed with the other control
characters), so the rules for embeddings and isolates are left out. Names in the comments are
those of https://www.unicode.org/reports/tr9/.
"""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

T = TypeVar("T")
STRONG = frozenset({"L", "R"})
NEUTRAL = frozenset({"B", "S", "WS", "ON"})


def levels(text: str) -> list[int]:
    """Return the embedding level of each character; odd levels run right to left."""
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    base = 1 if next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L" else 0
    start = "R" if base else "L"
    _resolve_weak(kinds, start)
    _resolve_neutral(kinds, start)
    return [_implicit(kind, base) for kind in kinds]


def visual_order(runs: Sequence[T], level: Callable[[T], int]) -> list[T]:
    """Return runs in the order they are drawn from left to right (L2)."""
    ordered = list(runs)
    highest = max((level(run) for run in runs), default=0)
    for threshold in range(highest, 0, -1):
        turned = [level(run) >= threshold for run in ordered]
        pairs = groupby(zip(turned, ordered, strict=True), key=itemgetter(0))
        parts = [(is_turned, [run for _, run in group]) for is_turned, group in pairs]
        ordered = [run for is_turned, part in parts for run in (part[::-1] if is_turned else part)]
    return ordered


def _resolve_weak(kinds: list[str], start: str) -> None:
    _attach_marks(kinds, start)
    _arabic_numbers(kinds, start)
    _number_separators(kinds)
    strong = start
    for index, kind in enumerate(kinds):
        if kind in {"ES", "ET", "CS", "BN"}:  # W6
            kinds[index] = "ON"
        elif kind in STRONG:
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            kinds[index] = "L"


def _attach_marks(kinds: list[str], start: str) -> None:
    for index, kind in enumerate(kinds):  # W1
        if kind == "NSM":
            kinds[index] = kinds[index - 1] if index else start


def _arabic_numbers(kinds: list[str], start: str) -> None:
    strong = start
    for index, kind in enumerate(kinds):
        if kind in {"L", "R", "AL"}:
            strong = kind
        elif kind == "EN" and strong == "AL":  # W2
            kinds[index] = "AN"
    for index, kind in enumerate(kinds):  # W3
        if kind == "AL":
            kinds[index] = "R"


def _number_separators(kinds: list[str]) -> None:
    for index in range(1, len(kinds) - 1):  # W4
        before, kind, after = kinds[index - 1 : index + 2]
        between_numbers = before == after and before in {"EN", "AN"}
        if between_numbers and (kind == "CS" or (kind == "ES" and before == "EN")):
            kinds[index] = before
    position = 0
    for kind, group in [(kind, len(list(group))) for kind, group in groupby(kinds)]:  # W5
        end = position + group
        beside = {kinds[position - 1] if position else "", kinds[end] if end < len(kinds) else ""}
        if kind == "ET" and "EN" in beside:
            kinds[position:end] = ["EN"] * group
        position = end


def _resolve_neutral(kinds: list[str], start: str) -> None:
    position = 0
    for neutral, group in [
        (neutral, len(list(group)))
        for neutral, group in groupby(kinds, key=lambda kind: kind in NEUTRAL)
    ]:
        end = position + group
        if neutral:  # N1, N2
            before = _direction(kinds[position - 1]) if position else start
            after = _direction(kinds[end]) if end < len(kinds) else start
            kinds[position:end] = [before if before == after else start] * group
        position = end


def _direction(kind: str) -> str:
    return "L" if kind == "L" else "R"


def _implicit(kind: str, base: int) -> int:
    if base:  # I2
        return 1 if kind == "R" else 2
    return {"L": 0, "R": 1}.get(kind, 2)  # I1
