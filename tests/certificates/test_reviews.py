import pytest
from django.utils import timezone

from certificates import issuing, reviews, tasks
from certificates.models import Certificate
from common.models import OutgoingEmail
from learning.credits import ledger
from tests.factories.certificates import attended, award

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(event, registration, organizer):
    award(registration, value="2.75")
    issuing.issue_for_event(event, by=organizer)
    return Certificate.objects.get()


def codes(certificate):
    certificate.refresh_from_db()
    return certificate.review_codes


def test_nothing_changed_is_no_doubt(certificate, registration):
    tasks.recheck(registration.pk)

    assert codes(certificate) == []
    assert not OutgoingEmail.objects.filter(kind="certificate_needs_review").exists()


def test_withdrawn_credits_are_flagged_with_both_values(certificate, registration, organizer):
    ledger.revoke_for(registration, by=organizer, reason="Wrong designation.")

    tasks.recheck(registration.pk)
    tasks.recheck(registration.pk)

    assert codes(certificate) == ["CREDITS_WITHDRAWN"]
    flagged = certificate.history.get(action="flagged")
    assert flagged.reason == "CREDITS_WITHDRAWN: 2.75 SIMPLE printed, none now"
    assert OutgoingEmail.objects.filter(kind="certificate_needs_review").count() == 1


def test_attendance_that_no_longer_suffices_is_flagged(certificate, registration):
    registration.session_attendance.update(total_attendance_minutes=1, attended=False)

    tasks.recheck(registration.pk)

    assert codes(certificate) == ["ATTENDANCE_CHANGED"]


def test_a_cancelled_registration_is_flagged(certificate, registration):
    registration.status, registration.cancelled_at = "cancelled", timezone.now()
    registration.save()

    tasks.recheck(registration.pk)

    assert codes(certificate) == ["REGISTRATION_CANCELLED"]
    assert certificate.status == "active"


def test_dismissing_clears_the_doubts(certificate, registration, organizer):
    certificate.flag("ATTENDANCE_CHANGED", found="1 minutes now")

    certificate.dismiss_review(by=organizer, reason="Checked with the speaker.")
    certificate.dismiss_review(by=organizer, reason="Checked with the speaker.")

    assert codes(certificate) == []
    assert certificate.history.filter(action="cleared").count() == 1


def test_somebody_without_certificate_is_not_looked_at(event):
    reviews.recheck(attended(event=event))

    assert not OutgoingEmail.objects.exists()


def test_credits_changed_after_issue_ask_for_a_second_look(certificate, registration, organizer):
    from common.models import OutboxTask

    registration.refresh_from_db()
    ledger.revoke_for(registration, by=organizer, reason="Wrong designation.")

    assert OutboxTask.objects.filter(name="certificates.recheck").count() == 1
