"""Registrants who leave: what happened stays, who it was does not."""

import pytest
from django.utils import timezone

from accounts import erasure, privacy
from registrations import personal_data
from registrations.models import ParticipantAlias, Registration, UnmatchedParticipant
from tests.factories.events import EventFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    MeetingRegistrantFactory,
    OrderFactory,
    ParticipantAliasFactory,
    RegistrationAnswerFactory,
    RegistrationFactory,
    SessionAttendanceFactory,
    UnmatchedParticipantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def past(organizer):
    return EventFactory(completed=True, owner=organizer)


@pytest.fixture
def place(past, attendee):
    return RegistrationFactory(
        event=past, user=attendee, email=attendee.email, full_name="Ada Attendee"
    )


def erase(user):
    return erasure.erase(user, by=user, action="account.erased")


def test_judgement_and_minutes_stay_without_the_words(place, organizer, attendee):
    Registration.objects.filter(pk=place.pk).update(
        attendance_override=True,
        attendance_override_by=organizer,
        attendance_override_reason="Ada telephoned.",
        total_attendance_minutes=55,
    )
    minutes = SessionAttendanceFactory(
        registration=place, session=place.event.sessions.get(), total_attendance_minutes=55,
        attendance_override=True, attendance_override_by=organizer,
        attendance_override_reason="Ada telephoned.",
    )  # fmt: skip

    erase(attendee)

    place.refresh_from_db()
    minutes.refresh_from_db()
    assert (place.full_name, place.attendance_override, place.total_attendance_minutes) == (
        "Deleted User", True, 55,
    )  # fmt: skip
    assert place.attendance_override_reason == personal_data.UNSAID
    assert minutes.attendance_override_reason == personal_data.UNSAID
    assert minutes.total_attendance_minutes == 55


def test_observations_lose_who_was_observed(place, attendee):
    stay = AttendanceIntervalFactory(
        registration=place, session=place.event.sessions.get(), identity={"name": "Ada"},
        voided_at=timezone.now(), void_reason="Ada's dog.",
    )  # fmt: skip
    RegistrationAnswerFactory(registration=place, value="Vegan")
    UnmatchedParticipantFactory(registration=place, name="Ada")

    counts = erase(attendee)

    stay.refresh_from_db()
    assert (stay.identity, stay.void_reason) == ({}, personal_data.UNSAID)
    assert counts["registrations.RegistrationAnswer"] == 1
    assert not UnmatchedParticipant.objects.exists()


@pytest.mark.parametrize(
    ("status", "after", "registrant_id"),
    [("pushed", "removed", ""), ("wanted", "removed", ""), ("removing", "removing", "zr-1")],
)
def test_links_end_but_for_one_that_zoom_is_still_to_forget(
    place, attendee, status, after, registrant_id
):
    link = MeetingRegistrantFactory(
        registration=place, session=place.event.sessions.get(), status=status,
        zoom_registrant_id="zr-1", pin="1234",
    )  # fmt: skip

    erase(attendee)

    link.refresh_from_db()
    assert (link.status, link.zoom_registrant_id, link.pin) == (after, registrant_id, "")


def test_orders_lose_their_buyer(past, attendee):
    order = OrderFactory(event=past, buyer=attendee, buyer_email=attendee.email)
    other = OrderFactory(event=past, buyer_name="Bob", buyer_email="bob@example.org")

    erase(attendee)

    order.refresh_from_db()
    other.refresh_from_db()
    assert (order.buyer_name, order.buyer_email) == (
        "Deleted User", privacy.placeholder(order.uuid),
    )  # fmt: skip
    assert other.buyer_name == "Bob"


def test_aliases_of_the_person_go_and_those_they_confirmed_for_themselves(
    attendee, organizer, stranger, organization
):
    ParticipantAliasFactory(owner=stranger, person=attendee.email)
    ParticipantAliasFactory(owner=stranger, kind="email", value=attendee.email)
    ParticipantAliasFactory(owner=organizer, person="bob@example.org")
    kept = ParticipantAliasFactory(
        owner=organizer, organization=organization, person="bob@example.org"
    )

    erase(attendee)
    erase(organizer)

    assert list(ParticipantAlias.objects.all()) == [kept]


def test_two_who_were_at_the_same_event_can_both_leave(past):
    for name in ("ada", "bob"):
        RegistrationFactory(event=past, email=f"{name}@example.org", full_name=name.title())

    for name in ("ada", "bob"):
        erasure.erase_address(f"{name}@example.org", by=None, reason="By letter.")

    assert list(Registration.objects.values_list("full_name", flat=True)) == ["Deleted User"] * 2


def test_a_place_at_an_event_that_runs_is_kept(organizer, attendee):
    running = EventFactory(owner=organizer, live=True, starts_at=timezone.now())
    RegistrationFactory(event=running, user=attendee, email=attendee.email)

    erase(attendee)

    assert Registration.objects.get().status == "confirmed"
