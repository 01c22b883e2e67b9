"""Durable requests for work, written in the transaction that needs them."""

import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import Task, current_app
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from common import context, signals
from common.exceptions import Conflict, InvalidStatus, PermanentFailure
from common.models import OutboxTask

log = structlog.get_logger(__name__)

RUNNER = "common.run_outbox_task"
MAX_ARGS_BYTES = 4096
SWEEP_SIZE = 500
BACK_OFF = (10, 60, 300, 1800, 7200, 21600, 43200)  # seconds
JITTER = 0.2
# Work that waits no longer than this is called for in time; for the rest the sweep is good enough.
SOON = timedelta(minutes=1)
# After a failed publication nothing is published for this long; the sweep finds the rows.
BROKER_PAUSE_SECONDS = 30
_broker_down_until = 0.0


def after_commit(
    task: Task[Any, Any] | Callable[..., Any] | str,
    *args: Any,
    key: str = "",
    delay: timedelta | None = None,
    queue: str = OutboxTask.Queue.DEFAULT,
) -> None:
    """Ask for the task in the current transaction; a rolled-back change asks for nothing.

    A pending row with the same key absorbs the request. Raises KeyError for an unknown task.
    """
    wait = delay or timedelta()
    row = _row(task, args, key=key, delay=wait, queue=queue)
    if key:
        OutboxTask.objects.bulk_create([row], ignore_conflicts=True)
    else:
        row.save(force_insert=True)
    if wait <= SOON:
        transaction.on_commit(lambda: nudge(row.uuid, row.queue, wait=wait))


def after_commit_each(
    task: str, calls: Mapping[str, tuple[Any, ...]], *, queue: str = OutboxTask.Queue.DEFAULT
) -> None:
    """Ask for one task many times, each call by its key, in one statement per five hundred."""
    rows = [_row(task, args, key=key, delay=None, queue=queue) for key, args in calls.items()]
    OutboxTask.objects.bulk_create(rows, ignore_conflicts=True, batch_size=SWEEP_SIZE)
    for row in rows:
        transaction.on_commit(partial(nudge, row.uuid, row.queue))


def nudge(
    task_uuid: uuid.UUID, queue: str = OutboxTask.Queue.DEFAULT, *, wait: timedelta | None = None
) -> None:
    """Tell a worker that a row is due, or will be after the wait.

    Losing the message costs one sweep, never the work.
    """
    global _broker_down_until  # noqa: PLW0603 -- one switch per process
    if time.monotonic() < _broker_down_until:
        return
    try:
        current_app.tasks[RUNNER].apply_async(
            args=(str(task_uuid),),
            queue=queue,
            retry=False,
            countdown=wait.total_seconds() if wait else 0,
        )
    except (KombuError, RedisError, OSError):
        _broker_down_until = time.monotonic() + BROKER_PAUSE_SECONDS
        log.warning("broker unreachable", task=str(task_uuid))


def run(task_uuid: uuid.UUID | str) -> None:
    """Claim the row, run its task and mark it; a second caller finds nothing to claim."""
    row = _claim(task_uuid)
    if row is None:
        return
    try:
        with context.acting(request_id=row.request_id, actor_type="system", token_uuid=None):
            _execute(row)
    except PermanentFailure as error:
        _fail(row, error)
    except Exception as error:
        log.exception("task failed", task=row.name, uuid=str(row.uuid), attempt=row.attempts)
        _fail(row, error) if row.attempts >= row.max_attempts else _retry(row, error)
    else:
        _finish(row, OutboxTask.Status.DONE)


def sweep(now: datetime) -> int:
    """Nudge rows that are due or whose worker is gone; return how many."""
    due = OutboxTask.objects.filter(_claimable(now)).order_by("due_at")
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            # A locked row is being claimed at this moment.
            due = due.select_for_update(skip_locked=True, no_key=True)
        rows = list(due.values_list("uuid", "queue")[:SWEEP_SIZE])
    for task_uuid, queue in rows:
        nudge(task_uuid, queue)
    return len(rows)


def run_due(now: datetime) -> int:
    """Run everything due in this process, in the order it was asked for; return how many ran."""
    count = 0
    due = OutboxTask.objects.filter(_claimable(now)).order_by("due_at", "id")
    while task_uuids := list(due.values_list("uuid", flat=True)[:SWEEP_SIZE]):
        for task_uuid in task_uuids:
            run(task_uuid)
        count += len(task_uuids)
    return count


