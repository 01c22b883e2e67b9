"""Stripe's double through Stripe's own library, over a socket."""

import pytest
import requests
import stripe
from rest_framework.test import APIClient
from stripe import StripeClient

from integrations.models import InboundWebhook
from tests.integrations.test_doubles_zoom import Receiver

CARD, DECLINED = "pm_card_visa", "pm_card_visa_chargeDeclined"


@pytest.fixture
def api(stripe_account):
    return StripeClient("sk_test_double", base_addresses={"api": stripe_account.url})


@pytest.fixture
def receiver(stripe_account):
    receiver = Receiver()
    before, stripe_account.deliver_to = stripe_account.deliver_to, receiver.url
    yield receiver
    stripe_account.deliver_to = before
    receiver.server.shutdown()
    receiver.server.server_close()


def pay(api, card=CARD, **facts):
    asked = {"amount": 1000, "currency": "usd", "payment_method_types": ["card"], **facts}
    intent = api.v1.payment_intents.create(asked)
    return api.v1.payment_intents.confirm(intent.id, {"payment_method": card})


def kinds(api):
    return [event.type for event in api.v1.events.list().data]


def test_a_customer_is_made_read_changed_and_found(api):
    made = api.v1.customers.create({"email": "jo@example.org", "metadata": {"cpd_user": "1"}})
    api.v1.customers.create({"email": "sam@example.org"})

    api.v1.customers.update(made.id, {"name": "Jo"})

    read = api.v1.customers.retrieve(made.id)
    found = api.v1.customers.list({"email": "jo@example.org"}).data
    assert (read.email, read.name, read.metadata["cpd_user"]) == ("jo@example.org", "Jo", "1")
    assert [row.id for row in found] == [made.id]


def test_products_and_prices(api):
    product = api.v1.products.create({"name": "Organizer"})
    price = api.v1.prices.create(
        {
            "product": product.id,
            "unit_amount": 2900,
            "currency": "usd",
            "recurring": {"interval": "month"},
        }
    )

    read = api.v1.prices.retrieve(price.id)

    assert (read.product, read.unit_amount, read.recurring["interval"]) == (
        product.id,
        2900,
        "month",
    )


@pytest.mark.parametrize("ask", ["customers", "products", "prices", "payment_intents"])
def test_what_is_not_there_is_told(api, ask):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        getattr(api.v1, ask).retrieve("unknown")

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


@pytest.mark.parametrize("change", ["confirm", "cancel"])
def test_an_unknown_intent_cannot_change(api, change):
    with pytest.raises(stripe.InvalidRequestError):
        getattr(api.v1.payment_intents, change)("unknown")


def test_an_unknown_customer_cannot_change(api):
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.customers.update("unknown", {"name": "x"})


def test_a_paid_intent(api):
    intent = pay(api, metadata={"cpd_payment": "0c55"})

    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 1000, 1000)
    assert (intent.payment_method_types, intent.metadata["cpd_payment"]) == (["card"], "0c55")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert kinds(api) == ["payment_intent.succeeded"]


def test_an_intent_may_be_confirmed_when_it_is_made(api):
    asked = {"amount": 5, "currency": "usd", "payment_method": CARD, "confirm": True}

    assert api.v1.payment_intents.create(asked).status == "succeeded"


def test_a_declined_card(api):
    with pytest.raises(stripe.CardError) as refusal:
        pay(api, DECLINED)

    assert (refusal.value.http_status, refusal.value.code) == (402, "card_declined")
    assert kinds(api) == ["payment_intent.payment_failed"]


def test_a_card_that_asks_its_holder(api):
    assert pay(api, "pm_card_authenticationRequired").status == "requires_action"


def test_an_intent_is_cancelled_unless_it_is_paid(api):
    intent = api.v1.payment_intents.create({"amount": 5, "currency": "usd"})

    cancelled = api.v1.payment_intents.cancel(intent.id)

    assert cancelled.status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.cancel(pay(api).id)


def test_money_goes_back_in_parts_and_never_more_than_came(api):
    intent = pay(api)

    part = api.v1.refunds.create({"payment_intent": intent.id, "amount": 300})
    rest = api.v1.refunds.create({"payment_intent": intent.id})

    assert (part.amount, rest.amount, rest.currency) == (300, 700, "usd")
    for asked in ({"amount": 1}, {}):
        with pytest.raises(stripe.InvalidRequestError):
            api.v1.refunds.create({"payment_intent": intent.id, **asked})
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.refunds.create({"payment_intent": "unknown"})


def test_an_idempotency_key_stands_for_one_call(api, stripe_account):
    options = {"idempotency_key": "key-1"}
    first = api.v1.customers.create({"email": "jo@example.org"}, options)
    api.v1.customers.update(first.id, {"email": "new@example.org"})

    again = api.v1.customers.create({"email": "jo@example.org"}, options)

    assert (again.id, again.email) == (first.id, "jo@example.org")
    assert len(stripe_account.objects) == 1
    with pytest.raises(stripe.IdempotencyError):
        api.v1.customers.create({"email": "other@example.org"}, options)


def test_an_answer_that_was_lost_is_repeated_for_the_same_key(api, stripe_account):
    stripe_account.fail("/v1/customers", drop=True, after=True)
    client = StripeClient(
        "sk_test_double",
        base_addresses={"api": stripe_account.url},
        max_network_retries=1,
    )

    client.v1.customers.create({"email": "jo@example.org"})

    assert len(stripe_account.objects) == 1


def test_an_unknown_path_is_refused_in_stripes_words(api):
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        api.v1.coupons.list()


def test_events_are_sent_signed_until_they_are_taken(db, api, stripe_account, receiver):
    pay(api)
    stripe_account.deliver()

    [(body, headers)] = receiver.received
    secret = stripe_account.webhook_secret
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)
    proof = {"stripe-signature": headers["Stripe-Signature"]}
    taken = APIClient().generic(
        "POST", "/api/v1/webhooks/stripe/", body, "application/json", headers=proof
    )
    assert (event.type, taken.status_code) == ("payment_intent.succeeded", 200)
    assert InboundWebhook.objects.get().dedupe_key == event.id


def test_events_are_sent_as_they_happen(api, stripe_account, receiver):
    stripe_account.sends_at_once = True

    pay(api)

    stripe_account.sends_at_once = False
    assert receiver.arrived.wait(5)
    assert [message["type"] for message in receiver.messages()] == ["payment_intent.succeeded"]


def test_an_event_nobody_takes_is_sent_again_and_given_up(api, stripe_account):
    refusing = Receiver(answer=500)
    before, stripe_account.deliver_to = stripe_account.deliver_to, refusing.url
    pay(api)

    stripe_account.deliver(waits=(0, 0))
    stripe_account.deliver_to = "http://127.0.0.1:9/"
    pay(api)
    stripe_account.deliver(waits=())

    stripe_account.deliver_to = before
    refusing.server.shutdown()
    refusing.server.server_close()
    assert len({body for body, _ in refusing.received}) == 1
    assert len(refusing.received) == 3
    assert stripe_account.outgoing.empty()


def test_a_broken_body_is_refused(stripe_account):
    answer = requests.post(f"{stripe_account.url}/v1/customers", data=b"email=\xff", timeout=5)

    assert answer.status_code == 400
