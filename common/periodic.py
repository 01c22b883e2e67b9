"""Scheduled tasks: each run is noted, and one that would overlap itself leaves at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import Task
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from common.models import PeriodicRun

log = structlog.get_logger(__name__)


class ScheduledTask(Task[Any, Any]):
    """The class of every Celery task of ours: those that beat calls note their runs."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.name not in scheduled_names():
            return super().__call__(*args, **kwargs)
        return run(self.name, lambda: super(ScheduledTask, self).__call__(*args, **kwargs))


def scheduled_names() -> frozenset[str]:
    """Return the names of the tasks that the schedule calls."""
    return frozenset(entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values())


def run(name: str, work: Callable[[], Any]) -> None:
    """Do the work and note it, unless another run of this name is going on."""
    started_at = _start(name, timezone.now())
    if started_at is None:
        log.info("still running", task=name)
        return
    try:
        work()
    except Exception as error:
        _end(name, started_at, last_error=f"{type(error).__name__}: {error}"[:1000])
        raise
    _end(name, started_at, last_finished_at=timezone.now())


def _start(name: str, now: datetime) -> datetime | None:
    """Claim the run; None while another one is going on. A killed run's claim ends by itself."""
    lease = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 60)
    free = (
        Q(last_started_at=None)
        | Q(last_finished_at__gte=F("last_started_at"))
        | ~Q(last_error="")
        | Q(last_started_at__lt=now - lease)
    )
    mine = PeriodicRun.objects.filter(free, name=name)
    claim = {"last_started_at": now, "last_error": "", "updated_at": now}
    if mine.update(**claim):
        return now
    PeriodicRun.objects.bulk_create([PeriodicRun(name=name)], ignore_conflicts=True)
    return now if mine.update(**claim) else None


def _end(name: str, started_at: datetime, **outcome: Any) -> None:
    # Where a later run has taken over, this one's outcome is no news.
    PeriodicRun.objects.filter(name=name, last_started_at=started_at).update(
        updated_at=timezone.now(), **outcome
    )
