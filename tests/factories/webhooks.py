"""Rows of outbound webhooks in their smallest valid form."""

import factory
from django.utils import timezone

from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.factories.accounts import UserFactory


class WebhookEndpointFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WebhookEndpoint

    class Params:
        disabled = factory.Trait(
            is_active=False,
            disabled_at=factory.LazyFunction(timezone.now),
            disabled_reason="owner",
        )

    user = factory.SubFactory(UserFactory)
    url = "https://8.8.8.8/hooks"
    event_types = ["*"]
    secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class WebhookDeliveryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WebhookDelivery

    class Params:
        delivered = factory.Trait(
            status="delivered",
            attempts=1,
            next_attempt_at=None,
            delivered_at=factory.LazyFunction(timezone.now),
        )
        failed = factory.Trait(status="failed", attempts=12, next_attempt_at=None)
        cancelled = factory.Trait(status="cancelled", next_attempt_at=None)

    endpoint = factory.SubFactory(WebhookEndpointFactory)
    message_id = factory.Sequence(lambda n: f"msg_{n:026}")
    type = "ping"
    payload = '{"type":"ping","sequence":null}'
    next_attempt_at = factory.LazyFunction(timezone.now)


class WebhookAttemptFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WebhookAttempt

    delivery = factory.SubFactory(WebhookDeliveryFactory)
    number = 1
    at = factory.LazyFunction(timezone.now)
    status = 500
