"""How one event is doing, in numbers and in pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count

from common import charts
from common.charts import Chart, Point
from events.figures import STEP_MINUTES, Figures, Money, Period, figures, presence
from events.models import Event, EventInvitation, EventSession

CENT: Final = Decimal("0.01")
ONE_DAY: Final = timedelta(days=1)


def percentage(part: int, whole: int) -> Decimal | None:
    """Return the part in percent with two places; None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(CENT, rounding=ROUND_HALF_UP)


def day_by_day(numbers: Figures, first: date, last: date) -> list[tuple[date, int, Money]]:
    """Return registrations and money of every day, also of those on which nothing came in."""
    known = {day.date: day for day in numbers.days}
    days = (first + ONE_DAY * number for number in range((last - first).days + 1))
    return [
        (day, known[day].count, known[day].revenue) if day in known else (day, 0, {})
        for day in days
    ]


@dataclass
class Statistics:
    """The numbers of one event, days told by the clocks of whoever asks."""

    event: Event
    zone: ZoneInfo

    @cached_property
    def figures(self) -> Figures:
        return figures(Event.all_objects.filter(pk=self.event.pk), Period(self.zone))

    @cached_property
    def sessions(self) -> Sequence[EventSession]:
        return list(self.event.sessions.standing())

    @cached_property
    def presence(self) -> Mapping[int, Sequence[int]]:
        return presence(self.sessions)

    def numbers(self) -> dict[str, Any]:
        """Return everything but the pictures."""
        event, found = self.event, self.figures
        return {
            "total_attendees": found.confirmed,
            "available_spots": event.spots_remaining,
            "waitlist_count": event.waitlist_count,
            "reviews_count": found.ratings.count,
            "average_rating": found.ratings.average,
            "total_revenue": self._money(found.revenue),
            "refunded": self._money(found.refunded),
            "registrations": found.by_status,
            "attendance": {
                "attended": found.attended,
                "attendance_rate": percentage(found.attended, found.confirmed),
                "average_percent": found.average_percent,
                "average_minutes": found.average_minutes,
            },
            "certificate_count": event.certificate_count,
            "invitations": self._invitations(),
            "registrations_by_day": [
                {"date": day, "count": count} for day, count, _ in self._days()
            ],
            "tickets": [
                {"name": sale.name, "sold": sale.sold, "revenue": self._money(sale.revenue)}
                for sale in found.tickets
            ],
            "rating_histogram": {
                str(stars): count for stars, count in enumerate(found.ratings.histogram, start=1)
            },
            "sessions": [
                {
                    "uuid": session.uuid,
                    "title": session.title,
                    "attendance_count": session.attendance_count,
                    "drop_off": self._drop_off(session),
                }
                for session in self.sessions
            ],
        }

    def registrations_chart(self) -> Chart:
        """Draw how many registered on each day."""
        series = [Point(f"{day:%-d %b}", count) for day, count, _ in self._days()]
        return charts.line("Registrations by day", series, unit="registrations")

    def drop_off_chart(self, session: EventSession) -> Chart:
        """Draw how many were present, from the session's start to its end."""
        series = [
            Point(f"{step['minute']} min", step["present"]) for step in self._drop_off(session)
        ]
        return charts.steps(f"Present at {session.title}", series, unit="people")

    def session(self, uuid: UUID | None) -> EventSession | None:
        """Return the session of this uuid; the first one where none is named."""
        found = (each for each in self.sessions if uuid in {None, each.uuid})
        return next(found, None)

    def _days(self) -> list[tuple[date, int, Money]]:
        days = self.figures.days
        return day_by_day(self.figures, days[0].date, days[-1].date) if days else []

    def _drop_off(self, session: EventSession) -> list[dict[str, int]]:
        steps = self.presence.get(session.pk, ())
        return [
            {"minute": number * STEP_MINUTES, "present": present}
            for number, present in enumerate(steps)
        ]

    def _invitations(self) -> dict[str, int]:
        rows = EventInvitation.objects.filter(event=self.event).order_by()
        known = dict(rows.values_list("status").annotate(number=Count("pk")))
        return {status: known.get(status, 0) for status in EventInvitation.Status.values}

    def _money(self, money: Money) -> dict[str, Any]:
        currency = self.event.currency
        return {"amount": money.get(currency, 0), "currency": currency}