def retry(row: OutboxTask) -> None:
    """Put a failed row back to pending with all its attempts."""
    pending = OutboxTask.objects.filter(key=row.key, status=OutboxTask.Status.PENDING)
    if row.key and pending.exists():
        raise Conflict("A newer task of the same key is pending.")
    changed = OutboxTask.objects.filter(pk=row.pk, status=OutboxTask.Status.FAILED).update(
        status=OutboxTask.Status.PENDING,
        attempts=0,
        due_at=timezone.now(),
        finished_at=None,
        updated_at=timezone.now(),
    )
    if not changed:
        raise InvalidStatus("Only failed tasks can be retried.")
    row.refresh_from_db()
    transaction.on_commit(lambda: nudge(row.uuid, row.queue))


def _row(
    task: Task[Any, Any] | Callable[..., Any] | str,
    args: tuple[Any, ...],
    *,
    key: str,
    delay: timedelta | None,
    queue: str,
) -> OutboxTask:
    name = task if isinstance(task, str) else getattr(task, "name")  # noqa: B009 -- shared tasks
    if name not in current_app.tasks:
        raise KeyError(f"No task is registered as {name}.")
    if len(json.dumps(args)) > MAX_ARGS_BYTES:
        raise ValueError(f"{name} is asked for with more than ids.")
    return OutboxTask(
        name=name,
        args=list(args),
        key=key or None,
        queue=queue,
        due_at=timezone.now() + (delay or timedelta()),
        request_id=context.current().request_id,
    )


def _execute(row: OutboxTask) -> None:
    task = current_app.tasks.get(row.name)
    if task is None:
        raise PermanentFailure(f"No task is registered as {row.name}.")
    task.run(*row.args)


def _claimable(now: datetime) -> Q:
    return Q(status=OutboxTask.Status.PENDING, due_at__lte=now) | Q(
        status=OutboxTask.Status.RUNNING, lease_until__lt=now
    )


def _claim(task_uuid: uuid.UUID | str) -> OutboxTask | None:
    now, token = timezone.now(), uuid.uuid4()
    claimed = OutboxTask.objects.filter(_claimable(now), uuid=task_uuid).update(
        status=OutboxTask.Status.RUNNING,
        lease_token=token,
        lease_until=now + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 60),
        attempts=F("attempts") + 1,
        updated_at=now,
    )
    if not claimed:
        return None
    row = OutboxTask.objects.get(uuid=task_uuid)
    if row.attempts > row.max_attempts:  # a task that kills its worker each time ends here
        _fail(row, PermanentFailure("The worker died at every attempt."))
        return None
    return row


def _retry(row: OutboxTask, error: Exception) -> None:
    seconds = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1] * (
        1 + random.uniform(-JITTER, JITTER)  # noqa: S311 -- spreads retries, no secret
    )
    try:
        with transaction.atomic():
            _mine(row).update(
                status=OutboxTask.Status.PENDING,
                lease_token=None,
                lease_until=None,
                due_at=timezone.now() + timedelta(seconds=seconds),
                last_error=_describe(error),
                updated_at=timezone.now(),
            )
    except IntegrityError:
        # A newer pending row has this key; it will do the work.
        _finish(row, OutboxTask.Status.DONE)


def _fail(row: OutboxTask, error: Exception) -> None:
    log.error("task given up", task=row.name, uuid=str(row.uuid))
    with transaction.atomic():
        _finish(row, OutboxTask.Status.FAILED, error=_describe(error))
        signals.task_given_up.send(sender=OutboxTask, task=row)


def _finish(row: OutboxTask, status: str, *, error: str = "") -> None:
    _mine(row).update(
        status=status,
        lease_token=None,
        lease_until=None,
        finished_at=timezone.now(),
        last_error=error,
        updated_at=timezone.now(),
    )


def _mine(row: OutboxTask) -> QuerySet[OutboxTask]:
    return OutboxTask.objects.filter(
        pk=row.pk, lease_token=row.lease_token, status=OutboxTask.Status.RUNNING
    )


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]
