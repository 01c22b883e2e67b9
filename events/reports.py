"""How the events of a tenant did over some time."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from events.figures import Figures, Money, Period, figures
from events.models import Event
from events.statistics import day_by_day

DAYS: Final = {"last-7-days": 7, "last-30-days": 30, "last-90-days": 90}
THIS_YEAR: Final = "this-year"
PERIODS: Final = (*DAYS, THIS_YEAR)
USUAL: Final = "last-30-days"
OVER: Final = ("completed", "closed")


def report(
    events: QuerySet[Event], *, period: str, zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    """Return the numbers of the events in the period, today included, day by day in the zone."""
    since = _beginning(period, zone, now)
    found = figures(events, Period(zone, since, now))
    hosted = events.filter(status__in=OVER, starts_at__gte=since, starts_at__lt=now)
    days = day_by_day(found, since.astimezone(zone).date(), now.astimezone(zone).date())
    return {
        "period": period,
        "since": since,
        "until": now,
        "summary": {
            "total_revenue": amounts(found.revenue),
            "total_attendees": found.confirmed,
            "events_hosted": hosted.count(),
            "average_rating": found.ratings.average,
        },
        "trends": [
            {"date": day, "registrations": count, "revenue": amounts(revenue)}
            for day, count, revenue in days
        ],
        "ticket_breakdown": _tickets(found),
        "recent_transactions": [
            {
                "reference": payment.reference,
                "event": {"uuid": payment.event, "title": payment.event_title},
                "amount": payment.amount,
                "currency": payment.currency,
                "payment_status": payment.payment_status,
                "paid_at": payment.paid_at,
            }
            for payment in found.payments
        ],
    }


def amounts(money: Money) -> list[dict[str, Any]]:
    """Return money as answers show it; every currency stands for itself."""
    return [{"amount": amount, "currency": currency} for currency, amount in money.items()]


def _tickets(found: Figures) -> list[dict[str, Any]]:
    return [
        {"name": sale.name, "sold": sale.sold, "revenue": amounts(sale.revenue)}
        for sale in found.tickets
    ]


def _beginning(period: str, zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone).date()
    first = (
        today.replace(month=1, day=1)
        if period == THIS_YEAR
        else today - timedelta(days=DAYS[period] - 1)
    )
    return datetime.combine(first, time(), tzinfo=zone)
