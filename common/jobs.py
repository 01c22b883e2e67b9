"""Long work that somebody waits for: asked for in a transaction, done in committed steps."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from celery import Task
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from common import callers, context
from common.models import Job, OutboxTask, StoredFile
from common.outbox import after_commit

MAX_ERRORS = 100
FILE_KEPT_FOR = timedelta(hours=24)
KEY = "job:"


@transaction.atomic
def start(  # noqa: PLR0913 -- every argument is a column
    kind: str,
    *,
    by: models.Model,
    task: Task[Any, Any] | str,
    args: Mapping[str, Any] | None = None,
    total: int | None = None,
    owner: models.Model | None = None,
    organization: models.Model | None = None,
) -> Job:
    """Write the job and ask for its task, which gets the job's id and reads its `args`.

    Asked for by a program, it keeps by which token: the task takes its caller from `callers.of`.
    """
    token = context.current().token_uuid
    limits = {callers.API_TOKEN: str(token)} if token else {}
    job = Job.objects.create(
        kind=kind,
        requested_by_uuid=_uuid(by),
        owner_uuid=_uuid(owner),
        organization_uuid=_uuid(organization),
        total=total,
        args={**(args or {}), **limits},
    )
    after_commit(task, job.pk, key=f"{KEY}{job.uuid}", queue=OutboxTask.Queue.SLOW)
    return job


def begin(job_id: int) -> Job | None:
    """Return the job to work on, marked running; None when it is gone or over.

    A job taken up again after its worker was killed keeps what it has done.
    """
    now = timezone.now()
    open_jobs = Job.objects.filter(pk=job_id, status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    if not open_jobs.update(status=Job.Status.RUNNING, updated_at=now):
        return None
    open_jobs.filter(started_at=None).update(started_at=now)
    return Job.objects.get(pk=job_id)


@transaction.atomic
def advance(job: Job, *, done: int, errors: Sequence[Mapping[str, Any]] = ()) -> None:
    """Add a step: so many rows done, and what was wrong with some (the first 100 are kept)."""
    current = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    current.errors = [*current.errors, *map(dict, errors)][:MAX_ERRORS]
    current.done += done
    current.error_count += len(errors)
    current.save(update_fields=["errors", "done", "error_count"])
    job.refresh_from_db()


@transaction.atomic
def finish(
    job: Job, *, result: Mapping[str, Any] | None = None, file: StoredFile | None = None
) -> None:
    """Close the job; its file lasts for a day."""
    now = timezone.now()
    job.status = Job.Status.DONE
    job.result = dict(result or {})
    job.finished_at = now
    if file is not None:
        job.file = file
        job.expires_at = file.expires_at = now + FILE_KEPT_FOR
        file.save(update_fields=["expires_at"])
    job.save(update_fields=["status", "result", "finished_at", "file", "expires_at"])


def fail(job: Job, *, message: str) -> None:
    """Close the job as failed, with a sentence for the person who waits."""
    error = {"row": None, "field": "", "code": "INTERNAL_ERROR", "message": message}
    Job.objects.filter(pk=job.pk).exclude(status=Job.Status.DONE).update(
        status=Job.Status.FAILED,
        errors=[*job.errors, error][:MAX_ERRORS],
        error_count=F("error_count") + 1,
        finished_at=timezone.now(),
        updated_at=timezone.now(),
    )
    job.refresh_from_db()


def give_up(task: OutboxTask) -> None:
    """Close the job whose task was given up; other tasks are none of ours."""
    if not (task.key or "").startswith(KEY):
        return
    job = Job.objects.filter(uuid=(task.key or "").removeprefix(KEY)).first()
    if job is not None:
        fail(job, message="The work failed and was given up.")


def _uuid(row: models.Model | None) -> Any:
    return getattr(row, "uuid", None)
