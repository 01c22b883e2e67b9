"""Real threads against committed rows: each address once, and one mail each."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from billing.entitlements import Limit
from billing.models import Subscription, UsageCounter
from common.exceptions import DomainError
from common.models import OutboxTask, OutgoingEmail
from events import invitations, inviting
from events.invitations import Mailing
from events.models import Event, EventInvitation
from tests.factories.event_invitations import EventInvitationFactory
from tests.factories.events import EventFactory

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
    ),
]
EMAILS = [f"guest{number}@example.org" for number in range(60)]


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, zoom_enabled=False)


def together(call, times):
    """Run the call on that many threads at one moment; return the outcomes."""
    gate = Barrier(times)

    def run(_):
        gate.wait()
        try:
            return call()
        except (DomainError, IntegrityError) as refusal:
            return type(refusal).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def fresh(event):
    return Event.objects.select_related("owner", "organization").get(pk=event.pk)


def test_the_same_call_twice_asks_each_address_once(event, organizer):
    def call():
        outcome = invitations.invite(fresh(event), EMAILS, by=organizer, mailing=Mailing())
        return outcome.created, outcome.skipped

    outcomes = together(call, 4)

    assert sorted(outcomes) == [(0, 60), (0, 60), (0, 60), (60, 0)]
    assert event.invitations.count() == 60
    assert UsageCounter.objects.get(limit=Limit.INVITATIONS_PER_MONTH).used == 60


def test_without_the_lock_the_calls_collide(event, organizer, monkeypatch):
    """The control: reading who was asked and writing it later meets the unique constraint."""
    gate = Barrier(2)
    write = invitations._write

    def meet(*args, **kwargs):
        gate.wait(5)
        write(*args, **kwargs)

    monkeypatch.setattr(invitations, "_hold", lambda event: None)
    monkeypatch.setattr(invitations, "_write", meet)

    outcomes = together(
        lambda: invitations.invite(fresh(event), EMAILS, by=organizer, mailing=Mailing()).created,
        2,
    )

    assert sorted(outcomes, key=str) == [60, "IntegrityError"]


def test_calls_at_once_do_not_exceed_the_plan(organizer):
    Subscription.objects.filter(account__user=organizer).update(
        limits_override={Limit.INVITATIONS_PER_MONTH.value: 100}
    )
    rows = iter(EventFactory.create_batch(4, owner=organizer, published=True))

    def call():
        row = fresh(next(rows))
        return invitations.invite(row, EMAILS, by=organizer, mailing=Mailing()).created

    outcomes = together(call, 4)

    assert sorted(outcomes, key=str) == [60, "LimitReached", "LimitReached", "LimitReached"]
    assert EventInvitation.objects.count() == 60
    assert UsageCounter.objects.get(limit=Limit.INVITATIONS_PER_MONTH).used == 60


def test_send_all_at_once_queues_each_once(event, organizer):
    EventInvitationFactory.create_batch(20, event=event)

    outcomes = together(lambda: invitations.send_all(fresh(event), by=organizer), 4)

    assert sorted(outcomes) == [0, 0, 0, 20]
    assert OutboxTask.objects.filter(name="events.send_invitations").count() == 1


def test_workers_on_one_batch_mail_each_once(event):
    batch = uuid4()
    EventInvitationFactory.create_batch(60, event=event, batch=batch, queued_at=timezone.now())

    outcomes = together(lambda: inviting.send(str(batch)), 4)

    assert sorted(outcomes) == [0, 0, 0, 60]
    assert OutgoingEmail.objects.filter(kind="event_invitation").count() == 60
    assert set(event.invitations.values_list("status", "sends")) == {("sent", 1)}


def test_resending_at_once_queues_one_mail(event, organizer):
    EventInvitationFactory(event=event, mailed=True)

    def call():
        row = EventInvitation.objects.select_related("event__owner").get()
        return invitations.resend(row, by=organizer)

    outcomes = together(call, 3)

    assert sorted(outcomes, key=str) == [None, "ResentTooOften", "ResentTooOften"]
    assert OutgoingEmail.objects.filter(kind="event_invitation").count() == 1
    assert EventInvitation.objects.get().sends == 2
