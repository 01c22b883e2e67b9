"""Who gets in, by which way, and what is refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Event
from registrations.models import Registration
from tests.factories.events import EventCustomFieldFactory, EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db

GUEST = {"email": "Gus@Example.org", "full_name": "Gus Guest"}


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True, capacity=2)


def url(event):
    return f"/api/v1/public/events/{event.uuid}/register/"


def test_a_guest_gets_a_place_and_a_link(anonymous, event):
    response = anonymous.post(url(event), GUEST)

    registration = Registration.objects.get()
    token = response.json()["manage_url"].partition("token=")[2]
    assert response.status_code == 201
    assert response.json() == {
        "registration": {
            "uuid": str(registration.uuid),
            "status": "confirmed",
            "waitlist_position": None,
            "amount_due": 0,
            "currency": "USD",
            "hold_expires_at": None,
        },
        "registrations": [response.json()["registration"]],
        "order": {"reference": registration.order.reference},
        "manage_url": f"http://localhost:3000/registrations/manage?token={token}",
    }
    assert (registration.email, registration.user) == ("gus@example.org", None)
