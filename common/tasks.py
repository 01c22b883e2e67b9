"""Celery entry points of the machinery."""

from celery import shared_task
from django.utils import timezone

from common import audit_chain, delivery, export_jobs, idempotency, outbox, retention


@shared_task(name="common.run_outbox_task")
def run_outbox_task(task_uuid: str) -> None:
    outbox.run(task_uuid)


@shared_task(name="common.sweep_outbox")
def sweep_outbox() -> None:
    outbox.sweep(timezone.now())


@shared_task(name="common.deliver_email")
def deliver_email(email_uuid: str) -> None:
    delivery.deliver(email_uuid, now=timezone.now())


@shared_task(name="common.sweep_emails")
def sweep_emails() -> None:
    delivery.sweep(timezone.now())


@shared_task(name="common.seal_audit_log")
def seal_audit_log() -> None:
    audit_chain.seal()


@shared_task(name="common.verify_audit_log")
def verify_audit_log() -> None:
    audit_chain.verify(now=timezone.now())


@shared_task(name="common.apply_retention")
def apply_retention() -> None:
    retention.apply(timezone.now())


@shared_task(name="common.purge_idempotency")
def purge_idempotency() -> None:
    idempotency.purge(timezone.now())


@shared_task(name="common.write_export")
def write_export(job_id: int) -> None:
    export_jobs.write(job_id)
