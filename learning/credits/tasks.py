"""Celery entry points of the credit engine."""

from celery import shared_task
from django.utils import timezone

from accounts.models import User
from events.models import Event
from learning.credits import awarding
from registrations.models import Registration


@shared_task(name="learning.award_event")
def award_event(event_id: int) -> None:
    event = Event.all_objects.select_related("owner", "organization").filter(pk=event_id).first()
    if event is not None:
        awarding.award_event(event)


@shared_task(name="learning.award_registration")
def award_registration(registration_id: int) -> None:
    registration = Registration.all_objects.filter(pk=registration_id).first()
    if registration is not None:
        awarding.award_registration(registration)


@shared_task(name="learning.claim_awards")
def claim_awards(user_id: int) -> None:
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        awarding.claim_awards(user)


@shared_task(name="learning.sweep_credit_runs")
def sweep_credit_runs() -> None:
    awarding.sweep(timezone.now())


@shared_task(name="learning.claim_all_awards")
def claim_all_awards() -> None:
    awarding.claim_all()
