"""The trial and what follows it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.signals import organizer_upgraded
from billing import subscribing
from billing.models import Subscription, SubscriptionChange
from common.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.billing import SubscriptionFactory

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(SubscriptionChange.objects.order_by("id").values_list("kind", flat=True))


def mails() -> list[str]:
    return list(OutgoingEmail.objects.order_by("id").values_list("kind", flat=True))


def test_becoming_an_organizer_starts_a_fortnight_of_trial():
    user = UserFactory(full_name="Ada Provider")

    organizer_upgraded.send(sender=type(user), user=user)

    subscription = Subscription.objects.get(account__user=user)
    assert (subscription.status, subscription.plan.code) == ("trialing", "trial")
    assert subscription.trial_end - subscription.trial_start == timedelta(days=14)
    assert (kinds(), mails()) == (["trial_started"], ["trial_started"])


def test_nobody_gets_a_second_trial():
    user = UserFactory()
    first = subscribing.start_trial(user)
    Subscription.objects.filter(pk=first.pk).update(status="canceled")

    again = subscribing.start_trial(user)

    assert (again.pk, again.status) == (first.pk, "canceled")
    assert kinds() == ["trial_started"]


def test_a_trial_that_is_over_is_paused_and_said_so_once():
    subscription = SubscriptionFactory(trial_end=timezone.now() - timedelta(minutes=1))

    moved = [subscribing.expire_trials(timezone.now()) for _ in range(2)]

    subscription.refresh_from_db()
    assert (moved, subscription.status) == ([1, 0], "paused")
    assert (kinds(), mails()) == (["paused"], ["trial_ended"])


def test_a_trial_given_notice_ends_on_the_free_plan():
    subscription = SubscriptionFactory(
        trial_end=timezone.now() - timedelta(minutes=1), cancel_at_period_end=True
    )

    subscribing.expire_trials(timezone.now())

    subscription.refresh_from_db()
    assert (subscription.status, subscription.plan.code) == ("canceled", "free")


def test_a_pause_of_a_fortnight_ends_the_subscription():
    subscription = SubscriptionFactory(
        status="paused", trial_end=timezone.now() - timedelta(days=14, minutes=1)
    )

    subscribing.expire_trials(timezone.now())

    subscription.refresh_from_db()
    assert (subscription.status, subscription.plan.code) == ("canceled", "free")
    assert (kinds(), mails()) == (["canceled"], ["subscription_ended"])


def test_the_reminder_goes_out_once():
    SubscriptionFactory(trial_end=timezone.now() + timedelta(days=2))
    SubscriptionFactory(trial_end=timezone.now() + timedelta(days=9))

    for _ in range(2):
        subscribing.remind_trials(timezone.now())

    assert mails() == ["trial_ending"]
