"""Deletions and copies at the same moment as something else."""

import pytest
from django.utils import timezone

from accounts import data_exports, erasure
from accounts.models import DataExport, User
from common.models import AuditEntry
from events.models import Event
from registrations import cancelling
from registrations.models import Registration
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory
from tests.races import RACES, together

pytestmark = RACES
ROUNDS = range(6)


def deleting(user):
    def call():
        erasure.delete_account(User.objects.get(pk=user.pk))
        return "deleted"

    return call


@pytest.fixture
def host():
    user = UserFactory(organizer=True)
    SubscriptionFactory(account=BillingAccountFactory(user=user))
    return user


def test_of_several_deletions_at_once_one_deletes():
    user = UserFactory()

    outcomes = together([_delete_loaded(user)] * 5)

    assert sorted(outcomes) == ["AuthenticationFailed"] * 4 + ["deleted"]
    assert AuditEntry.objects.filter(action="account.erased").count() == 1


def _delete_loaded(user):
    def call():
        erasure.delete_account(user)
        return "deleted"

    return call


@pytest.mark.parametrize("_round", ROUNDS)
def test_an_event_is_published_or_its_owner_deleted_never_both(host, _round):
    draft = EventFactory(owner=host)

    def publishing():
        event = Event.objects.get(pk=draft.pk)
        event.publish(by=host)
        return "published"

    def call():
        try:
            return publishing()
        except Event.DoesNotExist:
            return "gone"

    outcomes = set(together([deleting(host), call]))

    is_public = Event.objects.filter(status__in=["published", "live"]).exists()
    is_there = User.objects.filter(pk=host.pk).exists()
    assert is_public == is_there
    assert outcomes & ({"published", "AccountDeletionBlocked"} if is_there else {"deleted"})


def test_of_several_requests_at_once_one_makes_a_copy(attendee):
    def asking():
        data_exports.request(
            User.objects.get(pk=attendee.pk), password=PASSWORD, now=timezone.now()
        )
        return "asked"

    outcomes = together([asking] * 5)

    assert sorted(outcomes) == ["ExportInProgress"] * 4 + ["asked"]
    assert DataExport.objects.count() == 1


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_registrants_of_the_same_events_leave_at_once(_round):
    events = [EventFactory(published=True, places_taken=2, registration_count=2) for _ in "ab"]
    people = UserFactory.create_batch(2)
    for event in events:
        for person in people:
            RegistrationFactory(event=event, user=person, email=person.email)

    outcomes = together([deleting(person) for person in people])

    assert outcomes == ["deleted", "deleted"]
    assert list(Event.objects.values_list("places_taken", flat=True)) == [0, 0]
    assert set(Registration.objects.values_list("status", "full_name")) == {
        ("cancelled", "Deleted User")
    }


@pytest.mark.parametrize("_round", ROUNDS)
def test_leaving_while_the_organizer_cancels_the_place(attendee, host, _round):
    event = EventFactory(owner=host, published=True, places_taken=1, registration_count=1)
    row = RegistrationFactory(event=event, user=attendee, email=attendee.email)

    def cancelling_it():
        cancelling.cancel(Registration.objects.get(pk=row.pk), by=host)
        return "cancelled"

    outcomes = together([deleting(attendee), cancelling_it])

    row.refresh_from_db()
    assert outcomes[0] == "deleted"
    assert (row.status, row.full_name) == ("cancelled", "Deleted User")
    assert not User.objects.filter(pk=attendee.pk).exists()
