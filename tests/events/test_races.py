"""Several people at one event: each move happens once, and is told once."""

import threading
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from common.exceptions import InvalidStatus
from events import agenda, signals
from events.advancing import advance
from events.models import Event, EventSession
from events.querysets import OVERRUN
from tests.factories.events import EventFactory, EventSessionFactory

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
    ),
]
MOVES = {
    "publish": ("draft", "published", "event_published"),
    "unpublish": ("published", "draft", "event_unpublished"),
    "start": ("published", "live", "event_started"),
    "complete": ("live", "completed", "event_completed"),
    "cancel": ("published", "cancelled", "event_cancelled"),
    "close": ("completed", "closed", None),
}


@pytest.fixture
def heard():
    """How often each signal was sent."""
    counted = Counter()
    listeners = []
    for name in filter(None, (signal for *_, signal in MOVES.values())):

        def hear(_name=name, **_):
            counted[_name] += 1

        listeners.append((getattr(signals, name), hear))
        getattr(signals, name).connect(hear, weak=False)
    yield counted
    for signal, hear in listeners:
        signal.disconnect(hear)


def make(status, owner):
    return EventFactory(owner=owner, **({} if status == "draft" else {status: True}))


def moves_of(event):
    return sorted(event.status_history.values_list("from_status", "to_status"))


@pytest.mark.parametrize("verb", MOVES)
def test_racing_organizers_leave_one_move(organizer, colleague, at_once, heard, verb):
    before, after, signal = MOVES[verb]
    event = make(before, organizer)

    def move(by):
        getattr(Event.objects.get(pk=event.pk), verb)(by=by)

    outcomes = at_once(
        *(lambda by=by: move(by) for by in (organizer, colleague, organizer, colleague))
    )

    refusals = [outcome for outcome in outcomes if outcome]
    assert [(type(refusal), refusal.details) for refusal in refusals] == [
        (InvalidStatus, {"status": after})
    ] * 3
    assert moves_of(event) == [(before, after)]
    assert heard == ({signal: 1} if signal else {})


def test_cancelling_and_completing_exclude_one_another(organizer, colleague, at_once, heard):
    event = make("live", organizer)

    outcomes = at_once(
        lambda: Event.objects.get(pk=event.pk).cancel(by=organizer),
        lambda: Event.objects.get(pk=event.pk).complete(by=colleague),
    )

    event.refresh_from_db()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidStatus", "NoneType"]
    assert moves_of(event) == [("live", event.status)]
    assert heard == {f"event_{event.status}": 1}


def test_sweeps_and_an_organizer_complete_once(organizer, at_once, heard):
    event = make("live", organizer)
    long_after = event.ends_at + 3 * OVERRUN

    at_once(
        lambda: advance(long_after),
        lambda: advance(long_after),
        lambda: Event.objects.get(pk=event.pk).complete(by=organizer, at=timezone.now()),
    )

    assert moves_of(event) == [("live", "completed")]
    assert heard == {"event_completed": 1}


def test_two_organizers_do_not_cancel_the_last_two_sessions(organizer, colleague, at_once):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    sessions = EventSessionFactory.create_batch(2, event=event)

    def cancel(session, by):
        EventSession.objects.select_related("event").get(pk=session.pk).cancel(by=by)

    outcomes = at_once(
        *(
            lambda session=session, by=by: cancel(session, by)
            for session, by in zip(sessions, (organizer, colleague), strict=True)
        )
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LastSession", "NoneType"]
    assert sorted(event.sessions.values_list("status", flat=True)) == ["cancelled", "scheduled"]
    event.refresh_from_db()
    assert event.duration_minutes == sessions[0].duration_minutes


def test_fifty_sessions_stay_the_limit(organizer, at_once, monkeypatch):
    monkeypatch.setattr(EventSession, "LIMIT", 2)
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    first = EventSessionFactory(event=event)
    new = {"title": "Practice", "starts_at": first.starts_at, "duration_minutes": 60}

    outcomes = at_once(
        *(lambda: agenda.add(Event.objects.get(pk=event.pk), by=organizer, **new) for _ in range(3))
    )

    refused = [type(outcome).__name__ for outcome in outcomes if outcome]
    assert refused == ["SessionLimit"] * 2
    assert sorted(event.sessions.values_list("session_number", flat=True)) == [1, 2]


def test_without_the_lock_the_race_is_lost(organizer, at_once, monkeypatch):
    event = make("published", organizer)
    both_have_looked = threading.Barrier(2)

    def look_without_lock(row):
        row.refresh_from_db()
        both_have_looked.wait()

    monkeypatch.setattr(Event, "lock", look_without_lock)

    at_once(*(lambda: Event.objects.get(pk=event.pk).cancel(by=organizer) for _ in range(2)))

    assert event.status_history.count() == 2
