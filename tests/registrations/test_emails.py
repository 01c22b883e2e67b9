"""What the messages say, to whom, and what they keep to themselves."""

from datetime import UTC, datetime

import pytest

from common.models import OutgoingEmail
from events.models import Event
from registrations import emails, guest_links, tickets
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def registration(organizer):
    event = EventFactory(owner=organizer, published=True, title="Q&A <b>live</b>")
    return RegistrationFactory(event=event, full_name="Zoë O'Guest", email="gus@example.org")


def message():
    return OutgoingEmail.objects.get()


def test_a_confirmation_has_everything_needed_to_come(registration):
    ticket = tickets.issue(registration)

    emails.registration_confirmed(registration)

    mail, text = message(), message().text
    token = guest_links.token_for(registration)
    assert mail.subject == "You are registered for Q&A <b>live</b>"
    assert mail.from_name == "Olga Organizer"
    assert "Hello Zoë O'Guest," in text
    assert "Monday 1 March 2027, 09:00 (UTC)" in text
    assert f"http://localhost:3000/registrations/manage?token={token}" in text
    assert f"/api/v1/public/registrations/{token}/calendar/" in text
    assert f"/api/v1/public/registrations/{token}/join/" in text
    assert str(ticket.code) in text
    assert "Q&amp;A &lt;b&gt;live&lt;/b&gt;" in mail.html


def test_people_on_site_get_no_link_to_join(registration):
    Event.objects.update(format="in_person", location="Room 1")
    registration.event.refresh_from_db()
    tickets.issue(registration)

    emails.registration_confirmed(registration)

    assert "/join/" not in message().text
    assert "Room 1" in message().text


def test_times_are_those_of_the_event(registration):
    event = Event(timezone="Europe/Berlin")

    found = emails.local(datetime(2027, 7, 1, 22, 30, tzinfo=UTC), event)

    assert found == "Friday 2 July 2027, 00:30 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë O'Guest", "Zoë O'Guest"),
        ("Win https://evil.example/now here", "Win here"),
        ("www.evil.example Gus", "Gus"),
        ("Gus evil.com", "Gus"),
        ("J. R. Guest", "J. R. Guest"),
        ("x" * 200, "x" * 120),
    ],
)
def test_names_of_strangers_carry_no_addresses(name, shown):
    assert emails.cleaned(name) == shown


def test_one_message_for_each_occasion(registration):
    emails.registration_cancelled(registration)
    emails.registration_cancelled(registration)

    assert OutgoingEmail.objects.count() == 1
