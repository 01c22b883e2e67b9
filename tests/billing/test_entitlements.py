"""Plans, their limits and who may act."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import entitlements
from billing.entitlements import Limit, SubscriptionRequired, window_start
from billing.models import Plan, Subscription, UsageCounter
from common.exceptions import LimitReached
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "now", "start"),
    [
        ("2027-01-31T10:00", "2027-02-28T09:59", "2027-01-31T10:00"),
        ("2027-01-31T10:00", "2027-02-28T10:00", "2027-02-28T10:00"),
        ("2027-01-31T10:00", "2027-03-31T10:00", "2027-03-31T10:00"),
        ("2027-01-31T10:00", "2027-04-30T09:00", "2027-03-31T10:00"),
        ("2027-12-15T00:00", "2028-01-14T23:59", "2027-12-15T00:00"),
        ("2027-12-15T00:00", "2028-01-15T00:00", "2028-01-15T00:00"),
    ],
)
def test_windows_are_months_counted_from_the_anchor(anchor, now, start):
    assert window_start(at(anchor), at(now)) == at(start)


@pytest.mark.parametrize(
    ("facts", "access"),
    [
        ({"status": "trialing", "trial_end": NOW + timedelta(seconds=1)}, "full"),
        ({"status": "trialing", "trial_end": NOW}, "read_only"),
        ({"status": "active", "source": "stripe"}, "full"),
        ({"status": "active", "source": "manual", "current_period_end": None}, "full"),
        ({"status": "active", "source": "manual", "current_period_end": NOW}, "read_only"),
        ({"status": "past_due", "grace_ends_at": NOW + timedelta(days=1)}, "grace"),
        ({"status": "past_due", "grace_ends_at": NOW}, "read_only"),
        ({"status": "paused"}, "read_only"),
        ({"status": "canceled"}, "read_only"),
        ({"status": "incomplete"}, "read_only"),
        ({"status": "unpaid"}, "read_only"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else value["status"],
)
def test_access_follows_status_and_time(facts, access):
    assert Subscription(**facts).access(NOW) == access


def test_an_organizer_without_subscription_is_refused_with_the_reason():
    account = BillingAccountFactory()

    with pytest.raises(SubscriptionRequired) as refusal:
        entitlements.require_active(account)

    assert (refusal.value.text, refusal.value.details) == (
        "Active subscription required.",
        {"reason": "subscription_required", "status": None},
    )


def test_a_paused_subscription_is_refused_with_its_status():
    subscription = SubscriptionFactory(status="paused")

    with pytest.raises(SubscriptionRequired) as refusal:
        entitlements.require_active(subscription.account)

    assert refusal.value.details == {"reason": "subscription_required", "status": "paused"}


def test_consuming_counts_up_to_the_limit_and_no_further():
    subscription = SubscriptionFactory(plan=Plan.objects.get(code="starter"))
    account = subscription.account

    entitlements.consume(account, Limit.EVENTS_PER_MONTH, amount=4)
    with pytest.raises(LimitReached) as refusal:
        entitlements.consume(account, Limit.EVENTS_PER_MONTH, amount=2)
    entitlements.consume(account, Limit.EVENTS_PER_MONTH)

    assert refusal.value.details == {
        "limit": "events_per_month",
        "max": 5,
        "used": 4,
        "requested": 2,
        "plan": "starter",
    }
    assert entitlements.remaining(account, Limit.EVENTS_PER_MONTH) == 0


def test_a_rolled_back_action_counts_nothing():
    subscription = SubscriptionFactory()

    with transaction.atomic():
        entitlements.consume(subscription.account, Limit.EVENTS_PER_MONTH)
        transaction.set_rollback(True)

    assert not UsageCounter.objects.exists()


def test_a_new_window_starts_empty():
    anchor = timezone.now() - timedelta(days=45)
    subscription = SubscriptionFactory(
        plan=Plan.objects.get(code="starter"), usage_anchor_at=anchor
    )
    UsageCounter.objects.create(
        subscription=subscription, limit=Limit.EVENTS_PER_MONTH, window_start=anchor, used=5
    )

    assert entitlements.remaining(subscription.account, Limit.EVENTS_PER_MONTH) == 5


def test_an_override_beats_the_plan():
    subscription = SubscriptionFactory(
        limits_override={"registrations_per_event": 7, "contacts": None}
    )
    account = subscription.account

    assert entitlements.limit(account, Limit.REGISTRATIONS_PER_EVENT) == 7
    assert entitlements.limit(account, Limit.CONTACTS) is None
    assert entitlements.limit(account, Limit.CONTACT_LISTS) == 20


@pytest.mark.parametrize(
    ("used", "adding", "passes"), [(19, 1, True), (20, 1, False), (18, 3, False)]
)
def test_standing_limits_compare_what_the_caller_counted(used, adding, passes):
    account = SubscriptionFactory().account

    if passes:
        entitlements.require(account, Limit.CONTACT_LISTS, used=used, adding=adding)
    else:
        with pytest.raises(LimitReached) as refusal:
            entitlements.require(account, Limit.CONTACT_LISTS, used=used, adding=adding)
        assert refusal.value.details == {
            "limit": "contact_lists",
            "max": 20,
            "used": used,
            "requested": adding,
            "plan": "trial",
        }


def test_a_canceled_account_keeps_the_number_of_its_last_plan():
    subscription = SubscriptionFactory()
    before = Subscription.objects.get(pk=subscription.pk)
    subscription.status, subscription.plan = "canceled", Plan.objects.get(code="free")
    subscription.save()
    subscription.log("canceled", before=before)

    assert entitlements.limit(subscription.account, Limit.REGISTRATIONS_PER_EVENT) == 500


def test_the_organization_pays_when_it_is_subscribed():
    organization = OrganizationFactory()
    owner = MembershipFactory(organization=organization, role="owner").user
    colleague = UserFactory()
    account = BillingAccountFactory(user=None, organization=organization)
    subscription = SubscriptionFactory(account=account)

    subscribed = entitlements.account_for(owner=colleague, organization=organization)
    subscription.status = "canceled"
    subscription.save()
    fallen_back = entitlements.account_for(owner=colleague, organization=organization)

    assert (subscribed, fallen_back.user) == (account, owner)


def test_a_trialing_subscription_without_an_end_is_refused_by_the_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        SubscriptionFactory(trial_end=None)
