"""Numbers about what happened at events, as the app that knows registrations counts them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from events.questions import Question

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from events.models import Event, EventSession

Money = Mapping[str, int]  # minor units by currency; currencies are never added up


@dataclass(frozen=True)
class Day:
    """What came in on one day, by the clocks of whoever asks."""

    date: date
    count: int
    revenue: Money


@dataclass(frozen=True)
class Sale:
    """One kind of ticket."""

    name: str
    sold: int
    revenue: Money


@dataclass(frozen=True)
class Payment:
    """Money that came in for one registration."""

    reference: str
    event: UUID
    event_title: str
    amount: int
    currency: str
    payment_status: str
    paid_at: datetime


@dataclass(frozen=True)
class Ratings:
    """What visible reviews say; the histogram counts from one star to five."""

    count: int = 0
    average: Decimal | None = None
    histogram: Sequence[int] = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Figures:
    """Registrations, attendance and money of some events in some time."""

    by_status: Mapping[str, int] = field(default_factory=dict)
    confirmed: int = 0
    attended: int = 0
    average_percent: Decimal | None = None
    average_minutes: Decimal | None = None
    certificates: int = 0
    revenue: Money = field(default_factory=dict)
    refunded: Money = field(default_factory=dict)
    days: Sequence[Day] = ()
    tickets: Sequence[Sale] = ()
    payments: Sequence[Payment] = ()  # the last ten
    ratings: Ratings = Ratings()


@dataclass(frozen=True)
class Period:
    """From when until when, open where None, and by whose clocks days are told."""

    zone: tzinfo
    since: datetime | None = None
    until: datetime | None = None


# (events, period) -> the numbers, in as many queries for one event as for thousands.
figures: Question[["QuerySet[Event]", Period], Figures] = Question(lambda *_: Figures())
# (sessions) -> by session id how many were present at its start and every five minutes on.
presence: Question[[Collection["EventSession"]], Mapping[int, Sequence[int]]] = Question(
    lambda *_: {}
)
STEP_MINUTES = 5
