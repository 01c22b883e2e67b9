from datetime import UTC, datetime, timedelta

import pytest

from events import counts, questions
from events.models import Event, EventSession
from tests.factories.events import STARTS_AT, EventFactory

SATURDAY = datetime(2027, 3, 6, 3, 10, tzinfo=UTC)
SUNDAY = SATURDAY + timedelta(days=1)


@pytest.fixture
def counted(monkeypatch):
    """Let registrations count seven for every event, and nobody count anything else."""
    for question in questions.counts.values():
        monkeypatch.setattr(question, "_answer", None)
    monkeypatch.setattr(
        questions.counts["registration_count"], "_answer", lambda ids: dict.fromkeys(ids, 7)
    )


def test_columns_asked_for_are_written_and_no_edit_is_pretended(organizer, counted):
    event = EventFactory(owner=organizer, places_taken=3)

    counts.recount([event.pk], ["registration_count", "places_taken"])

    row = Event.objects.get()
    assert (row.registration_count, row.places_taken) == (7, 3)
    assert row.updated_at == event.updated_at


def test_sessions_are_recounted(organizer, monkeypatch):
    session = EventFactory(owner=organizer).sessions.get()
    monkeypatch.setattr(questions.session_counts, "_answer", lambda ids: dict.fromkeys(ids, 4))

    counts.recount_sessions([session.pk])

    assert EventSession.objects.get().attendance_count == 4


def test_nightly_check_repairs_once(organizer, counted):
    EventFactory(owner=organizer)

    assert (counts.check(SATURDAY), counts.check(SATURDAY)) == (1, 0)
    assert Event.objects.get().registration_count == 7


@pytest.mark.parametrize(("now", "wrong"), [(SATURDAY, 0), (SUNDAY, 1)])
def test_old_events_are_checked_on_sundays(organizer, counted, now, wrong):
    old = STARTS_AT - timedelta(days=365)
    event = EventFactory(owner=organizer, starts_at=old)
    Event.objects.filter(pk=event.pk).update(updated_at=old)

    assert counts.check(now) == wrong


def test_nobody_vouches_for_a_reference_by_default():
    with pytest.raises(questions.UnknownReference):
        questions.Question(questions._refuse)(None, None)


def test_question_has_one_answer(monkeypatch):
    question = questions.Question(lambda: 0)
    question.answer(lambda: 1)

    with pytest.raises(RuntimeError):
        question.answer(lambda: 2)

    assert question() == 1
