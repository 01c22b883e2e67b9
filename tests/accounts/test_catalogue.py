"""What every app tells integrators: the catalogue, message by message."""

import json
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import webhooks
from accounts.models import WebhookDelivery
from billing.signals import subscription_changed
from certificates import signals as certificate_signals
from events import signals as event_signals
from learning.credits import awarding
from learning.credits import signals as credit_signals
from learning.credits.models import CreditAward
from registrations import outbound, tickets
from registrations import signals as registration_signals
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.certificates import CertificateFactory
from tests.factories.credits import attended
from tests.factories.events import EventFactory, EventSessionFactory
from tests.factories.registrations import RegistrationFactory, WaitlistOfferFactory
from tests.factories.webhooks import WebhookEndpointFactory

# What these say is said in tests of accounts.
OF_ACCOUNTS = {"member.changed", "ping"}


def event_of(organization):
    return EventFactory(published=True, owner=organization.created_by, organization=organization)


def registration_of(organization, **facts):
    return RegistrationFactory(event=event_of(organization), **facts)


def place_of(organization):
    registration = registration_of(organization)
    tickets.issue(registration)
    return registration


def award_of(organization):
    event = EventFactory(
        completed=True,
        owner=organization.created_by,
        organization=organization,
        attendance_finalized_at=timezone.now(),
        cpd_enabled=True,
        cpd_credit_type="CPD",
        cpd_credit_value=Decimal(1),
    )
    attended(event)
    awarding.request_for_event(event)
    awarding.award_event(event)
    return CreditAward.objects.get()


def subscription_of(organization):
    return SubscriptionFactory(
        account=BillingAccountFactory(user=None, organization=organization), manual=True
    )


def session_of(organization):
    return EventSessionFactory(event=event_of(organization), status="completed")


events, places = event_signals, registration_signals
CATALOGUE = {
    "event.published": (events.event_published, "event", event_of),
    "event.rescheduled": (events.event_rescheduled, "event", event_of),
    "event.cancelled": (events.event_cancelled, "event", event_of),
    "event.started": (events.event_started, "event", event_of),
    "event.completed": (events.event_completed, "event", event_of),
    "session.completed": (events.session_completed, "session", session_of),
    "registration.confirmed": (places.registration_confirmed, "registration", place_of),
    "registration.cancelled": (places.registration_cancelled, "registration", registration_of),
    "registration.waitlisted": (places.registration_waitlisted, "registration", registration_of),
    "waitlist.offer_made": (
        places.offer_made,
        "offer",
        lambda organization: WaitlistOfferFactory(
            registration=registration_of(organization, offered=True)
        ),
    ),
    "attendance.changed": (places.attendance_changed, "registration", registration_of),
    "attendance.finalized": (places.attendance_finalized, "event", event_of),
    "credit.awarded": (credit_signals.credit_awarded, "award", award_of),
    "credit.revoked": (credit_signals.credit_revoked, "award", award_of),
    "certificate.issued": (
        certificate_signals.certificate_issued,
        "certificate",
        lambda organization: CertificateFactory(registration=registration_of(organization)),
    ),
    "certificate.revoked": (
        certificate_signals.certificate_revoked,
        "certificate",
        lambda organization: CertificateFactory(registration=registration_of(organization)),
    ),
    "subscription.changed": (subscription_changed, "subscription", subscription_of),
}


def announce(kind, organization):
    """Send the signal behind the type for a row of the organization; return its messages."""
    signal, word, make = CATALOGUE[kind]
    row = make(organization)
    WebhookDelivery.objects.all().delete()
    signal.send(sender=type(row), **{word: row})
    return row, list(WebhookDelivery.objects.filter(type=kind))


def test_every_type_of_the_catalogue_is_proven_here():
    assert {each.type for each in webhooks.types()} - OF_ACCOUNTS == set(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE)
def test_each_type_says_what_its_example_says(organization, kind):
    mine = WebhookEndpointFactory(organization=organization, event_types=[kind])
    WebhookEndpointFactory(user=organization.created_by)
    WebhookEndpointFactory()

    row, messages = announce(kind, organization)

    (message,) = messages
    said = message.content
    (example,) = [each.example_object for each in webhooks.types() if each.type == kind]
    assert message.endpoint == mine
    assert said["organization"] == str(organization.uuid)
    assert said["data"]["object"].keys() == example.keys()
    assert said["data"]["object"]["object"] == example["object"]
    assert said["data"]["object"]["uuid"] == str(row.uuid)


@pytest.mark.parametrize("kind", [kind for kind in CATALOGUE if "." in kind])
def test_nobody_is_named(organization, kind):
    WebhookEndpointFactory(organization=organization)
    _, (message,) = announce(kind, organization)

    secrets = ["Person", "@example.org", "Provider", "Olga", "token", "zoom"]
    assert [word for word in secrets if word in message.payload] == []


def test_of_a_place_only_the_account_is_told(organization, attendee):
    registration = registration_of(organization, user=attendee)
    event = registration.event

    assert json.loads(webhooks.encoded(outbound.about_registration(registration))) == {
        "object": "registration",
        "uuid": str(registration.uuid),
        "url": (
            f"http://localhost:8000/api/v1/events/{event.uuid}/registrations/{registration.uuid}/"
        ),
        "event": str(event.uuid),
        "status": "confirmed",
        "user": str(attendee.uuid),
        "ticket_type": None,
        "source": "self",
    }


def test_a_certificate_says_where_to_check_it_only_if_everybody_may(organization):
    WebhookEndpointFactory(organization=organization)
    kept = CertificateFactory(
        registration=registration_of(organization), allow_public_verification=False
    )

    certificate_signals.certificate_issued.send(sender=type(kept), certificate=kept)

    (message,) = WebhookDelivery.objects.filter(type="certificate.issued")
    assert message.content["data"]["object"]["verification_url"] is None
    assert kept.verification_code not in message.payload


def test_a_refused_publish_tells_nobody(organizer, api_for):
    WebhookEndpointFactory(user=organizer)
    event = EventFactory(owner=organizer, published=True)

    response = api_for(organizer).post(f"/api/v1/events/{event.uuid}/publish/")

    assert response.status_code == 400
    assert WebhookDelivery.objects.count() == 0


def test_an_accepted_one_tells_whoever_listens(organizer, api_for):
    WebhookEndpointFactory(user=organizer)
    event = EventFactory(owner=organizer)

    response = api_for(organizer).post(f"/api/v1/events/{event.uuid}/publish/")

    assert response.status_code == 200, response.json()
    message = WebhookDelivery.objects.get()
    assert message.content["data"]["object"]["status"] == "published"
    assert message.type == "event.published"


@pytest.mark.parametrize("count", [1, 5])
def test_many_at_once_cost_one_statement_where_nobody_listens(organizer, count):
    event = EventFactory(owner=organizer, published=True)
    rows = RegistrationFactory.create_batch(count, event=event)

    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        for row in rows:
            outbound.tell_of_registration("registration.cancelled", registration=row)

    assert sum('"accounts_webhookendpoint"' in query["sql"] for query in captured) == 1
