"""What the database refuses, whoever asks."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from registrations.models import Registration
from tests.factories import registrations as factories
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

IMPOSSIBLE = {
    "cancelled without a date": {"status": "cancelled"},
    "a cancellation date on a confirmed row": {"cancelled_at": timezone.now()},
    "a reason for cancelling on a confirmed row": {"cancellation_reason": "Ill."},
    "a hold on a confirmed row": {"hold_expires_at": timezone.now()},
    "a payment to come without a hold": {"status": "pending_payment"},
    "an override by nobody": {"attendance_override": True},
    "a reason without an override": {"attendance_override_reason": "Was there."},
    "more than all of the time": {"attendance_percent": 101},
    "amounts that do not add up": {"price_amount": 100},
    "waiting since never": {"status": "waitlisted"},
    "confirmed at no time": {"confirmed_at": None},
}


@pytest.mark.parametrize("values", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_registrations_are_refused_by_the_database(values):
    registration = factories.RegistrationFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        Registration.objects.filter(pk=registration.pk).update(**values)


def test_an_address_has_one_live_place_at_an_event():
    first = factories.RegistrationFactory(email="Ada@example.org")

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.RegistrationFactory(event=first.event, email="ada@EXAMPLE.org")


@pytest.mark.parametrize("over", ["cancelled", "expired"])
def test_an_address_may_register_again_after_its_place_was_given_up(over):
    first = factories.RegistrationFactory(**{over: True})

    again = factories.RegistrationFactory(event=first.event, email=first.email)

    assert again.status == "confirmed"


def test_a_deleted_row_leaves_its_address_free():
    first = factories.RegistrationFactory()
    Registration.objects.filter(pk=first.pk).update(deleted_at=timezone.now())

    again = factories.RegistrationFactory(event=first.event, email=first.email)

    assert again.pk != first.pk


def test_who_overrode_an_attendance_cannot_be_removed():
    decider = UserFactory()
    factories.RegistrationFactory(
        attendance_override=True,
        attendance_override_by=decider,
        attendance_override_reason="Seen in the room.",
    )

    with pytest.raises(IntegrityError):
        decider.hard_delete()


@pytest.mark.parametrize(
    "factory",
    [
        factories.AttendanceIntervalFactory,
        factories.MeetingInstanceFactory,
        factories.MeetingRegistrantFactory,
        factories.OrderFactory,
        factories.ParticipantAliasFactory,
        factories.RegistrationAnswerFactory,
        factories.RegistrationFactory,
        factories.SessionAttendanceFactory,
        factories.TicketFactory,
        factories.UnmatchedParticipantFactory,
        factories.WaitlistOfferFactory,
    ],
    ids=lambda factory: factory.__name__,
)
def test_every_row_has_a_name_without_personal_secrets(factory):
    assert "@" not in str(factory())
