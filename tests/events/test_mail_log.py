"""What was mailed because of an event, for those who manage it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import OutgoingEmail
from events import emails
from registrations import emails as registration_emails
from tests.factories.accounts import MembershipFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


def url(event):
    return f"/api/v1/events/{event.uuid}/emails/"


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, title="Wound care")


def test_mails_of_the_event_and_of_its_registrations_are_listed(api_for, organizer, event):
    registration = RegistrationFactory(event=event, email="ada@example.org")
    other = RegistrationFactory(event=EventFactory(owner=organizer, published=True))
    emails.event_summary(event)
    for row in (registration, other):
        registration_emails.registration_cancelled(row)
    sent_at = timezone.now()
    OutgoingEmail.objects.filter(to_email="ada@example.org").update(
        status="failed",
        last_error="550 no such user",
        sent_at=sent_at,
        created_at=sent_at + timedelta(seconds=1),
    )

    body = api_for(organizer).get(url(event)).json()

    mail = OutgoingEmail.objects.get(to_email="ada@example.org")
    assert body["count"] == 2
    assert body["results"][0] == {
        "uuid": str(mail.uuid),
        "recipient_email": "ada@example.org",
        "email_type": "registration_cancelled",
        "subject": mail.subject,
        "status": "failed",
        "queued_at": mail.created_at.isoformat().replace("+00:00", "Z"),
        "sent_at": mail.sent_at.isoformat().replace("+00:00", "Z"),
        "error": "550 no such user",
    }
    assert (body["results"][1]["email_type"], body["results"][1]["status"]) == (
        "event_summary",
        "queued",
    )


def test_why_somebody_wants_no_mail_is_not_told(api_for, organizer, event):
    emails.event_summary(event)
    OutgoingEmail.objects.update(status="skipped", skip_reason="unsubscribed")

    row = api_for(organizer).get(url(event)).json()["results"][0]

    assert row["status"] == "skipped"
    assert "unsubscribed" not in str(row)


@pytest.mark.parametrize("count", [1, 3])
def test_the_log_costs_the_same_for_every_length(
    api_for, organizer, event, count, django_assert_num_queries
):
    for registration in RegistrationFactory.create_batch(count, event=event):
        registration_emails.registration_cancelled(registration)
    api = api_for(organizer)

    with django_assert_num_queries(4):
        body = api.get(url(event)).json()

    assert body["count"] == count


def test_only_managers_read_it(api_for, anonymous, organization, organizer, stranger, staff_member):
    event = EventFactory(organization=organization, owner=organizer)
    people = {
        role: MembershipFactory(organization=organization, role=role).user
        for role in ("admin", "organizer", "instructor", "staff")
    }

    answers = {
        name: api_for(user).get(url(event)).status_code
        for name, user in {**people, "stranger": stranger, "platform": staff_member}.items()
    }

    assert answers == {
        "admin": 200,
        "organizer": 200,
        "instructor": 403,
        "staff": 403,
        "stranger": 404,
        "platform": 403,
    }
    assert anonymous.get(url(event)).status_code == 401
