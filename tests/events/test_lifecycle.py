from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.entitlements import SubscriptionRequired
from common.exceptions import InvalidStatus
from common.models import AuditEntry
from events import questions, reminders, signals
from events.models import Event, EventSession
from events.models.event import EventHasRegistrations, EventNotDeletable
from events.models.session import LastSession, SingleSessionEvent
from events.readiness import NotReadyToPublish
from tests.factories.accounts import UserFactory
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory

STATUSES = ("draft", "published", "live", "completed", "closed", "cancelled")
VERBS = {
    "publish": ({"draft"}, "published", "event_published"),
    "unpublish": ({"published"}, "draft", "event_unpublished"),
    "start": ({"published"}, "live", "event_started"),
    "complete": ({"live"}, "completed", "event_completed"),
    "cancel": ({"published", "live"}, "cancelled", "event_cancelled"),
    "close": ({"completed"}, "closed", None),
    "reopen": ({"closed"}, "completed", None),
}
ALLOWED = [(verb, status) for verb, (sources, *_) in VERBS.items() for status in sorted(sources)]
REFUSED = [
    (verb, status)
    for verb, (sources, *_) in VERBS.items()
    for status in STATUSES
    if status not in sources
]
ANNOUNCED = (
    "event_published",
    "event_unpublished",
    "event_started",
    "event_completed",
    "event_cancelled",
    "event_rescheduled",
    "session_completed",
)


def make(status, **fields):
    return EventFactory(**({} if status == "draft" else {status: True}), **fields)


def perform(event, verb, by):
    reason = {"reason": "Because."} if verb in {"cancel", "unpublish", "reopen"} else {}
    getattr(event, verb)(by=by, **reason)


@pytest.fixture
def heard():
    """The names of the signals sent, in order."""
    names = []
    listeners = []
    for name in ANNOUNCED:

        def hear(_name=name, **_):
            names.append(_name)

        listeners.append((getattr(signals, name), hear))
        getattr(signals, name).connect(hear, weak=False)
    yield names
    for signal, hear in listeners:
        signal.disconnect(hear)


@pytest.mark.parametrize(("verb", "status"), ALLOWED)
def test_move_of_the_table_leaves_history_signal_and_audit(organizer, heard, verb, status):
    event = make(status, owner=organizer)
    heard.clear()

    perform(event, verb, organizer)

    _, target, announced = VERBS[verb]
    row = Event.objects.get()
    change = row.status_history.get()
    assert row.status == target
    assert (change.from_status, change.to_status, change.changed_by) == (status, target, organizer)
    assert [name for name in heard if name.startswith("event_")] == (
        [announced] if announced else []
    )
    assert AuditEntry.objects.filter(action__startswith="event.", target_uuid=row.uuid).count() == 1


@pytest.mark.parametrize(("verb", "status"), REFUSED)
def test_move_outside_the_table_is_refused_and_changes_nothing(organizer, heard, verb, status):
    event = make(status, owner=organizer)
    before = Event.objects.values().get()

    with pytest.raises(InvalidStatus) as refused:
        perform(event, verb, organizer)

    assert refused.value.details == {"status": status}
    assert Event.objects.values().get() == before
    assert not event.status_history.exists()
    assert heard == []


@pytest.mark.django_db
def test_publishing_needs_a_subscription():
    owner = UserFactory(organizer=True)
    event = EventFactory(owner=owner)

    with pytest.raises(SubscriptionRequired):
        event.publish(by=owner)

    assert Event.objects.get().status == "draft"


UNREADY = {
    "past": ({"starts_at": STARTS_AT - timedelta(days=3650)}, "starts_at"),
    "in person without a place": ({"format": "in_person"}, "location"),
    "hybrid without a place": ({"format": "hybrid"}, "location"),
    "credits without type": (
        {"cpd_enabled": True, "cpd_credit_value": 1},
        "cpd_credit_type",
    ),
    "credits without value": (
        {"cpd_enabled": True, "cpd_credit_type": "CME"},
        "cpd_credit_value",
    ),
}


@pytest.mark.parametrize(("fields", "field"), UNREADY.values(), ids=UNREADY)
def test_incomplete_event_is_not_published(organizer, fields, field):
    event = EventFactory(owner=organizer, **fields)

    with pytest.raises(NotReadyToPublish) as refused:
        event.publish(by=organizer)

    assert list(refused.value.details) == [field]


