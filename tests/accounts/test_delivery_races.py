"""Real threads: of many workers one sends, and no endpoint gets more at once than it should."""

from threading import Barrier
from unittest import mock

import pytest
from django.utils import timezone

from accounts import deliveries, endpoints
from accounts.models import WebhookDelivery, WebhookEndpoint
from tests.factories.accounts import UserFactory
from tests.factories.webhooks import WebhookDeliveryFactory, WebhookEndpointFactory
from tests.integrations.receiver import serving
from tests.races import RACES, THREADS, together

pytestmark = RACES


@pytest.fixture
def receiver(settings):
    settings.OUTBOUND_ALLOW_PRIVATE = True
    with serving() as running:
        yield running


def test_two_workers_send_a_message_once(receiver):
    delivery = WebhookDeliveryFactory(endpoint__url=receiver.url)

    together([lambda: deliveries.dispatch(delivery.pk)] * THREADS)

    delivery.refresh_from_db()
    assert len(receiver.received) == 1
    assert (delivery.status, delivery.attempts, delivery.sequence) == ("delivered", 1, 1)


def test_without_the_claim_it_is_sent_many_times(receiver):
    """The control: looking first and writing later lets everybody through."""
    delivery = WebhookDeliveryFactory(endpoint__url=receiver.url)
    gate = Barrier(THREADS, timeout=30)

    def look_then_take(delivery_id, *, now):
        row = WebhookDelivery.objects.due(now).select_related("endpoint").get(pk=delivery_id)
        gate.wait()
        message = deliveries.outbound.Message(
            row.message_id, row.payload, [row.endpoint.secret], "v1"
        )
        return deliveries.Try(row, row.endpoint.url, message, now)

    with mock.patch.object(deliveries, "_claim", look_then_take):
        together([lambda: deliveries.dispatch(delivery.pk)] * THREADS)

    assert len(receiver.received) > 1


def test_no_endpoint_gets_more_than_four_at_once(receiver):
    endpoint = WebhookEndpointFactory(url=receiver.url)
    rows = WebhookDeliveryFactory.create_batch(THREADS, endpoint=endpoint)

    def claim(row):
        return lambda: deliveries._claim(row.pk, now=timezone.now()) is not None

    taken = together([claim(row) for row in rows])

    assert sorted(taken) == [False] * (THREADS - 4) + [True] * 4
    numbers = WebhookDelivery.objects.exclude(sequence=None).values_list("sequence", flat=True)
    assert sorted(numbers) == [1, 2, 3, 4]


def test_the_last_place_for_an_endpoint_goes_to_one():
    user = UserFactory()
    WebhookEndpointFactory.create_batch(9, user=user)

    def add():
        found = type(user).objects.get(pk=user.pk)
        row = endpoints.create(by=found, url="https://8.8.8.8/", event_types=["*"])
        return type(row).__name__

    outcomes = together([add] * THREADS)

    assert sorted(outcomes) == ["EndpointLimitReached"] * (THREADS - 1) + ["WebhookEndpoint"]
    assert WebhookEndpoint.objects.count() == 10
