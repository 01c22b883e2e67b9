"""Managing events from several places at once: limits hold, and what happens once is told once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import members
from billing.models import BillingAccount, UsageCounter
from common.exceptions import InvalidStatus, LimitReached
from common.models import OutboxTask
from events import copying, drafting, schedule, transfer
from events.models import Event
from tests.factories.events import EventFactory

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
    ),
]
TEN = 10


def outcomes_of(results):
    return Counter(type(result).__name__ if result else "done" for result in results)


def transitions(event):
    return [*event.status_history.order_by("pk").values_list("from_status", "to_status")]


def own(event):
    """Return the row as a request of its own would have loaded it."""
    return Event.objects.select_related("owner", "organization").get(pk=event.pk)


@pytest.fixture
def soon():
    return timezone.now() + timedelta(days=30)


@pytest.fixture
def states(organizer, soon):
    """Make an event in the state from which a verb leads on."""

    def make(state):
        return EventFactory(owner=organizer, starts_at=soon, **{state: True} if state else {})

    return make


def test_two_organizers_with_three_verbs_leave_one_line_per_move(states, organizer, at_once):
    event = states("live")
    verbs = ["complete", "cancel", "publish", "complete", "cancel", "publish"]
    rows = [own(event) for _ in verbs]

    results = at_once(
        *(
            lambda row=row, verb=verb: getattr(row, verb)(by=organizer)
            for row, verb in zip(rows, verbs, strict=True)
        )
    )

    event.refresh_from_db()
    assert event.status in {"completed", "cancelled"}
    assert transitions(event) == [("live", event.status)]
    assert outcomes_of(results) == {"done": 1, InvalidStatus.__name__: 5}


def test_publishing_and_cancelling_race_to_a_line_that_holds_together(states, organizer, at_once):
    event = states("")
    verbs = ["publish", "cancel"] * 5
    rows = [own(event) for _ in verbs]

    at_once(
        *(
            lambda row=row, verb=verb: getattr(row, verb)(by=organizer)
            for row, verb in zip(rows, verbs, strict=True)
        )
    )

    event.refresh_from_db()
    lines = transitions(event)
    assert lines[0] == ("draft", "published")
    assert lines in (
        [("draft", "published")],
        [("draft", "published"), ("published", "cancelled")],
    )
    assert event.status == lines[-1][1]


def test_completing_ten_times_asks_for_one_summary(states, organizer, at_once):
    event = states("live")
    rows = [own(event) for _ in range(TEN)]

    at_once(*(lambda row=row: row.complete(by=organizer) for row in rows))

    assert OutboxTask.objects.filter(name="events.send_event_summary").count() == 1


def allow_events(organizer, number):
    subscription = BillingAccount.objects.get(user=organizer).subscription
    subscription.limits_override = {"events_per_month": number}
    subscription.save()


def test_ten_creates_with_one_left_make_one_event(organizer, soon, at_once):
    allow_events(organizer, 1)

    results = at_once(
        *(
            lambda n=n: drafting.create(by=organizer, title=f"Course {n}", starts_at=soon)
            for n in range(TEN)
        )
    )

    assert outcomes_of(results) == {"done": 1, LimitReached.__name__: TEN - 1}
    assert (Event.objects.count(), UsageCounter.objects.get().used) == (1, 1)


def test_ten_copies_with_one_left_make_one_event(states, organizer, at_once):
    allow_events(organizer, 1)
    rows = [own(event) for event in [states("published")] * TEN]

    results = at_once(*(lambda row=row: copying.duplicate(row, by=organizer) for row in rows))

    assert outcomes_of(results) == {"done": 1, LimitReached.__name__: TEN - 1}
    assert Event.objects.count() == 2


def test_who_leaves_while_getting_an_event_does_not_keep_it(
    organization, organizer, colleague, soon, at_once
):
    event = EventFactory(organization=organization, owner=organizer, starts_at=soon)

    at_once(
        lambda: transfer.hand_over(own(event), by=organizer, owner=colleague.uuid),
        lambda: members.leave(organization, by=colleague),
    )

    event.refresh_from_db()
    assert event.owner == organizer


def test_rescheduling_at_once_counts_every_change(states, organizer, soon, at_once):
    event = states("published")
    rows = [own(event) for _ in range(5)]

    at_once(
        *(
            lambda row=row, n=n: schedule.reschedule(
                row, by=organizer, starts_at=soon + timedelta(days=n)
            )
            for n, row in enumerate(rows, start=1)
        )
    )

    event.refresh_from_db()
    assert event.calendar_sequence == 5
