"""What registrations answers when events asks."""

import pytest

from events import counts, questions
from tests.factories.events import EventFactory
from tests.factories.registrations import (
    AttendanceIntervalFactory,
    RegistrationAnswerFactory,
    RegistrationFactory,
    SessionAttendanceFactory,
    UnmatchedParticipantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(owner=organizer, published=True)


def test_counted_columns_are_repaired_from_rows(event):
    RegistrationFactory(event=event, attended=True)
    RegistrationFactory(event=event)
    RegistrationFactory(event=event, offered=True)
    RegistrationFactory(event=event, pending_approval=True)
    RegistrationFactory(event=event, waitlisted=True)
    RegistrationFactory(event=event, cancelled=True)
    RegistrationFactory()

    counts.recount([event.pk], list(questions.counts))

    event.refresh_from_db()
    assert (
        *(event.registration_count, event.places_taken),
        *(event.waitlist_count, event.attendance_count),
    ) == (2, 4, 1, 1)


@pytest.mark.parametrize(
    ("trait", "live", "ever"),
    [({}, True, True), ({"cancelled": True}, False, True), ({"expired": True}, False, True)],
    ids=str,
)
def test_whether_somebody_has_a_place_or_ever_had(event, trait, live, ever):
    RegistrationFactory(event=event, **trait)

    assert questions.has_registrations(event, live_only=True) is live
    assert questions.has_registrations(event, live_only=False) is ever


def test_a_deleted_row_still_was_a_registration(event, organizer):
    RegistrationFactory(event=event, cancelled=True).soft_delete(by=organizer)

    assert questions.has_registrations(event, live_only=False) is True
    assert questions.has_registrations(EventFactory(), live_only=False) is False


def test_whether_anybody_was_at_a_session(event, organizer):
    session = event.sessions.get()
    participant = UnmatchedParticipantFactory(instance__session=session)
    AttendanceIntervalFactory(registration=None, unmatched=participant, session=session)
    unmatched = questions.session_has_attendance(session)
    SessionAttendanceFactory(
        registration=RegistrationFactory(event=event),
        session=session,
        attendance_override=False,
        attendance_override_by=organizer,
        attendance_override_reason="Was not there at all.",
    )

    assert (unmatched, questions.session_has_attendance(session)) == (False, True)


def test_which_questions_were_answered(event):
    answer = RegistrationAnswerFactory(registration=RegistrationFactory(event=event))
    RegistrationAnswerFactory()

    assert questions.answered_fields(event) == {answer.field_id}


def test_an_event_with_registrations_is_not_unpublished(event, organizer):
    from events.models.event import EventHasRegistrations

    RegistrationFactory(event=event)

    with pytest.raises(EventHasRegistrations):
        event.unpublish(by=organizer)
