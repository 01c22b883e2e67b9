"""The award function, by the worked cases of the rules."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.credits.arithmetic import (
    Inputs,
    Mode,
    Rounding,
    Rules,
    SessionPart,
    award,
)

SIMPLE = Rules(increment=Decimal("0.01"), minimum=Decimal("0.01"))
RULE = {
    "code": "attendance_percent",
    "label": "Attendance",
    "need": 80,
    "have": 79,
    "unit": "percent",
    "verdict": "unmet",
}


def inputs(**changes) -> Inputs:
    facts = {
        "mode": Mode.ALL_OR_NOTHING,
        "designated_value": Decimal("2.50"),
        "rules": SIMPLE,
        "requires_eligibility": True,
        "eligible": True,
        "seconds": 3000,
        "presence_percent": Decimal(83),
    }
    return Inputs(**facts | changes)


def parts(values: list[str], attended: set[int]) -> tuple[SessionPart, ...]:
    return tuple(
        SessionPart(session=str(number), value=Decimal(value), attended=number in attended)
        for number, value in enumerate(values, start=1)
    )


def test_everybody_eligible_gets_exactly_the_stated_value():
    outcome = award(inputs())

    assert (outcome.value, outcome.seconds, outcome.presence_percent) == (
        Decimal("2.50"),
        3000,
        Decimal(83),
    )


def test_nobody_else_gets_anything_and_the_reasons_say_why():
    outcome = award(inputs(eligible=False, eligibility_rules=(RULE,)))

    assert (outcome.value, outcome.reasons) == (Decimal(0), (RULE,))


@pytest.mark.parametrize(
    ("designated", "values", "attended", "earned"),
    [
        ("6.00", ["1.50", "1.50", "3.00"], {1, 3}, "4.50"),
        ("6.50", ["2.00", "1.50", "3.00"], {1, 3}, "5.00"),
        ("5.00", ["1.67", "1.67", "1.67"], {1, 2}, "3.34"),
        ("5.00", ["1.67", "1.67", "1.67"], {1, 2, 3}, "5.00"),
        ("1.00", ["0.33", "0.33", "0.33"], {1, 2, 3}, "1.00"),
        ("1.00", ["0.33", "0.33", "0.33"], set(), "0"),
    ],
)
def test_several_sessions_earn_what_was_attended(designated, values, attended, earned):
    outcome = award(
        inputs(
            mode=Mode.PER_SESSION,
            designated_value=Decimal(designated),
            sessions=parts(values, attended),
        )
    )

    assert outcome.value == Decimal(earned)


@pytest.mark.parametrize(
    ("rules", "value", "earned"),
    [
        (Rules(increment=Decimal("0.25")), "1.20", "1.00"),
        (Rules(increment=Decimal("0.25"), rounding=Rounding.NEAREST), "1.13", "1.00"),
        (Rules(increment=Decimal("0.25"), rounding=Rounding.NEAREST), "1.25", "1.25"),
        (Rules(rounding=Rounding.NONE), "0.3333335", "0.333334"),
        (Rules(first_credit_minimum=Decimal(1)), "0.99", "0"),
        (Rules(increment=Decimal("0.4"), first_credit_minimum=Decimal("0.5")), "0.7", "0.5"),
        (Rules(minimum=Decimal("0.5")), "0.49", "0"),
        (Rules(activity_cap=Decimal(2)), "3.00", "2.00"),
        (Rules(multiplier=Decimal(3), increment=Decimal("0.2")), "1.2", "3.6"),
    ],
)
def test_amounts_are_rounded_once_and_bounded(rules, value, earned):
    assert award(inputs(designated_value=Decimal(value), rules=rules)).value == Decimal(earned)


@given(
    values=st.lists(st.decimals("0.01", "9.99", places=2), min_size=1, max_size=6),
    attended=st.sets(st.integers(1, 6)),
)
def test_no_award_exceeds_the_designation_and_attending_more_never_earns_less(values, attended):
    texts = [str(value) for value in values]
    total = sum(values)
    growing = [set(sorted(attended)[:count]) for count in range(len(attended) + 1)]

    earned = [
        award(
            inputs(mode=Mode.PER_SESSION, designated_value=total, sessions=parts(texts, chosen))
        ).value
        for chosen in growing
    ]

    assert all(0 <= value <= total for value in earned)
    assert all(before <= after for before, after in pairwise(earned))
