"""Scheduled work of billing."""

from celery import shared_task
from django.utils import timezone

from billing import subscribing


@shared_task(name="billing.expire_trials")
def expire_trials() -> None:
    subscribing.expire_trials(timezone.now())


@shared_task(name="billing.remind_trials")
def remind_trials() -> None:
    subscribing.remind_trials(timezone.now())
