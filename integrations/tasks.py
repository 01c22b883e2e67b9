"""Celery entry points of the inbox."""

from celery import shared_task
from django.utils import timezone

from integrations import webhooks


@shared_task(name="integrations.dispatch")
def dispatch(webhook_id: int) -> None:
    webhooks.dispatch(webhook_id)


@shared_task(name="integrations.sweep_inbound")
def sweep_inbound() -> None:
    webhooks.sweep(timezone.now())
