"""Half-open time ranges [start, end): pure functions, whatever is comparable and subtractable."""

from collections.abc import Iterable
from datetime import datetime, timedelta

Range = tuple[datetime, datetime]


def union(ranges: Iterable[Range]) -> list[Range]:
    """Return the ranges sorted, merged where they touch or overlap; empty ones are dropped."""
    merged: list[Range] = []
    for start, end in sorted(one for one in ranges if one[0] < one[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(ranges: Iterable[Range], start: datetime, end: datetime) -> list[Range]:
    """Return what of the ranges lies within [start, end), in their order."""
    clipped = ((max(one[0], start), min(one[1], end)) for one in ranges)
    return [one for one in clipped if one[0] < one[1]]


def subtract(ranges: Iterable[Range], removed: Iterable[Range]) -> list[Range]:
    """Return what of the union of the ranges is in none of the removed ones."""
    rest = union(ranges)
    for start, end in union(removed):
        rest = [
            piece
            for one in rest
            for piece in ((one[0], min(one[1], start)), (max(one[0], end), one[1]))
            if piece[0] < piece[1]
        ]
    return rest


def total_seconds(ranges: Iterable[Range]) -> float:
    """Return the length of all ranges together, overlaps counted once."""
    length = sum((end - start for start, end in union(ranges)), timedelta())
    return length.total_seconds()
