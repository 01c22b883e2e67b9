"""Private events: there for whoever shows an invitation to them, and for nobody else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from common import outbox
from events.models import EventInvitation
from registrations.models import Registration
from tests.factories.accounts import UserFactory
from tests.factories.event_invitations import EventInvitationFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db
GUEST = {"email": "ada@example.org", "full_name": "Ada Guest"}


@pytest.fixture
def event(organizer):
    return EventFactory(
        owner=organizer, published=True, visibility="private", slug="care", public_code="abcdefgh"
    )


@pytest.fixture
def invitation(event):
    return EventInvitationFactory(event=event, email="ada@example.org", mailed=True, token="secret")


def pages(event):
    return {
        "detail": f"/api/v1/public/events/{event.uuid}/",
        "slug": "/api/v1/public/events/by-slug/care-abcdefgh/",
        "calendar": f"/api/v1/public/events/{event.uuid}/calendar.ics",
    }


def register(client, event, **body):
    return client.post(
        f"/api/v1/public/events/{event.uuid}/register/", {**GUEST, **body}, format="json"
    )


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


class TestSeeing:
    @pytest.mark.parametrize("page", ["detail", "slug", "calendar"])
    def test_token_opens_the_page(self, anonymous, event, invitation, page):
        address = pages(event)[page]

        answers = [
            anonymous.get(address).status_code,
            anonymous.get(address, {"invitation": "guessed"}).status_code,
            anonymous.get(address, {"invitation": "secret"}).status_code,
        ]

        assert answers == [404, 404, 200]

    @pytest.mark.parametrize("page", ["detail", "slug", "calendar"])
    def test_hidden_looks_like_never_existed(self, anonymous, event, invitation, page):
        hidden = anonymous.get(pages(event)[page], {"invitation": "guessed"})
        Registration.objects.all().delete()
        event.invitations.all().delete()
        event.hard_delete()

        absent = anonymous.get(pages(event)[page], {"invitation": "guessed"})

        assert (hidden.status_code, absent.status_code) == (404, 404)
        told = [answer.json()["error"] for answer in (hidden, absent)]
        assert [{**error, "request_id": ""} for error in told] == [
            {**told[0], "request_id": ""}
        ] * 2

    @pytest.mark.parametrize("page", ["detail", "slug", "calendar"])
    def test_token_of_another_event_opens_nothing(self, anonymous, organizer, event, page):
        other = EventFactory(owner=organizer, published=True, visibility="private")
        EventInvitationFactory(event=other, mailed=True, token="other")

        response = anonymous.get(pages(event)[page], {"invitation": "other"})

        assert response.status_code == 404

    def test_bare_slug_finds_no_private_event(self, anonymous, event, invitation):
        response = anonymous.get("/api/v1/public/events/by-slug/care/", {"invitation": "secret"})

        assert response.status_code == 404

    def test_it_is_never_listed(self, anonymous, event, invitation):
        EventFactory(published=True, title="Open to all")

        response = anonymous.get("/api/v1/public/events/", {"invitation": "secret"})

        assert [row["title"] for row in response.json()["results"]] == ["Open to all"]

    def test_expired_token_opens_nothing(self, anonymous, event, invitation, time_machine):
        time_machine.move_to(event.ends_at + timedelta(seconds=1))

        response = anonymous.get(pages(event)["detail"], {"invitation": "secret"})

        assert response.status_code == 404

    def test_draft_stays_hidden_from_the_invited(self, anonymous, event, invitation):
        type(event).objects.update(status="draft")

        response = anonymous.get(pages(event)["detail"], {"invitation": "secret"})

        assert response.status_code == 404

    def test_guest_may_register_and_the_organizer_reads_who_may(
        self, anonymous, api_for, organizer, event, invitation
    ):
        guest = anonymous.get(pages(event)["detail"], {"invitation": "secret"}).json()
        organizers = api_for(organizer).get(f"/api/v1/events/{event.uuid}/").json()

        assert (guest["registration_state"], guest["can_register"]) == ("open", True)
        assert organizers["registration_state"] == "invitation_only"

    @pytest.mark.parametrize("page", ["detail", "slug", "calendar"])
    def test_what_a_token_opened_is_not_shared(self, anonymous, event, invitation, page):
        response = anonymous.get(pages(event)[page], {"invitation": "secret"})

        assert response.headers["Cache-Control"] == "no-store"

    def test_public_event_is_shared_unless_a_token_came(self, anonymous):
        event = EventFactory(published=True)
        address = f"/api/v1/public/events/{event.uuid}/"

        answers = [anonymous.get(address), anonymous.get(address, {"invitation": "x"})]

        assert [answer.headers["Cache-Control"] for answer in answers] == [
            "public, max-age=60",
            "no-store",
        ]

    def test_token_costs_no_query(self, anonymous, event, invitation, django_assert_num_queries):
        with django_assert_num_queries(6):
            response = anonymous.get(pages(event)["detail"], {"invitation": "secret"})

        assert response.status_code == 200


class TestRegistering:
    def test_invited_address_is_let_in_and_marked(self, anonymous, event, invitation):
        response = register(anonymous, event, invitation="secret")
        outbox.run_due(timezone.now())

        assert response.status_code == 201
        row = event.invitations.get()
        registration = Registration.objects.get()
        assert registration.source == "invitation"
        assert (row.status, row.response, row.registration) == (
            "registered",
            "accepted",
            registration.uuid,
        )
        assert row.registered_at is not None

    def test_account_of_the_invited_address_is_let_in(self, api_for, event, invitation):
        user = UserFactory(email="ada@example.org")

        response = register(api_for(user), event, invitation="secret")

        assert (response.status_code, Registration.objects.get().user) == (201, user)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"invitation": ""},
            {"invitation": "guessed"},
            {"invitation": "secret", "email": "other@example.org"},
            {
                "invitation": "secret",
                "attendees": [{"email": "friend@example.org", "full_name": "A Friend"}],
            },
        ],
        ids=["no token", "empty token", "wrong token", "another address", "with a friend"],
    )
    def test_nobody_else_is_let_in(self, anonymous, event, invitation, body):
        response = register(anonymous, event, **body)

        assert error_of(response) == (403, "INVITATION_REQUIRED")
        assert not Registration.objects.exists()
        assert event.invitations.get().status == "sent"

    def test_account_of_another_address_is_not_let_in(self, api_for, attendee, event, invitation):
        response = register(api_for(attendee), event, invitation="secret")

        assert error_of(response) == (403, "INVITATION_REQUIRED")

    def test_token_of_another_event_is_not_enough(self, anonymous, organizer, event):
        other = EventFactory(owner=organizer, published=True, visibility="private")
        EventInvitationFactory(event=other, email="ada@example.org", mailed=True, token="other")

        response = register(anonymous, event, invitation="other")

        assert error_of(response) == (403, "INVITATION_REQUIRED")

    def test_full_private_event_puts_the_invited_in_line(self, anonymous, event, invitation):
        type(event).objects.update(capacity=1, places_taken=1, waitlist_enabled=True)

        response = register(anonymous, event, invitation="secret")

        assert (response.status_code, response.json()["registration"]["status"]) == (
            201,
            "waitlisted",
        )

    def test_closed_registration_stays_closed_for_the_invited(self, anonymous, event, invitation):
        type(event).objects.update(registration_enabled=False)

        response = register(anonymous, event, invitation="secret")

        assert error_of(response) == (422, "REGISTRATION_CLOSED")

    @pytest.mark.parametrize(
        ("token", "source"), [("secret", "invitation"), ("guessed", "self"), ("", "self")]
    )
    def test_public_event_takes_everybody_and_knows_the_invited(
        self, anonymous, event, invitation, token, source
    ):
        type(event).objects.update(visibility="public")

        response = register(anonymous, event, invitation=token)

        assert (response.status_code, Registration.objects.get().source) == (201, source)


class TestMarking:
    def test_invited_who_come_without_the_link_are_marked(self, anonymous, organizer):
        event = EventFactory(owner=organizer, published=True)
        EventInvitationFactory(event=event, email="ada@example.org")
        EventInvitationFactory(event=event, email="ben@example.org")

        register(anonymous, event)
        outbox.run_due(timezone.now())

        found = dict(event.invitations.values_list("email", "status"))
        assert found == {"ada@example.org": "registered", "ben@example.org": "pending"}

    def test_mark_is_made_once_and_stays(self, event, invitation):
        first, second = RegistrationFactory.create_batch(2, event=event)
        mine = EventInvitation.objects.match(event, "Ada@Example.org")

        marked = [mine.mark_registered(row.uuid) for row in (first, first, second)]

        assert marked == [1, 0, 0]
        assert mine.get().registration == first.uuid

    def test_cancelling_leaves_the_mark(self, anonymous, event, invitation, organizer):
        register(anonymous, event, invitation="secret")
        outbox.run_due(timezone.now())

        Registration.objects.get().event.cancel(by=organizer)
        outbox.run_due(timezone.now())

        assert event.invitations.get().status == "registered"

    def test_who_has_registered_gets_no_mail_any_more(self, anonymous):
        event = EventFactory(published=True)
        row = EventInvitationFactory(event=event, email="ada@example.org", queued_at=timezone.now())

        row.event.invitations.match(event, row.email).mark_registered(uuid4())

        assert not EventInvitation.objects.waiting(timezone.now()).exists()
