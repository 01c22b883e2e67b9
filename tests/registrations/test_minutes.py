"""Minutes are the union of what was observed, within the window."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.models import Event, EventSession
from registrations.minutes import tally
from registrations.models import AttendanceInterval

START = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)


def at(clock):
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return datetime(2027, 3, 1, hour, minute, *second, tzinfo=UTC)


def session(duration=60):
    built = EventSession(starts_at=START, duration_minutes=duration)
    built.ends_at = at("11:00")
    return built


def stay(start=None, end=None, **identity):
    estimated = identity.pop("estimated", False)
    return AttendanceInterval(
        started_at=start and at(start),
        ended_at=end and at(end),
        is_estimated=estimated,
        identity=identity,
    )


LAPTOP_PHONE_LAPTOP = [("9:55", "10:20"), ("10:10", "10:40"), ("10:50", "11:10")]


@pytest.mark.parametrize("order", list(permutations(LAPTOP_PHONE_LAPTOP)), ids=str)
def test_the_worked_example_in_every_order_and_repeated(order):
    stays = [stay(*stretch) for stretch in (*order, order[0])]

    found = tally(stays, session(), Event())

    assert (found.minutes, found.percent) == (50, 83)
    assert (found.first_join_at, found.last_leave_at) == (at("9:55"), at("11:10"))


@pytest.mark.parametrize(
    ("stays", "seconds"),
    [
        ([], 0),
        ([("10:00", "10:00")], 0),
        ([("10:20", "10:10")], 0),
        ([("9:00", "10:00")], 0),
        ([("11:00", "12:00")], 0),
        ([("10:00", "10:00:59")], 59),
        ([("9:00", "12:00")], 3600),
        ([("10:00", None)], 0),
        ([(None, "10:30")], 0),
        ([("10:00", "10:10"), ("10:10", "10:20")], 1200),
    ],
    ids=str,
)
def test_edges(stays, seconds):
    assert tally([stay(*stretch) for stretch in stays], session(), Event()).seconds == seconds


def test_grace_widens_the_window_but_never_the_percent():
    event = Event(early_join_grace_minutes=10, late_leave_grace_minutes=10)

    found = tally([stay("9:50", "11:10")], session(), event)

    assert (found.minutes, found.percent) == (80, 100)


class TestWithoutUserId:
    """Arrivals and departures are rows of their own."""

    def test_a_departure_ends_the_latest_arrival_before_it(self):
        stays = [
            stay("10:00", participant_uuid="P1"),
            stay("10:30", participant_uuid="P1"),
            stay(None, "10:20", participant_uuid="P1"),
            stay(None, "10:50", participant_uuid="P1"),
        ]

        assert tally(stays, session(), Event()).minutes == 40

    def test_a_departure_corrects_an_estimated_end(self):
        stays = [
            stay("10:00", "11:00", participant_uuid="P1", estimated=True),
            stay(None, "10:20", participant_uuid="P1"),
        ]

        assert tally(stays, session(), Event()).minutes == 20

    def test_an_estimated_end_stands_until_then(self):
        stays = [stay("10:00", "11:00", participant_uuid="P1", estimated=True)]

        assert tally(stays, session(), Event()).minutes == 60

    @pytest.mark.parametrize("other", [{"participant_uuid": "P2"}, {}], ids=str)
    def test_somebody_elses_departure_ends_nothing(self, other):
        stays = [stay("10:00", participant_uuid="P1"), stay(None, "10:20", **other)]

        assert tally(stays, session(), Event()).minutes == 0

    def test_a_departure_before_the_arrival_ends_nothing(self):
        stays = [stay("10:30", participant_uuid="P1"), stay(None, "10:20", participant_uuid="P1")]

        assert tally(stays, session(), Event()).minutes == 0

    def test_a_whole_stay_needs_no_partner(self):
        assert (
            tally([stay("10:00", "10:20", participant_uuid="P1")], session(), Event()).minutes == 20
        )


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_no_order_and_no_repetition_changes_the_minutes(stretches, chance):
    stays = [
        AttendanceInterval(
            started_at=START.replace(hour=9 + first // 60, minute=first % 60),
            ended_at=START.replace(hour=9 + last // 60, minute=last % 60),
        )
        for first, last in stretches
    ]
    shuffled = [*stays, *stays[:3]]
    chance.shuffle(shuffled)

    once, again = (tally(rows, session(), Event()) for rows in (stays, shuffled))

    assert once == again
    assert 0 <= once.minutes <= 60
