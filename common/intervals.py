"""Half-open stretches of time ``[start, end)``: union, clip, subtract, total. Pure functions."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

Stretch: TypeAlias = tuple[datetime, datetime]


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the same time in order and without overlap; empty stretches are none."""
    merged: list[Stretch] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[0] < stretch[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def clip(stretches: Iterable[Stretch], start: datetime, end: datetime) -> list[Stretch]:
    """Return what of each stretch lies in ``[start, end)``."""
    cut = ((max(begin, start), min(finish, end)) for begin, finish in stretches)
    return [(begin, finish) for begin, finish in cut if begin < finish]


def subtract(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """Return the union of the stretches without the time that is taken."""
    left = union(stretches)
    for begin, finish in union(taken):
        left = [
            part
            for start, end in left
            for part in ((start, min(end, begin)), (max(start, finish), end))
            if part[0] < part[1]
        ]
    return left


def total_seconds(stretches: Iterable[Stretch]) -> int:
    """Return the whole seconds of the union."""
    return sum(int((end - start).total_seconds()) for start, end in union(stretches))
