from datetime import timedelta

import pytest
from django.utils import timezone

from certificates import automatic, issuing, tasks
from certificates.models import Certificate
from common import outbox
from common.models import OutboxTask, OutgoingEmail
from events.models import Event
from learning.credits import awarding
from learning.credits.models import CreditRun
from registrations.signals import attendance_changed, attendance_finalized, registration_cancelled
from tests.factories.certificates import CertificateFactory, attended, award

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(event):
    """The completed event issues by itself."""
    event.auto_issue_certificates = True
    event.completed_at = timezone.now()
    event.save()
    return event


def asked(name):
    return list(OutboxTask.objects.filter(name=f"certificates.{name}").values_list("args", "key"))


def test_finalized_attendance_becomes_certificates_and_one_mail_each(
    event, registration, django_capture_on_commit_callbacks
):
    attended(event=event)

    with django_capture_on_commit_callbacks(execute=True):
        attendance_finalized.send(sender=Event, event=event)

    certificates = Certificate.objects.all()
    assert [(row.status, row.pdf_status, row.issued_by) for row in certificates] == [
        ("active", "ready", None)
    ] * 2
    mails = OutgoingEmail.objects.filter(kind="certificate_issued")
    assert sorted(mails.values_list("to_email", flat=True)) == sorted(
        certificates.values_list("holder_email", flat=True)
    )
    assert OutgoingEmail.objects.filter(kind="certificates_summary").count() == 1


def test_running_the_task_again_changes_nothing(
    event, registration, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        tasks.auto_issue_event(event.pk)
    before = (Certificate.objects.get().updated_at, OutgoingEmail.objects.count())

    with django_capture_on_commit_callbacks(execute=True):
        tasks.auto_issue_event(event.pk)
        tasks.auto_issue_one(registration.pk)
        tasks.build_artifacts(Certificate.objects.get().pk)

    assert (Certificate.objects.get().updated_at, OutgoingEmail.objects.count()) == before


@pytest.mark.parametrize(
    "task", ["auto_issue_event", "auto_issue_one", "build_artifacts", "recheck"]
)
def test_a_task_about_a_missing_row_does_nothing(task):
    getattr(tasks, task)(4711)

    assert not Certificate.objects.exists()


def test_pending_credits_are_waited_for(event, registration):
    awarding.request_for_registration(registration)

    outcome = automatic.issue_event(event)

    assert [result.code for result in outcome.results] == ["CREDITS_PENDING"]
    task = OutboxTask.objects.get(name="certificates.auto_issue_event")
    assert timedelta(seconds=25) < task.due_at - timezone.now() <= timedelta(seconds=30)

    CreditRun.objects.update(finished_at=timezone.now() + timedelta(seconds=1))
    outbox.run(task.uuid) if task.due_at <= timezone.now() else automatic.issue_event(event)

    assert Certificate.objects.count() == 1


def test_after_a_day_pending_credits_are_left_to_the_sweep(event, registration):
    awarding.request_for_registration(registration)
    event.completed_at = timezone.now() - timedelta(hours=25)
    event.save()

    automatic.issue_event(event)

    assert asked("auto_issue_event") == []


def test_the_plan_ends_automatic_issue_and_the_organizer_is_told_once(event, organizer):
    first, second = attended(event=event), attended(event=event)
    subscription = organizer.billing_account.subscription
    subscription.limits_override = {"certificates_per_month": 1}
    subscription.save()

    automatic.issue_event(event)
    automatic.issue_event(event)

    assert [row.registration for row in Certificate.objects.all()] == [first]
    assert OutgoingEmail.objects.filter(kind="certificate_quota_reached").count() == 1

    subscription.limits_override = None
    subscription.save()
    automatic.issue_event(event)

    assert Certificate.objects.filter(registration=second).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"auto_issue_certificates": False},
        {"certificates_enabled": False},
        {"status": "closed", "closed_at": timezone.now()},
    ],
)
def test_an_event_that_does_not_issue_by_itself_issues_nothing(event, registration, change):
    Event.objects.update(**change)
    event.refresh_from_db()

    assert automatic.issue_event(event).results == []


def test_an_inactive_subscription_waits_until_it_is_renewed(event, registration, organizer):
    subscription = organizer.billing_account.subscription
    subscription.trial_end = timezone.now() - timedelta(days=1)
    subscription.save()

    assert automatic.issue_event(event).results == []


def test_an_event_reopened_meanwhile_issues_nothing(event, registration):
    Event.objects.update(status="closed", closed_at=timezone.now())

    assert issuing.issue_automatically(event, [registration.pk]).results == []


def test_the_sweep_finds_what_a_lost_task_left(event, registration):
    assert automatic.sweep(timezone.now()) == 1
    assert asked("auto_issue_event") == [
        ([event.pk], f"certificates.auto_issue:{event.pk}"),
    ]

    CertificateFactory(registration=registration, revoked=True)
    assert automatic.sweep(timezone.now()) == 0


def test_the_sweep_leaves_old_events_alone(event, registration):
    assert automatic.sweep(timezone.now() + timedelta(days=91)) == 0


def test_credits_that_arrive_ask_again(event, registration):
    award(registration)

    assert asked("auto_issue_event") == [
        ([event.pk], f"certificates.auto_issue:{event.pk}"),
    ]


def test_an_override_after_the_event_asks_for_that_person(event, registration):
    attendance_changed.send(sender=type(registration), registration=registration)

    assert asked("auto_issue_one") == [
        ([registration.pk], f"certificates.auto_issue_one:{registration.pk}")
    ]


@pytest.mark.parametrize("signal", [attendance_changed, registration_cancelled])
def test_changes_after_issue_ask_for_a_second_look(event, registration, signal):
    registration.certificate_issued_at = timezone.now()

    signal.send(sender=type(registration), registration=registration)

    task = OutboxTask.objects.get(name="certificates.recheck")
    assert task.args == [registration.pk]
    assert task.due_at > timezone.now() + timedelta(seconds=55)


def test_without_certificate_a_cancellation_asks_for_nothing(event, registration):
    registration_cancelled.send(sender=type(registration), registration=registration)

    assert asked("recheck") == []


def test_an_event_that_issues_by_hand_asks_for_nothing(event, registration):
    event.auto_issue_certificates = False
    registration.event = event

    attendance_finalized.send(sender=Event, event=event)
    attendance_changed.send(sender=type(registration), registration=registration)

    assert asked("auto_issue_event") == []
    assert asked("auto_issue_one") == []


def test_a_renewed_subscription_asks_for_what_waited(event, organizer):
    from billing.signals import subscription_changed

    subscription = organizer.billing_account.subscription
    subscription_changed.send(sender=type(subscription), subscription=subscription)
    assert asked("issue_owed") == [([], "certificates.issue_owed")]

    OutboxTask.objects.all().delete()
    subscription.status = "canceled"
    subscription_changed.send(sender=type(subscription), subscription=subscription)
    assert asked("issue_owed") == []


def test_credits_of_nobodys_registration_ask_for_nothing():
    from learning.credits.models import CreditAward
    from learning.credits.signals import credit_awarded

    credit_awarded.send(sender=CreditAward, award=CreditAward(kind="award"))

    assert not OutboxTask.objects.filter(name__startswith="certificates.").exists()
