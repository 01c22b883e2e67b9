"""Arithmetic of time ranges, as laws."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from common.intervals import clip, subtract, total_seconds, union

DAY = datetime(2027, 3, 1, tzinfo=UTC)
minutes = st.integers(0, 60)
ranges = st.lists(st.tuples(minutes, minutes))


def at(minute: int) -> datetime:
    return DAY + timedelta(minutes=minute)


def timed(pairs):
    return [(at(start), at(end)) for start, end in pairs]


def covered(pairs) -> set[int]:
    """Return the minutes that lie in a range: what the arithmetic must agree with."""
    return {minute for start, end in pairs for minute in range(start, end)}


def minutes_of(found) -> set[int]:
    return covered((int((s - DAY).seconds / 60), int((e - DAY).seconds / 60)) for s, e in found)


@given(ranges)
def test_union_covers_the_same_minutes_once(pairs):
    found = union(timed(pairs))

    assert minutes_of(found) == covered(pairs)
    assert all(one[1] < two[0] for one, two in pairwise(found))
    assert all(start < end for start, end in found)


@given(ranges, st.randoms())
def test_order_and_repetition_change_nothing(pairs, random):
    shuffled = [*pairs, *pairs]
    random.shuffle(shuffled)

    assert union(timed(shuffled)) == union(timed(pairs))


@given(ranges, minutes, minutes)
def test_clipping_keeps_what_is_inside(pairs, start, end):
    found = clip(timed(pairs), at(start), at(end))

    assert minutes_of(found) == covered(pairs) & set(range(start, end))


@given(ranges, ranges)
def test_subtracting_leaves_what_is_in_none_of_the_removed(pairs, removed):
    found = subtract(timed(pairs), timed(removed))

    assert minutes_of(found) == covered(pairs) - covered(removed)


@given(ranges)
def test_the_total_counts_overlaps_once(pairs):
    assert total_seconds(timed(pairs)) == 60 * len(covered(pairs))


def test_ranges_are_half_open():
    assert union(timed([(0, 5), (5, 9)])) == timed([(0, 9)])
    assert clip(timed([(0, 5)]), at(5), at(9)) == []
