import pytest
from django.utils import timezone

from certificates import eligibility
from events.models import Event
from learning.credits import awarding
from tests.factories.certificates import CertificateFactory, attended
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db


def standing(registration, **options):
    (found,) = eligibility.survey(registration.event, [registration], **options)
    return found.verdict.value, found.code


def absent(**facts):
    registration = attended(**facts)
    registration.session_attendance.update(total_attendance_minutes=1, attended=False)
    return registration


def pending_credits(registration):
    awarding.request_for_registration(registration)
    return registration


def revoked(registration):
    CertificateFactory(registration=registration, revoked=True)
    return registration


def feedback_wanted(registration):
    Event.objects.update(require_feedback_for_certificate=True)
    registration.event.refresh_from_db()
    return registration


def switched_off(registration):
    Event.objects.update(certificates_enabled=False)
    registration.event.refresh_from_db()
    return registration


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (attended, ("owed", "")),
        (lambda: switched_off(attended()), ("not_eligible", "NOT_ENABLED")),
        (lambda: attended(cancelled=True), ("not_eligible", "NOT_CONFIRMED")),
        (
            lambda: attended(attendance_finalized_at=None),
            ("not_eligible", "ATTENDANCE_NOT_FINAL"),
        ),
        (absent, ("not_eligible", "ATTENDANCE_TOO_LOW")),
        (lambda: feedback_wanted(attended()), ("not_eligible", "FEEDBACK_REQUIRED")),
        (lambda: feedback_wanted(absent()), ("not_eligible", "ATTENDANCE_TOO_LOW")),
        (lambda: pending_credits(attended()), ("blocked", "CREDITS_PENDING")),
        (lambda: revoked(attended()), ("blocked", "PREVIOUSLY_REVOKED")),
        (lambda: revoked(absent()), ("not_eligible", "ATTENDANCE_TOO_LOW")),
    ],
)
def test_the_first_unmet_condition_names_the_reason(make, expected):
    assert standing(make()) == expected


def test_an_active_certificate_settles_the_claim():
    registration = absent()
    certificate = CertificateFactory(registration=registration)

    (found,) = eligibility.survey(registration.event, [registration])

    assert (found.verdict, found.certificate) == ("issued", certificate)


def test_a_revocation_can_be_forgiven():
    assert standing(revoked(attended()), forgive_revocation=True) == ("owed", "")


def test_a_superseded_certificate_hinders_nothing():
    registration = attended()
    CertificateFactory(registration=registration, status="superseded")

    assert standing(registration) == ("owed", "")


def test_an_override_makes_eligible(organizer):
    registration = absent(
        attendance_override=True,
        attendance_override_by=organizer,
        attendance_override_reason="Camera was broken.",
    )

    assert standing(registration) == ("owed", "")


@pytest.mark.parametrize("count", [1, 3])
def test_judging_many_takes_a_constant_number_of_queries(event, count, django_assert_num_queries):
    registrations = [attended(event=event) for _ in range(count)]

    with django_assert_num_queries(6):
        found = eligibility.survey(event, registrations)

    assert [each.verdict for each in found] == ["owed"] * count


def test_credits_of_an_event_still_being_computed_block_everybody(event):
    registration = attended(event=event)
    awarding.request_for_event(event)

    assert standing(registration) == ("blocked", "CREDITS_PENDING")


def test_a_registration_on_the_waitlist_is_not_confirmed():
    registration = RegistrationFactory(waitlisted=True, attendance_finalized_at=timezone.now())

    assert standing(registration) == ("not_eligible", "NOT_CONFIRMED")
