"""What attendance is worth: one pure function, no database, no clock.

Amounts are Decimal; division is exact and rounding happens once.
"""

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
PLACES: Final = Decimal("0.000001")


class Mode(StrEnum):
    """How a designation turns attendance into credit."""

    ALL_OR_NOTHING = "all_or_nothing"
    PER_SESSION = "per_session"


class Rounding(StrEnum):
    """How a raw amount becomes a multiple of the increment."""

    DOWN = "down"
    NEAREST = "nearest"
    NONE = "none"


@dataclass(frozen=True)
class Rules:
    """What the scheme version says about amounts."""

    increment: Decimal = Decimal("0.01")
    rounding: str = Rounding.DOWN
    first_credit_minimum: Decimal = ZERO
    minimum: Decimal = ZERO
    activity_cap: Decimal | None = None
    multiplier: Decimal = ONE


@dataclass(frozen=True)
class SessionPart:
    """What one session is worth, and whether it was attended."""

    session: str
    value: Decimal
    attended: bool


@dataclass(frozen=True)
class Inputs:
    """Everything the award depends on; equal inputs give equal outcomes."""

    mode: str
    designated_value: Decimal
    rules: Rules
    requires_eligibility: bool
    eligible: bool
    seconds: int
    presence_percent: Decimal
    eligibility_rules: tuple[dict[str, Any], ...] = ()
    sessions: tuple[SessionPart, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The amount, and why it is that amount."""

    value: Decimal
    seconds: int
    presence_percent: Decimal
    reasons: tuple[dict[str, Any], ...] = ()
    flags: tuple[str, ...] = field(default=())


def award(inputs: Inputs) -> Outcome:
    """Return what these inputs earn."""
    value = ZERO
    if inputs.eligible or not inputs.requires_eligibility:
        value = _rounded(_limited(_raw(inputs), inputs) * inputs.rules.multiplier, inputs)
    return Outcome(
        value=value,
        seconds=inputs.seconds,
        presence_percent=inputs.presence_percent,
        reasons=inputs.eligibility_rules if inputs.requires_eligibility else (),
    )


def _raw(inputs: Inputs) -> Decimal:
    if inputs.mode == Mode.ALL_OR_NOTHING:
        return inputs.designated_value
    if all(part.attended for part in inputs.sessions):
        return inputs.designated_value
    return sum((part.value for part in inputs.sessions if part.attended), ZERO)


def _limited(raw: Decimal, inputs: Inputs) -> Decimal:
    capped = min(raw, inputs.designated_value)
    cap = inputs.rules.activity_cap
    return capped if cap is None else min(capped, cap)


def _rounded(raw: Decimal, inputs: Inputs) -> Decimal:
    rules = inputs.rules
    if raw < rules.first_credit_minimum:
        return ZERO
    if rules.rounding == Rounding.NONE:
        value = raw.quantize(PLACES, ROUND_HALF_UP)
    elif rules.rounding == Rounding.NEAREST:
        ceiling = _floor(inputs.designated_value * rules.multiplier, rules.increment)
        value = min(_floor(raw + rules.increment / 2, rules.increment), ceiling)
    else:
        value = _floor(raw, rules.increment)
    value = max(value, rules.first_credit_minimum)
    return value if value >= rules.minimum else ZERO


def _floor(value: Decimal, increment: Decimal) -> Decimal:
    return (value / increment).to_integral_value(ROUND_DOWN) * increment
