"""What is counted for the people behind events, and at what cost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from events.figures import Day, Period
from events.models import Event
from registrations import figures
from tests.factories.events import STARTS_AT, EventFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    OrderFactory,
    RegistrationFactory,
)

pytestmark = pytest.mark.django_db
UTC_DAYS = Period(ZoneInfo("UTC"))
EVENING = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)


@pytest.fixture
def event():
    return EventFactory(published=True)


def of(*events, period=UTC_DAYS):
    return figures.of(Event.objects.filter(pk__in=[event.pk for event in events]), period)


def paid(event, amount, status="paid", **fields):
    return RegistrationFactory(
        event=event, price_amount=amount, amount_due=amount, payment_status=status, **fields
    )


def test_nothing_is_zero_and_no_average(event):
    found = of(event)

    assert (found.confirmed, found.attended, found.average_percent) == (0, 0, None)
    assert (found.revenue, found.days, found.payments) == ({}, [], [])
    assert set(found.by_status.values()) == {0}


def test_states_attendance_and_certificates_are_counted(event):
    RegistrationFactory(
        event=event, attended=True, attendance_percent=100, total_attendance_minutes=60
    )
    RegistrationFactory(event=event, certificate_issued_at=EVENING, total_attendance_minutes=25)
    RegistrationFactory(event=event, waitlisted=True)
    RegistrationFactory(event=event, cancelled=True, attended=True, attendance_percent=70)
    RegistrationFactory(event=event, deleted_at=EVENING)
    RegistrationFactory()

    found = of(event)

    assert found.by_status == {
        "pending_approval": 0,
        "pending_payment": 0,
        "confirmed": 2,
        "waitlisted": 1,
        "offered": 0,
        "cancelled": 1,
        "expired": 0,
    }
    assert (found.confirmed, found.attended, found.certificates) == (2, 1, 1)
    assert (found.average_percent, found.average_minutes) == (Decimal("50.00"), Decimal("42.50"))


def test_money_is_never_added_across_currencies(event):
    other = EventFactory(published=True, currency="EUR")
    paid(event, 5000, confirmed_at=EVENING)
    paid(event, 3000, "refunded", confirmed_at=EVENING)
    paid(event, 900, "failed", confirmed_at=EVENING)
    paid(other, 7000, currency="EUR", confirmed_at=EVENING)

    found = of(event, other)

    assert found.revenue == {"EUR": 7000, "USD": 8000}
    assert found.refunded == {"USD": 3000}
    assert found.days == [Day(date(2026, 6, 1), 4, {"EUR": 7000, "USD": 8000})]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 6, 1)),
        ("Europe/Berlin", date(2026, 6, 2)),
        ("America/New_York", date(2026, 6, 1)),
    ],
)
def test_days_are_those_of_the_zone(event, zone, day):
    RegistrationFactory(event=event, confirmed_at=EVENING)

    found = of(event, period=Period(ZoneInfo(zone)))

    assert found.days == [Day(day, 1, {})]


def test_only_the_period_counts(event):
    since, until = EVENING, EVENING + timedelta(days=1)
    for moment in (since - timedelta(seconds=1), since, until - timedelta(seconds=1), until):
        paid(event, 100, confirmed_at=moment, certificate_issued_at=moment)

    found = of(event, period=Period(ZoneInfo("UTC"), since, until))

    assert (found.confirmed, found.certificates, found.revenue) == (2, 2, {"USD": 200})
    assert len(found.payments) == 2


def test_the_last_ten_payments_are_named(event):
    order = OrderFactory(event=event)
    rows = [
        paid(event, 100, order=order, confirmed_at=EVENING + timedelta(minutes=number))
        for number in range(12)
    ]

    payments = of(event).payments

    assert [payment.paid_at for payment in payments] == [
        row.confirmed_at for row in reversed(rows[2:])
    ]
    assert (payments[0].reference, payments[0].event, payments[0].amount) == (
        order.reference,
        event.uuid,
        100,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_figures_cost_three_queries(count, django_assert_num_queries):
    events = EventFactory.create_batch(count, published=True)
    for event in events:
        paid(event, 100)
        RegistrationFactory.create_batch(count, event=event)

    with django_assert_num_queries(3):
        found = of(*events)

    assert found.confirmed == count * (count + 1)


class TestPresence:
    @pytest.fixture
    def session(self):
        return EventFactory(published=True, duration_minutes=30).sessions.get()

    def stay(self, session, start, end, registration=None, **fields):
        minutes = [None if m is None else STARTS_AT + timedelta(minutes=m) for m in (start, end)]
        return AttendanceIntervalFactory(
            registration=registration or RegistrationFactory(event=session.event),
            session=session,
            started_at=minutes[0],
            ended_at=minutes[1],
            **fields,
        )

    def present(self, session):
        return figures.presence([session])[session.pk]

    def test_nobody_was_there(self, session):
        assert self.present(session) == [0] * 6

    def test_who_was_there_every_five_minutes(self, session):
        self.stay(session, -10, 40)
        self.stay(session, 5, 10)
        self.stay(session, 6, 21)

        #                           0  5  10 15 20 25
        assert self.present(session) == [1, 2, 2, 2, 2, 1]

    def test_a_person_counts_once_at_a_time(self, session):
        person = RegistrationFactory(event=session.event)
        self.stay(session, 0, 20, person)
        self.stay(session, 10, 30, person)

        assert self.present(session) == [1] * 6

    def test_who_is_still_there_stays_to_the_end(self, session):
        self.stay(session, 10, None)

        assert self.present(session) == [0, 0, 1, 1, 1, 1]

    def test_voided_unmatched_and_cancelled_do_not_count(self, session):
        cancelled = RegistrationFactory(event=session.event, cancelled=True)
        self.stay(session, 0, 30, cancelled)
        self.stay(session, 0, 30, voided_at=STARTS_AT, void_reason="Mistake")
        self.stay(session, None, 30)

        assert self.present(session) == [0] * 6

    @pytest.mark.parametrize("count", [1, 3])
    def test_presence_costs_one_query(self, count, django_assert_num_queries):
        sessions = [EventFactory(published=True).sessions.get() for _ in range(count)]
        for session in sessions:
            self.stay(session, 0, 30)

        with django_assert_num_queries(1):
            found = figures.presence(sessions)

        assert [found[session.pk][0] for session in sessions] == [1] * count
