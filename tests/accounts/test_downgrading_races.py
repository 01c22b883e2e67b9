"""Downgrades that meet each other, or a publication, at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts import downgrading
from accounts.models import User
from billing.models import SubscriptionChange
from common.exceptions import DomainError
from events.models import Event
from tests.factories.accounts import UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
    ),
]


def together(*calls):
    """Run the calls on threads that start at the same moment; return the codes of refusals."""
    gate = Barrier(len(calls))

    def run(call):
        try:
            gate.wait()
            call()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.fixture
def person():
    user = UserFactory(organizer=True)
    SubscriptionFactory(account=BillingAccountFactory(user=user))
    return user


def downgrading_of(user):
    def call():
        row = User.objects.get(pk=user.pk)
        downgrading.downgrade(row, by=row)

    return call


def test_of_many_downgrades_one_ends_the_subscription(person):
    outcomes = together(*[downgrading_of(person)] * 6)

    ended = SubscriptionChange.objects.filter(subscription__account__user=person, kind="canceled")
    assert (sorted(outcomes), ended.count()) == (["NOT_ORGANIZER"] * 5 + ["done"], 1)


@pytest.mark.parametrize("attempt", range(5))
def test_nobody_publishes_while_becoming_an_attendee(person, attempt):
    draft = EventFactory(owner=person)

    def publish():
        event = Event.objects.select_related("owner").get(pk=draft.pk)
        event.publish(by=event.owner)

    outcomes = together(downgrading_of(person), publish)

    person.refresh_from_db()
    draft.refresh_from_db()
    assert sorted(outcomes) != ["done", "done"]
    assert person.is_organizer or draft.status == "draft"