def test_event_of_cancelled_and_too_few_sessions_is_not_published(organizer):
    event = EventFactory(
        owner=organizer,
        is_multi_session=True,
        completion_type="minimum_sessions",
        minimum_sessions_required=2,
        implicit_session=False,
    )
    EventSessionFactory(event=event, starts_at=timezone.now() - timedelta(days=1))
    EventSessionFactory(
        event=event, is_required=True, status="cancelled", cancelled_at=timezone.now()
    )

    with pytest.raises(NotReadyToPublish) as refused:
        event.publish(by=organizer)

    assert set(refused.value.details) == {
        "sessions",
        "required_sessions",
        "minimum_sessions_required",
    }


def test_stand_in_becomes_session_one_when_published(organizer):
    event = EventFactory(owner=organizer, is_multi_session=True)

    event.publish(by=organizer)

    assert event.sessions.get().is_implicit is False
    assert Event.objects.get().follows_sessions


def test_first_publication_is_remembered(organizer):
    event = EventFactory(owner=organizer)
    event.publish(by=organizer)
    first = event.published_at

    event.unpublish(by=organizer)
    event.publish(by=organizer)

    assert event.published_at == first


def test_event_with_registrations_is_not_unpublished(organizer, monkeypatch):
    event = EventFactory(owner=organizer, published=True)
    monkeypatch.setattr(questions.has_registrations, "_answer", lambda _event, _live: True)

    with pytest.raises(EventHasRegistrations):
        event.unpublish(by=organizer)


def test_event_that_has_begun_is_not_unpublished(organizer):
    event = EventFactory(
        owner=organizer, published=True, starts_at=timezone.now() - timedelta(minutes=5)
    )

    with pytest.raises(EventHasRegistrations, match="begun"):
        event.unpublish(by=organizer)


