"""Rows of billing in their smallest valid form."""

from datetime import timedelta

import factory
from django.utils import timezone

from billing.models import BillingAccount, Plan, Subscription
from tests.factories.accounts import UserFactory


class BillingAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BillingAccount

    user = factory.SubFactory(UserFactory)
    legal_name = "Ada Provider"


class SubscriptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Subscription

    class Params:
        manual = factory.Trait(source="manual", status="active", trial_end=None)

    account = factory.SubFactory(BillingAccountFactory)
    plan = factory.LazyFunction(lambda: Plan.objects.get(code="trial"))
    status = "trialing"
    source = "trial"
    trial_start = factory.LazyFunction(timezone.now)
    trial_end = factory.LazyFunction(lambda: timezone.now() + timedelta(days=14))
