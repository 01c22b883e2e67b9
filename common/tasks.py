"""Celery entry points of the machinery."""

from celery import shared_task
from django.utils import timezone

from common import mail, outbox


@shared_task(name="common.run_outbox_task")
def run_outbox_task(task_uuid: str) -> None:
    outbox.run(task_uuid)


@shared_task(name="common.sweep_outbox")
def sweep_outbox() -> None:
    outbox.sweep(timezone.now())


@shared_task(name="common.deliver_email")
def deliver_email(email_uuid: str) -> None:
    mail.deliver(email_uuid)
