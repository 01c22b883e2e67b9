"""What registrants and organizers find in the product beside their mails."""

import pytest

from accounts import notifications
from accounts.models import Notification
from registrations import cancelling, emails, inbox, notices
from tests.factories.accounts import UserFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


def told(user):
    return list(Notification.objects.filter(user=user).values_list("notification_type", "title"))


@pytest.fixture
def registration(attendee, organizer):
    event = EventFactory(owner=organizer, title="Ethics", published=True)
    return RegistrationFactory(event=event, user=attendee, email=attendee.email)


def test_every_type_is_registered():
    assert notifications.types().items() >= inbox.TYPES.items()


@pytest.mark.parametrize(
    ("tell", "title"),
    [
        (emails.registration_pending_approval, "Your registration for Ethics waits for approval"),
        (emails.registration_rejected, "Your registration for Ethics was not accepted"),
        (emails.registration_cancelled, "Your registration for Ethics is cancelled"),
        (emails.attendance_corrected, "Your attendance at Ethics was corrected"),
    ],
)
def test_a_registrant_is_told_beside_the_mail_and_once(registration, attendee, tell, title):
    tell(registration)
    tell(registration)

    notice = Notification.objects.get(user=attendee)
    assert (notice.title, notice.action_url, notice.event_uuid) == (
        title,
        f"/registrations/{registration.uuid}",
        registration.event.uuid,
    )


def test_a_guest_has_no_inbox(organizer):
    guest = RegistrationFactory(event=EventFactory(owner=organizer, published=True))

    emails.registration_cancelled(guest)

    assert not Notification.objects.exists()


def test_who_runs_the_event_is_told_of_those_who_wait(registration, organizer):
    emails.approval_waiting(registration)

    assert told(organizer) == [
        ("approval_waiting", "A registration for Ethics waits for your approval")
    ]


@pytest.mark.parametrize("count", [1, 5])
def test_all_registrants_are_told_of_another_time_in_two_queries(
    organizer, django_assert_num_queries, count
):
    event = EventFactory(owner=organizer, published=True)
    people = UserFactory.create_batch(count)
    rows = [RegistrationFactory(event=event, user=person) for person in people]

    with django_assert_num_queries(2):
        inbox.event_rescheduled(event, rows)
    notices.tell_rescheduled(event.pk)

    assert [len(told(person)) for person in people] == [1] * count


def test_a_cancelled_event_is_told_once_with_its_reason(registration, attendee):
    event = registration.event
    event.cancel(by=event.owner, reason="No speaker.")

    cancelling.cancel_event(event.pk)
    cancelling.cancel_event(event.pk)

    notice = Notification.objects.get(user=attendee)
    assert (notice.notification_type, notice.title, notice.message) == (
        "event_cancelled",
        "Ethics is cancelled",
        "No speaker.",
    )
