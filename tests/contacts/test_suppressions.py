"""Who does not want what from whom."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from common import delivery, mail, outbox
from common.models import OutgoingEmail
from contacts import suppressions
from contacts.models import Suppression
from events.models import EventInvitation
from tests.factories.common import OutgoingEmailFactory
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db
ADA = "ada@example.org"


def suppress(scope="invitations", sender=None, email=ADA, **facts):
    return Suppression.objects.create(
        email_hash=suppressions.hash_of(email),
        scope=scope,
        sender_uuid=sender,
        reason="manual",
        source="staff",
        **facts,
    )


def invite(api, event, *emails):
    return api.post(f"/api/v1/events/{event.uuid}/invitations/", {"emails": list(emails)})


def link_in(message):
    return re.search(r"<(\S+)>", message.headers["List-Unsubscribe"]).group(1)


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True)


@pytest.fixture
def invited(event, organizer, api_for):
    """The mail of an invitation."""
    invite(api_for(organizer), event, ADA)
    outbox.run_due(timezone.now())
    return OutgoingEmail.objects.get(kind="event_invitation")


def test_one_click_ends_the_sender_s_invitations(invited, organizer, api_for):
    path = "/" + link_in(invited).split("/", 3)[3]
    client = Client(enforce_csrf_checks=True)

    answers = [client.post(path, {"List-Unsubscribe": "One-Click"}).status_code for _ in range(2)]

    assert answers == [200, 200]
    row = Suppression.objects.get()
    assert (row.sender_uuid, row.scope, row.reason, row.source, row.email) == (
        organizer.uuid,
        "invitations",
        "unsubscribed",
        "one_click",
        "",
    )
    other = EventFactory(owner=organizer, published=True)
    assert invite(api_for(organizer), other, ADA).status_code == 201
    outbox.run_due(timezone.now())
    assert EventInvitation.objects.get(event=other).status == "suppressed"
    assert OutgoingEmail.objects.filter(kind="event_invitation").count() == 1


def test_another_sender_still_invites(invited, stranger, api_for):
    suppressions.unsubscribe(
        suppressions.read(link_in(invited).rstrip("/").rsplit("/", 1)[1]), source="page"
    )
    other = EventFactory(owner=stranger, published=True)

    invite(api_for(stranger), other, ADA)
    outbox.run_due(timezone.now())

    assert EventInvitation.objects.get(event=other).status == "sent"


def test_looking_changes_nothing_and_shows_a_masked_address(invited):
    page = Client().get("/" + link_in(invited).split("/", 3)[3])

    assert page.status_code == 200
    assert "a***a@example.org" in page.content.decode()
    assert ADA not in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex"
    assert not Suppression.objects.exists()


def test_the_button_unsubscribes(invited):
    page = Client().post("/" + link_in(invited).split("/", 3)[3])

    assert "You are unsubscribed" in page.content.decode()
    assert Suppression.objects.get().source == "page"


@pytest.mark.parametrize("token", ["x", "x.y", "eyJhIjoxfQ.sig"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_changed_link_is_not_found(token, method):
    response = getattr(Client(), method)(f"/unsubscribe/{token}/")

    assert response.status_code == 404
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        ("marketing", {"marketing"}),
        ("invitations", {"invitation"}),
        ("all", {"marketing", "invitation", "registration", "account"}),
    ],
)
@pytest.mark.parametrize("tenant", ["sender", "everybody"])
def test_what_each_scope_stops(scope, stopped, tenant):
    sender = uuid4()
    suppress(scope, sender if tenant == "sender" else None)
    categories = ("marketing", "invitation", "registration", "account", "security")
    messages = [
        OutgoingEmailFactory(category=category, to_email=ADA, owner_uuid=sender)
        for category in categories
    ]

    reasons = suppressions.screen(messages)

    assert {each.category for each in messages if each.uuid in reasons} == stopped
    assert set(reasons.values()) <= {"suppressed"}


def test_others_and_lifted_ones_stop_nothing():
    suppress("all", sender=uuid4())
    suppress("all", email="bob@example.org")
    suppress("all", lifted_at=timezone.now())
    message = OutgoingEmailFactory(category="invitation", to_email=ADA, owner_uuid=uuid4())

    assert suppressions.screen([message]) == {}


def test_who_unsubscribes_meanwhile_gets_nothing(invited):
    OutgoingEmail.objects.filter(pk=invited.pk).update(status="queued", sent_at=None)
    suppress("all")

    delivery.deliver(invited.uuid, now=timezone.now())

    invited.refresh_from_db()
    assert (invited.status, invited.skip_reason) == ("skipped", "suppressed")


@pytest.mark.parametrize("count", [1, 3])
def test_screening_costs_one_query(count, django_assert_num_queries):
    messages = OutgoingEmailFactory.create_batch(count, category="invitation")

    with django_assert_num_queries(1):
        suppressions.screen(messages)


def test_erasing_forgets_the_address_and_keeps_its_hash(attendee):
    from accounts import erasure

    row = suppress(email=attendee.email)
    Suppression.objects.filter(pk=row.pk).update(email=attendee.email)

    erasure.erase(attendee, by=attendee, action="account.erased")

    row.refresh_from_db()
    assert (row.email, row.email_hash) == ("", suppressions.hash_of("attendee@example.org"))


def test_links_are_made_for_what_can_be_refused():
    assert set(suppressions.SCOPES) == set(mail.UNSUBSCRIBABLE)
