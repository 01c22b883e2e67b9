"""Notices: given once, refused loudly when wrong, one's own."""

import uuid

import pytest
from django.db import transaction

from accounts import notifications
from accounts.models import Notification
from tests.factories.accounts import UserFactory


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
