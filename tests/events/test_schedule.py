from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from common.exceptions import InvalidStatus
from events import schedule
from events.models import Event, EventSession
from events.signals import event_rescheduled
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory

WEEK = timedelta(weeks=1)


def session(day, minutes, status="scheduled"):
    return EventSession(
        starts_at=datetime(2027, 6, day, 9, tzinfo=UTC), duration_minutes=minutes, status=status
    )


def test_event_spans_its_sessions_that_are_not_cancelled():
    event = Event()

    schedule.derive(event, [session(3, 90), session(10, 60), session(17, 120, "cancelled")])

    assert (event.starts_at, event.ends_at, event.duration_minutes) == (
        datetime(2027, 6, 3, 9, tzinfo=UTC),
        datetime(2027, 6, 10, 10, tzinfo=UTC),
        150,
    )


def test_credits_are_shared_by_minutes_half_up():
    event = Event(cpd_enabled=True, cpd_credit_value=Decimal("6.00"))
    sessions = [session(3, 60), session(4, 60), session(5, 120), session(6, 60, "cancelled")]
    for number, each in enumerate(sessions, start=1):
        each.pk = number

    assert schedule.session_credits(event, sessions) == {
        1: Decimal("1.50"),
        2: Decimal("1.50"),
        3: Decimal("3.00"),
        4: Decimal("0.00"),
    }


def test_own_value_of_a_session_wins():
    event = Event(cpd_enabled=True, cpd_credit_value=Decimal(1))
    only = session(3, 60)
    only.pk, only.cpd_credit_value_override = 1, Decimal("0.25")

    assert schedule.session_credits(event, [only]) == {1: Decimal("0.25")}


@pytest.fixture
def announced():
    heard = []

    def hear(event, **_):
        heard.append((event.pk, event.notify_registrants))

    event_rescheduled.connect(hear)
    yield heard
    event_rescheduled.disconnect(hear)


def test_rescheduling_moves_session_opening_and_deadline(organizer, announced):
    event = EventFactory(
        owner=organizer,
        published=True,
        registration_opens_at=STARTS_AT - 2 * WEEK,
        registration_deadline=STARTS_AT - timedelta(days=1),
    )

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + WEEK, duration_minutes=90)

    event = Event.objects.get()
    only = event.sessions.get()
    assert (only.starts_at, only.ends_at, only.calendar_sequence) == (
        STARTS_AT + WEEK,
        STARTS_AT + WEEK + timedelta(minutes=90),
        1,
    )
    assert event.previous_starts_at == STARTS_AT
    assert event.calendar_sequence == 1
    assert event.registration_opens_at == STARTS_AT - WEEK
    assert event.registration_deadline == STARTS_AT + WEEK - timedelta(days=1)
    assert announced == [(event.pk, True)]


def test_rescheduling_to_the_same_time_announces_nothing(organizer, announced):
    event = EventFactory(owner=organizer, published=True)

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT, timezone="UTC")

    assert announced == []
    assert Event.objects.get().calendar_sequence == 0


def test_silent_rescheduling_says_so_to_those_who_mail(organizer, announced):
    event = EventFactory(owner=organizer, published=True)

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + WEEK, notify=False)

    assert announced == [(event.pk, False)]


def test_sessions_of_an_event_move_together(organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    EventSessionFactory(event=event)
    EventSessionFactory(event=event, starts_at=STARTS_AT + timedelta(days=1))
    schedule.derive(event, list(event.sessions.all()))
    event.save()

    schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + WEEK)

    assert [row.starts_at for row in event.sessions.all()] == [
        STARTS_AT + WEEK,
        STARTS_AT + WEEK + timedelta(days=1),
    ]
    assert Event.objects.get().ends_at == STARTS_AT + WEEK + timedelta(days=1, hours=1)


def test_length_of_an_event_with_sessions_cannot_be_set(organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    EventSessionFactory(event=event)

    with pytest.raises(ValidationError) as refused:
        schedule.reschedule(event, by=organizer, duration_minutes=90)

    assert refused.value.message_dict == {
        "duration_minutes": ["The length follows from the sessions."]
    }


@pytest.mark.parametrize("status", ["draft", "live", "completed", "closed", "cancelled"])
def test_only_published_events_are_rescheduled(organizer, status):
    traits = {} if status == "draft" else {status: True}
    event = EventFactory(owner=organizer, **traits)

    with pytest.raises(InvalidStatus) as refused:
        schedule.reschedule(event, by=organizer, starts_at=STARTS_AT + WEEK)

    assert refused.value.details == {"status": status}


def test_new_start_must_be_in_the_future(organizer):
    event = EventFactory(owner=organizer, published=True)

    with pytest.raises(ValidationError, match="future"):
        schedule.reschedule(event, by=organizer, starts_at=datetime(2020, 1, 1, tzinfo=UTC))
