"""Entry points of background work."""

from celery import shared_task
from django.utils import timezone

from certificates import artifacts, automatic, reviews
from certificates.models import Certificate
from events.models import Event
from registrations.models import Registration


@shared_task(name="certificates.build_artifacts")
def build_artifacts(certificate_id: int) -> None:
    certificate = Certificate.objects.with_relations().filter(pk=certificate_id).first()
    if certificate is not None:
        artifacts.build(certificate)


@shared_task(name="certificates.auto_issue_event")
def auto_issue_event(event_id: int) -> None:
    event = Event.objects.select_related("owner", "organization").filter(pk=event_id).first()
    if event is not None:
        automatic.issue_event(event)


@shared_task(name="certificates.auto_issue_one")
def auto_issue_one(registration_id: int) -> None:
    rows = Registration.objects.select_related("event__owner", "event__organization")
    registration = rows.filter(pk=registration_id).first()
    if registration is not None:
        automatic.issue_one(registration)


@shared_task(name="certificates.recheck")
def recheck(registration_id: int) -> None:
    registration = Registration.objects.filter(pk=registration_id).first()
    if registration is not None:
        reviews.recheck(registration)


@shared_task(name="certificates.issue_owed")
def issue_owed() -> None:
    automatic.sweep(timezone.now())


@shared_task(name="certificates.artifacts_sweep")
def artifacts_sweep() -> None:
    artifacts.sweep(timezone.now())
