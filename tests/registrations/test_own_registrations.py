"""One's own registrations, and how guest registrations come to an account."""

from datetime import timedelta

import pytest

from accounts.signals import email_verified
from common.models import AuditEntry
from registrations import claiming
from registrations.models import Registration
from tests.factories.accounts import UserFactory
from tests.factories.events import STARTS_AT, EventFactory
from tests.factories.registrations import (
    MeetingRegistrantFactory,
    RegistrationFactory,
    TicketFactory,
    WaitlistOfferFactory,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/users/me/registrations/"
LINK = "/api/v1/users/me/link-registrations/"


@pytest.fixture
def registration(attendee, organizer):
    event = EventFactory(owner=organizer, published=True)
    return RegistrationFactory(event=event, user=attendee, email=attendee.email)


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


def test_one_sees_ones_own_and_no_others(api_for, attendee, registration):
    RegistrationFactory(event=registration.event)
    TicketFactory(registration=registration)

    (body,) = api_for(attendee).get(URL).json()["results"]

    assert body == {
        "uuid": str(registration.uuid),
        "event": {
            "uuid": str(registration.event.uuid),
            "title": registration.event.title,
            "status": "published",
            "starts_at": "2027-03-01T09:00:00Z",
            "ends_at": "2027-03-01T10:00:00Z",
            "timezone": "UTC",
            "format": "online",
            "location": "",
            "organizer_name": "Olga Organizer",
            "public_url": registration.event.public_url,
            "cancellation_reason": "",
        },
        "email": attendee.email,
        "full_name": registration.full_name,
        "professional_title": "",
        "organization_name": "",
        "status": "confirmed",
        "registered_at": body["registered_at"],
        "confirmed_at": body["confirmed_at"],
        "cancelled_at": None,
        "waitlist_position": None,
        "amount_due": 0,
        "currency": "USD",
        "payment_status": "not_required",
        "hold_expires_at": None,
        "attended": False,
        "total_attendance_minutes": 0,
        "attendance_percent": 0,
        "attendance_eligible": False,
        "certificate_issued": False,
        "certificate_eligible": False,
        "allow_public_verification": True,
        "ticket": {**body["ticket"], "code": str(registration.ticket.code)},
        "zoom_join_url": "",
        "can_join": False,
        "can_cancel": True,
    }


@pytest.mark.parametrize("path", ["", "cancel/", "accept-offer/", "ticket/", "calendar/", "join/"])
def test_another_persons_registration_is_not_found(api_for, stranger, registration, path):
    client = api_for(stranger)
    method = client.post if path in {"cancel/", "accept-offer/"} else client.get

    assert method(f"{URL}{registration.uuid}/{path}").status_code == 404


@pytest.mark.parametrize("path", [URL, LINK])
def test_without_a_token_there_is_nothing_of_ones_own(anonymous, db, path):
    assert refusal(anonymous.get(path)) == (401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=confirmed", 1),
        ("status=cancelled,waitlisted", 0),
        ("upcoming=true", 1),
        ("upcoming=false", 0),
        ("event=00000000-0000-4000-8000-000000000000", 0),
    ],
)
def test_the_list_is_narrowed(api_for, attendee, registration, query, count):
    assert api_for(attendee).get(f"{URL}?{query}").json()["count"] == count


@pytest.mark.parametrize("query", ["status=lost", "upcoming=perhaps", "event=x", "page_size=0"])
def test_a_bad_filter_is_refused_by_name(api_for, attendee, query):
    response = api_for(attendee).get(f"{URL}?{query}")

    assert refusal(response) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_many_as_for_one(
    api_for, attendee, count, django_assert_num_queries
):
    for _ in range(count):
        row = RegistrationFactory(user=attendee)
        MeetingRegistrantFactory(registration=row, status="pushed")
    client = api_for(attendee)

    # session with user; count; rows; sessions; personal links
    with django_assert_num_queries(5):
        response = client.get(URL)

    assert response.json()["count"] == count


def test_the_personal_link_is_shown_from_the_moment_it_exists(api_for, attendee, registration):
    MeetingRegistrantFactory(
        registration=registration, status="pushed", join_url="https://zoom.example/w/1"
    )

    body = api_for(attendee).get(f"{URL}{registration.uuid}/").json()

    assert (body["zoom_join_url"], body["can_join"]) == ("https://zoom.example/w/1", False)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-61, False), (-60, True), (30, True), (60, False)]
)
def test_the_doors_open_an_hour_before(attendee, registration, minutes, expected):
    from registrations import joining

    now = STARTS_AT + timedelta(minutes=minutes)

    assert joining.can_join(registration, now=now) is expected


class TestClaiming:
    def test_nothing_is_linked_before_the_address_is_proven(self, organizer):
        RegistrationFactory(email="gus@example.org")
        user = UserFactory(email="gus@example.org", unverified=True)

        assert claiming.claim(user) == 0
        assert Registration.objects.get().user is None

    def test_a_proven_address_brings_its_registrations(self):
        row = RegistrationFactory(email="gus@example.org")
        RegistrationFactory(email="gus+other@example.org")
        user = UserFactory(email="gus@example.org")

        email_verified.send(sender=type(user), user=user)

        assert list(Registration.objects.filter(user=user)) == [row]
        assert AuditEntry.objects.get(action="registrations.claimed").actor_uuid == user.uuid

    def test_claiming_again_links_nothing(self):
        RegistrationFactory(email="gus@example.org")
        user = UserFactory(email="gus@example.org")

        assert [claiming.claim(user), claiming.claim(user)] == [1, 0]

    def test_what_belongs_to_somebody_is_never_given_away(self, attendee):
        RegistrationFactory(email="gus@example.org", user=attendee)

        assert claiming.claim(UserFactory(email="gus@example.org")) == 0

    def test_the_candidates_are_listed_and_linked_on_request(self, api_for):
        row = RegistrationFactory(email="gus@example.org")
        client = api_for(UserFactory(email="gus@example.org"))

        (candidate,) = client.get(LINK).json()["results"]
        response = client.post(LINK)

        assert candidate["uuid"] == str(row.uuid)
        assert response.json() == {
            "linked_count": 1,
            "message": "Registrations linked to your account: 1.",
        }
        assert client.get(LINK).json()["count"] == 0
        assert client.get(URL).json()["count"] == 1

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_an_unproven_address_links_nothing(self, api_for, method):
        client = api_for(UserFactory(unverified=True))

        assert refusal(getattr(client, method)(LINK)) == (403, "EMAIL_NOT_VERIFIED")


def test_the_one_registration_is_shown_with_its_version(api_for, attendee, registration):
    response = api_for(attendee).get(f"{URL}{registration.uuid}/")

    assert response.json()["uuid"] == str(registration.uuid)
    assert response.headers["ETag"]


def test_an_offer_is_accepted_from_the_account(api_for, attendee, registration):
    Registration.objects.update(status="offered", waitlisted_at=registration.created_at)
    WaitlistOfferFactory(registration=registration)

    response = api_for(attendee).post(f"{URL}{registration.uuid}/accept-offer/")

    assert response.json()["status"] == "confirmed"