def test_starting_by_hand_starts_the_earliest_session(organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    later = EventSessionFactory(event=event, starts_at=STARTS_AT + timedelta(days=1))
    earlier = EventSessionFactory(event=event)

    event.start(by=organizer)

    later.refresh_from_db()
    earlier.refresh_from_db()
    assert (earlier.status, later.status) == ("live", "scheduled")
    assert event.actual_started_at is not None


def test_completing_ends_what_has_begun_and_cancels_what_is_to_come(organizer, heard):
    event = EventFactory(owner=organizer, live=True, is_multi_session=True, implicit_session=False)
    begun = EventSessionFactory(event=event, status="live")
    missed = EventSessionFactory(event=event, starts_at=timezone.now() - timedelta(hours=3))
    future = EventSessionFactory(event=event)

    event.complete(by=organizer)

    rows = [EventSession.objects.get(pk=row.pk).status for row in (begun, missed, future)]
    assert rows == ["completed", "completed", "cancelled"]
    assert heard == ["session_completed", "session_completed", "event_completed"]


def test_what_completing_calls_off_leaves_totals_meetings_and_reminders(organizer):
    event = EventFactory(owner=organizer, live=True, is_multi_session=True, implicit_session=False)
    begun = EventSessionFactory(event=event, status="live", duration_minutes=90)
    future = EventSessionFactory(event=event, starts_at=STARTS_AT + timedelta(days=7))
    event.sessions.filter(pk=future.pk).update(meeting_status="ready", zoom_meeting_id="91")
    event.sessions.filter(pk=begun.pk).update(meeting_status="ready", zoom_meeting_id="92")
    reminders.plan(event)

    event.complete(by=organizer)

    event.refresh_from_db()
    assert (event.duration_minutes, event.ends_at) == (90, STARTS_AT + timedelta(minutes=90))
    assert event.calendar_sequence == 1
    assert dict(event.sessions.values_list("zoom_meeting_id", "meeting_status")) == {
        "91": "removing",
        "92": "ready",
    }
    assert set(event.reminders.values_list("session", "status", "skip_reason")) == {
        (None, "skipped", "too_late"),
        (begun.pk, "skipped", "too_late"),
        (future.pk, "skipped", "session_cancelled"),
    }


def test_cancelling_calls_off_open_sessions(organizer):
    event = EventFactory(owner=organizer, published=True)

    event.cancel(by=organizer, reason="Illness.")

    session = event.sessions.get()
    assert (session.status, session.cancellation_reason) == ("cancelled", "Illness.")
    assert (event.cancellation_reason, event.calendar_sequence) == ("Illness.", 1)


def test_reopened_event_keeps_its_completion(organizer):
    event = EventFactory(owner=organizer, closed=True)

    event.reopen(by=organizer, reason="A late claim.")

    assert (event.status, event.closed_at) == ("completed", None)
    assert event.completed_at is not None


def test_failing_listener_rolls_the_move_back(organizer):
    event = EventFactory(owner=organizer, published=True)

    def fail(**_):
        raise LookupError("down")

    signals.event_cancelled.connect(fail)
    try:
        with pytest.raises(LookupError):
            event.cancel(by=organizer)
    finally:
        signals.event_cancelled.disconnect(fail)

    assert Event.objects.get().status == "published"
    assert EventSession.objects.get().status == "scheduled"
    assert not event.status_history.exists()


SESSION_VERBS = {"start": ({"scheduled"}, "live"), "complete": ({"live"}, "completed")}
SESSION_STATUSES = ("scheduled", "live", "completed", "cancelled")


def session_of(event, status):
    cancelled = {"cancelled_at": timezone.now()} if status == "cancelled" else {}
    return EventSessionFactory(event=event, status=status, **cancelled)


@pytest.mark.parametrize("status", SESSION_STATUSES)
@pytest.mark.parametrize("verb", SESSION_VERBS)
def test_session_moves_by_its_table(organizer, verb, status):
    event = EventFactory(owner=organizer, live=True, is_multi_session=True, implicit_session=False)
    session = session_of(event, status)
    EventSessionFactory(event=event)
    sources, target = SESSION_VERBS[verb]

    if status in sources:
        getattr(session, verb)(by=organizer)
    else:
        with pytest.raises(InvalidStatus) as refused:
            getattr(session, verb)(by=organizer)
        assert refused.value.details == {"status": status}

    session.refresh_from_db()
    assert session.status == (target if status in sources else status)


@pytest.mark.parametrize("status", ["draft", "completed", "closed", "cancelled"])
def test_sessions_start_in_published_and_live_events_only(organizer, status):
    event = make(status, owner=organizer, is_multi_session=True, implicit_session=False)
    session = EventSessionFactory(event=event)

    with pytest.raises(InvalidStatus) as refused:
        session.start(by=organizer)

    assert refused.value.details == {"status": status}


def test_event_goes_with_its_sessions_from_published_to_completed(organizer, heard):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    first, second = EventSessionFactory.create_batch(2, event=event)

    first.start(by=organizer)
    first.complete(by=organizer)
    between = Event.objects.get().status
    second.cancel(by=organizer, reason="Speaker ill.")

    assert between == "live"
    assert Event.objects.get().status == "completed"
    assert heard == ["event_started", "session_completed", "event_rescheduled", "event_completed"]


def test_last_session_is_not_cancelled(organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    session = EventSessionFactory(event=event)

    with pytest.raises(LastSession):
        session.cancel(by=organizer)


def test_session_of_a_single_event_is_not_cancelled(organizer):
    session = EventFactory(owner=organizer, published=True).sessions.get()

    with pytest.raises(SingleSessionEvent):
        session.cancel(by=organizer)


def test_session_that_is_over_is_not_cancelled(organizer):
    event = EventFactory(owner=organizer, live=True, is_multi_session=True, implicit_session=False)
    session = EventSessionFactory(event=event, status="completed")

    with pytest.raises(InvalidStatus) as refused:
        session.cancel(by=organizer)

    assert refused.value.details == {"status": "completed"}


def test_cancelled_session_leaves_the_totals(organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    EventSessionFactory(event=event)
    late = EventSessionFactory(event=event, starts_at=STARTS_AT + timedelta(days=2))

    late.cancel(by=organizer)

    event.refresh_from_db()
    assert event.ends_at == STARTS_AT + timedelta(hours=1)
    assert event.duration_minutes == 60


DELETABLE = {"draft": True, "cancelled": True}


@pytest.mark.parametrize("status", STATUSES)
def test_only_drafts_and_cancelled_events_are_deleted(organizer, status):
    event = make(status, owner=organizer)

    if status in DELETABLE:
        event.soft_delete(by=organizer)
    else:
        with pytest.raises(EventNotDeletable):
            event.soft_delete(by=organizer)

    assert Event.objects.filter(pk=event.pk).exists() is (status not in DELETABLE)


def test_draft_somebody_registered_for_once_is_not_deleted(organizer, monkeypatch):
    event = EventFactory(owner=organizer)
    monkeypatch.setattr(questions.has_registrations, "_answer", lambda _event, live: not live)

    with pytest.raises(EventNotDeletable):
        event.soft_delete(by=organizer)


def test_restored_event_is_as_before(organizer):
    event = EventFactory(owner=organizer)
    event.soft_delete(by=organizer)

    event.restore(by=organizer)
    event.restore(by=organizer)

    row = Event.objects.get()
    assert (row.slug, row.status, row.is_deleted) == (event.slug, "draft", False)


def test_history_is_written_once(organizer):
    event = EventFactory(owner=organizer)
    event.publish(by=organizer)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_eventstatushistory SET reason = 'other'")

    assert event.status_history.get().reason == ""
