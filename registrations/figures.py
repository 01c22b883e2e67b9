"""What the people behind events want to know about their registrations, in a few queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from common import intervals
from events.figures import STEP_MINUTES, Day, Figures, Payment, Period
from events.models import Event, EventSession
from registrations.models import AttendanceInterval, Registration

Status = Registration.Status
PaymentStatus = Registration.PaymentStatus
CENT: Final = Decimal("0.01")
STEP: Final = timedelta(minutes=STEP_MINUTES)
RECENT: Final = 10
PAID: Final = Q(
    payment_status__in=[
        PaymentStatus.PAID,
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.REFUNDED,
    ],
    amount_due__gt=0,
)


def of(events: QuerySet[Event], period: Period) -> Figures:
    """Answer `events.figures`: three queries, whatever there is to count."""
    rows = Registration.objects.filter(event__in=events.order_by().values("pk")).order_by()
    numbers = _numbers(rows, period)
    confirmed = Q(status=Status.CONFIRMED)
    came = rows.filter(_within("confirmed_at", period), confirmed_at__isnull=False)
    daily: list[Any] = list(
        came.annotate(day=TruncDate("confirmed_at", tzinfo=period.zone))
        .values("day", "currency")
        .annotate(
            count=Count("pk", filter=confirmed),
            revenue=Sum("amount_due", filter=PAID, default=0),
            refunded=Sum(
                "amount_due", filter=PAID & Q(payment_status=PaymentStatus.REFUNDED), default=0
            ),
        )
        .order_by("day", "currency")
    )
    return Figures(
        **numbers,
        revenue=_by_currency(daily, "revenue"),
        refunded=_by_currency(daily, "refunded"),
        days=_days(daily),
        payments=_payments(came.filter(PAID)),
    )


def presence(sessions: Collection[EventSession]) -> Mapping[int, Sequence[int]]:
    """Answer `events.presence`: one query, read row by row; a person counts once at a time."""
    by_id = {session.pk: session for session in sessions}
    changes = {pk: [0] * (_steps(session) + 1) for pk, session in by_id.items()}
    stays = (
        AttendanceInterval.objects.countable()
        .filter(
            session__in=list(by_id),
            started_at__isnull=False,
            registration__status=Status.CONFIRMED,
            registration__deleted_at=None,
        )
        .order_by("session", "registration")
        .values_list("session", "registration", "started_at", "ended_at")
    )
    for (session_id, _), group in groupby(stays.iterator(chunk_size=2000), key=itemgetter(0, 1)):
        session = by_id[session_id]
        ranges = [(start, end or session.ends_at) for *_, start, end in group if start]
        for start, end in intervals.union(ranges):
            first, last = _reached(session, start), _reached(session, end)
            changes[session_id][first] += 1
            changes[session_id][last] -= 1
    return {pk: _running(steps) for pk, steps in changes.items()}


def _numbers(rows: QuerySet[Registration], period: Period) -> dict[str, Any]:
    came = Q(status=Status.CONFIRMED) & _within("confirmed_at", period)
    issued = _within("certificate_issued_at", period) & Q(certificate_issued_at__isnull=False)
    counts: dict[str, Any] = {
        status.value: Count("pk", filter=Q(status=status)) for status in Status
    }
    found: dict[str, Any] = rows.aggregate(
        **counts,
        came=Count("pk", filter=came),
        attended=Count("pk", filter=came & Q(attended=True)),
        average_percent=Avg("attendance_percent", filter=came),
        average_minutes=Avg("total_attendance_minutes", filter=came),
        certificates=Count("pk", filter=issued),
    )
    return {
        "by_status": {status.value: found[status.value] for status in Status},
        "confirmed": found["came"],
        "attended": found["attended"],
        "average_percent": _rounded(found["average_percent"]),
        "average_minutes": _rounded(found["average_minutes"]),
        "certificates": found["certificates"],
    }


def _within(column: str, period: Period) -> Q:
    """Return the condition of the period, the end excluded."""
    bounds = {f"{column}__gte": period.since, f"{column}__lt": period.until}
    return Q(**{name: moment for name, moment in bounds.items() if moment is not None})


def _by_currency(daily: Sequence[dict[str, Any]], column: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in daily:
        sums[row["currency"]] += row[column]
    return {currency: amount for currency, amount in sorted(sums.items()) if amount}


def _days(daily: Sequence[dict[str, Any]]) -> list[Day]:
    return [
        Day(day, sum(row["count"] for row in rows), _by_currency(rows, "revenue"))
        for day, group in groupby(daily, key=itemgetter("day"))
        for rows in [list(group)]
    ]


def _payments(paid: QuerySet[Registration]) -> list[Payment]:
    last = paid.select_related("event", "order").order_by("-confirmed_at", "-pk")[:RECENT]
    return [
        Payment(
            reference=row.order.reference if row.order else "",
            event=row.event.uuid,
            event_title=row.event.title,
            amount=row.amount_due,
            currency=row.currency,
            payment_status=row.payment_status,
            paid_at=row.confirmed_at or row.created_at,
        )
        for row in last
    ]


def _rounded(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(CENT, rounding=ROUND_HALF_UP)


def _steps(session: EventSession) -> int:
    """Return how many moments are looked at, from the start until before the end."""
    return -(-session.duration_minutes // STEP_MINUTES)


def _reached(session: EventSession, moment: datetime) -> int:
    """Return the first step that is not before the moment."""
    step = -((session.starts_at - moment) // STEP)
    return min(max(step, 0), _steps(session))


def _running(changes: Sequence[int]) -> list[int]:
    present, total = [], 0
    for change in changes[:-1]:
        total += change
        present.append(total)
    return present
