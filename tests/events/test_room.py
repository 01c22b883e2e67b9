"""Where the event names no capacity, the plan of whoever pays does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import entitlements
from billing.entitlements import Limit
from billing.models import BillingAccount, Plan, SubscriptionChange
from events import room
from events.models import Event
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db
PER_EVENT = Limit.REGISTRATIONS_PER_EVENT


def allow(number, **account):
    return SubscriptionFactory(
        account=BillingAccountFactory(**account),
        limits_override={"registrations_per_event": number},
    )


def offered(taken, **fields):
    soon = timezone.now() + timedelta(days=10)
    return EventFactory(published=True, places_taken=taken, starts_at=soon, **fields)


@pytest.fixture
def owner():
    user = UserFactory(organizer=True)
    allow(10, user=user)
    return user


@pytest.mark.parametrize(
    ("fields", "taken", "state", "left"),
    [
        ({}, 0, "open", None),
        ({}, 9, "open", 1),
        ({}, 10, "full", 0),
        ({}, 11, "full", 0),
        ({"capacity": 5}, 4, "open", 1),
        ({"capacity": 20}, 10, "open", 10),
    ],
)
def test_the_number_in_force_decides(owner, fields, taken, state, left):
    event = offered(taken, owner=owner, **fields)

    assert (event.registration_state, event.spots_remaining) == (state, left)


def test_an_unlimited_plan_is_never_full(owner):
    subscription = BillingAccount.objects.get(user=owner).subscription
    subscription.limits_override = {"registrations_per_event": None}
    subscription.save()
    event = offered(5000, owner=owner)

    assert (event.registration_state, event.spots_remaining) == ("open", None)


def test_everybody_reads_the_same(anonymous, api_for, owner):
    event = offered(10, owner=owner)

    public = anonymous.get(f"/api/v1/public/events/{event.uuid}/").json()
    listed = anonymous.get("/api/v1/public/events/").json()["results"][0]
    own = api_for(owner).get("/api/v1/events/").json()["results"][0]

    assert (public["registration_state"], public["spots_remaining"]) == ("full", 0)
    assert (listed["registration_state"], listed["can_register"]) == ("full", False)
    assert own["can_register"] is False


def tenants():
    """Return one of each kind of payer, with what it may."""
    person = UserFactory(organizer=True)
    allow(1, user=person)
    head = UserFactory(organizer=True)
    allow(2, user=head)
    small = MembershipFactory(user=head, role="owner").organization
    subscribed = OrganizationFactory()
    allow(3, organization=subscribed, user=None)
    canceled = OrganizationFactory()
    MembershipFactory(organization=canceled, user=head, role="owner")
    gone = allow(4, organization=canceled, user=None)
    gone.status = "canceled"
    gone.canceled_at = timezone.now()
    type(gone).objects.filter(pk=gone.pk).update(status="canceled")
    member = UserFactory()
    return {
        (person.pk, None): 1,
        (member.pk, small.pk): 2,
        (member.pk, subscribed.pk): 3,
        (member.pk, canceled.pk): 2,
        (member.pk, None): 0,
        (head.pk, OrganizationFactory().pk): 2,
    }


def test_payers_are_those_of_a_single_question():
    expected = tenants()
    users = {pk: type(UserFactory()).objects.get(pk=pk) for pk, _ in expected}
    organizations = {
        pk: OrganizationFactory._meta.model.objects.get(pk=pk) for _, pk in expected if pk
    }

    one_by_one = {
        payer: entitlements.limit(
            entitlements.account_for(
                owner=users[payer[0]], organization=organizations.get(payer[1])
            ),
            PER_EVENT,
        )
        for payer in expected
    }

    assert entitlements.limits(expected.keys(), PER_EVENT) == one_by_one == expected


def test_a_canceled_account_keeps_the_limit_of_its_last_plan(django_assert_num_queries):
    trial = Plan.objects.get(code="trial")
    free = Plan.objects.exclude(code="trial").first()
    Plan.objects.filter(pk=trial.pk).update(max_registrations_per_event=77)
    subscription = SubscriptionFactory(plan=free)
    type(subscription).objects.filter(pk=subscription.pk).update(status="canceled")
    SubscriptionChange.objects.create(
        subscription=subscription, kind="canceled", from_plan=trial, to_plan=free
    )
    payer = (subscription.account.user_id, None)

    with django_assert_num_queries(2):
        found = entitlements.limits([payer], PER_EVENT)

    assert found == {payer: 77}
    assert entitlements.limit(subscription.account, PER_EVENT) == 77


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_costs_the_same_for_every_number_of_events(count, django_assert_num_queries):
    for number in range(count):
        organization = OrganizationFactory()
        allow(10 + number, organization=organization, user=None)
        offered(2, organization=organization)
        owner = UserFactory(organizer=True)
        allow(20 + number, user=owner)
        offered(2, owner=owner)
    page = list(Event.objects.order_by("pk"))

    with django_assert_num_queries(2):
        room.load(page)

    expected = [limit for number in range(count) for limit in (10 + number, 20 + number)]
    assert [event.plan_capacity for event in page] == expected


def test_where_nobody_came_nobody_asks(owner, django_assert_num_queries):
    events = [offered(0, owner=owner), offered(3, owner=owner, capacity=5)]

    with django_assert_num_queries(0):
        room.load(events)
        found = [room.in_force(event) for event in events]

    assert found == [None, 5]
