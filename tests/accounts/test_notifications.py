"""Notices: given once, refused loudly when wrong, one's own."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts import invitations, members, notifications, zoom_connections
from accounts.models import Notification
from common import retention
from tests.factories.accounts import (
    MembershipFactory,
    NotificationFactory,
    UserFactory,
    ZoomConnectionFactory,
)

INBOX = "/api/v1/notifications/"


def told(user):
    return list(Notification.objects.filter(user=user).values_list("title", flat=True))


def test_a_notice_keeps_what_it_says(attendee):
    event = uuid.uuid4()

    notifications.notify(
        attendee,
        "system",
        title="Hello",
        message="All is well.",
        action_url="/events/7",
        metadata={"count": 3},
        event=event,
        dedupe_key="hello",
    )

    notice = Notification.objects.values(
        "user", "notification_type", "title", "message", "action_url", "metadata", "event_uuid",
        "dedupe_key", "read_at",
    ).get()  # fmt: skip
    assert notice == {
        "user": attendee.pk,
        "notification_type": "system",
        "title": "Hello",
        "message": "All is well.",
        "action_url": "/events/7",
        "metadata": {"count": 3},
        "event_uuid": event,
        "dedupe_key": "hello",
        "read_at": None,
    }


def test_a_second_notice_of_one_key_is_not_given_and_the_transaction_goes_on(attendee, organizer):
    with transaction.atomic():
        notifications.notify(attendee, "system", title="First", dedupe_key="key")
        notifications.notify(attendee, "system", title="Second", dedupe_key="key")
        notifications.notify(organizer, "system", title="First", dedupe_key="key")

    assert (told(attendee), told(organizer)) == (["First"], ["First"])


def test_without_a_key_every_notice_is_given(attendee):
    notifications.notify(attendee, "system", title="Same")
    notifications.notify(attendee, "system", title="Same")

    assert told(attendee) == ["Same", "Same"]


def test_an_unknown_type_is_a_mistake_of_ours(attendee):
    with pytest.raises(notifications.UnknownType):
        notifications.notify(attendee, "surprise", title="Hello")

    assert told(attendee) == []


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "events/7"])
def test_an_action_leads_into_the_front_end_only(attendee, address):
    with pytest.raises(ValueError, match="front end"):
        notifications.notify(attendee, "system", title="Hello", action_url=address)


def test_guests_and_ended_accounts_have_no_inbox(attendee):
    attendee.erase()

    notifications.notify(None, "system", title="Hello")
    notifications.notify_many([None, attendee.pk], "system", title="Hello")

    assert not Notification.objects.exists()


def test_what_is_too_long_is_cut(attendee):
    notifications.notify(attendee, "system", title="t" * 300, message="m" * 3000)

    notice = Notification.objects.get()
    assert (len(notice.title), len(notice.message)) == (255, 2000)


@pytest.mark.parametrize("count", [1, 30])
def test_many_are_told_in_two_queries(db, django_assert_num_queries, count):
    people = UserFactory.create_batch(count)

    with transaction.atomic(), django_assert_num_queries(2):
        notifications.notify_many([each.pk for each in people], "system", title="Hello")

    assert Notification.objects.count() == count


def test_a_notice_is_shown_with_its_event_and_action(api_for, attendee):
    event = uuid.uuid4()
    notice = NotificationFactory(
        user=attendee, message="Hi.", action_url="/events/x", metadata={"a": 1}, event_uuid=event
    )

    body = api_for(attendee).get(f"{INBOX}{notice.uuid}/").json()

    assert body == {
        "uuid": str(notice.uuid),
        "notification_type": "system",
        "title": notice.title,
        "message": "Hi.",
        "action_url": "/events/x",
        "metadata": {"a": 1},
        "event": str(event),
        "is_read": False,
        "read_at": None,
        "created_at": body["created_at"],
    }


@pytest.mark.parametrize("count", [1, 3])
def test_the_inbox_is_mine_newest_first(
    api_for, attendee, stranger, django_assert_num_queries, count
):
    mine = NotificationFactory.create_batch(count, user=attendee)
    NotificationFactory(user=stranger)
    client = api_for(attendee)

    with django_assert_num_queries(3):
        body = client.get(INBOX).json()

    assert [each["uuid"] for each in body["results"]] == [str(n.uuid) for n in reversed(mine)]


@pytest.fixture
def mixed(attendee):
    event = uuid.UUID("5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e")
    NotificationFactory(user=attendee, title="old", read_at=timezone.now())
    NotificationFactory(user=attendee, title="about", event_uuid=event)
    NotificationFactory(user=attendee, title="zoom", notification_type="zoom_disconnected")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("is_read=true", ["old"]),
        ("is_read=false", ["zoom", "about"]),
        ("event=5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e", ["about"]),
        ("notification_type=zoom_disconnected", ["zoom"]),
        ("notification_type=unheard_of", []),
    ],
)
def test_the_inbox_is_narrowed(api_for, attendee, mixed, query, expected):
    body = api_for(attendee).get(f"{INBOX}?{query}").json()

    assert [each["title"] for each in body["results"]] == expected


@pytest.mark.parametrize("query", ["is_read=perhaps", "event=7"])
def test_a_filter_that_makes_no_sense_is_refused(api_for, attendee, query):
    response = api_for(attendee).get(f"{INBOX}?{query}")

    assert response.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "{}/"), ("delete", "{}/"), ("post", "{}/read/")],
)
def test_anothers_notice_does_not_exist(api_for, attendee, stranger, method, path):
    notice = NotificationFactory(user=attendee)

    response = getattr(api_for(stranger), method)(INBOX + path.format(notice.uuid))

    notice.refresh_from_db()
    assert (response.status_code, notice.read_at) == (404, None)


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("get", "unread-count/"), ("post", "read-all/")],
)
def test_the_inbox_wants_a_sign_in(anonymous, db, method, path):
    assert getattr(anonymous, method)(INBOX + path).status_code == 401


def test_reading_counts_the_first_time(api_for, attendee):
    notice = NotificationFactory(user=attendee)
    client = api_for(attendee)

    first = client.post(f"{INBOX}{notice.uuid}/read/").json()
    again = client.post(f"{INBOX}{notice.uuid}/read/").json()

    assert (first["is_read"], again["read_at"]) == (True, first["read_at"])


def test_everything_is_read_at_once_and_only_mine(api_for, attendee, stranger):
    NotificationFactory.create_batch(2, user=attendee)
    NotificationFactory(user=attendee, read_at=timezone.now())
    NotificationFactory(user=stranger)
    client = api_for(attendee)

    answers = [
        client.get(f"{INBOX}unread-count/").json(),
        client.post(f"{INBOX}read-all/").json(),
        client.post(f"{INBOX}read-all/").json(),
        client.get(f"{INBOX}unread-count/").json(),
        api_for(stranger).get(f"{INBOX}unread-count/").json(),
    ]

    assert answers == [
        {"unread_count": 2},
        {"read_count": 2},
        {"read_count": 0},
        {"unread_count": 0},
        {"unread_count": 1},
    ]


def test_a_notice_can_be_removed(api_for, attendee):
    gone, kept = NotificationFactory.create_batch(2, user=attendee)

    response = api_for(attendee).delete(f"{INBOX}{gone.uuid}/")

    assert (response.status_code, [*Notification.objects.all()]) == (204, [kept])


def test_notices_are_kept_for_a_year(attendee):
    with time_machine.travel(timezone.now() - timedelta(days=366)):
        NotificationFactory(user=attendee)
    kept = NotificationFactory(user=attendee)

    retention.apply(timezone.now())

    assert [*Notification.objects.all()] == [kept]


def test_a_member_is_told_of_role_and_end(organization, organizer):
    person = UserFactory()
    membership = MembershipFactory(organization=organization, user=person, role="staff")

    members.change(membership, by=organizer, role="instructor")
    members.remove(membership, by=organizer)

    assert told(person) == [
        "You no longer belong to Provider Ltd.",
        "Your role in Provider Ltd: Instructor.",
    ]


def test_an_invitation_reaches_the_inbox_of_a_proven_address_only(organization, organizer):
    proven = UserFactory(email="proven@example.org")
    unproven = UserFactory(email="unproven@example.org", unverified=True)

    for person in (proven, unproven):
        invitations.invite(organization, by=organizer, email=person.email, role="admin")

    assert (told(proven), told(unproven)) == (["Provider Ltd invites you as Admin."], [])


def test_a_lost_zoom_connection_is_told_once(organizer):
    connection = ZoomConnectionFactory(user=organizer)

    for _ in range(6):
        zoom_connections.note_failure(connection, "refused")

    assert told(organizer) == ["Zoom is no longer connected."]
