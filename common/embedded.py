"""The worker and the clock of embedded mode, in threads of the server process."""

import atexit
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import structlog
from celery import current_app
from celery.beat import EmbeddedService
from django.conf import settings

log = structlog.get_logger(__name__)

SWEEPS = ("common.sweep_outbox", "common.sweep_emails")
_lock = threading.Lock()
_running: dict[int, list[Any]] = {}


def start() -> None:
    """Start one worker and one beat, once per process and only in embedded mode.

    A server that forks calls it in each of its processes; a second call in one is nothing.
    """
    if settings.TESTING or not settings.EMBEDDED_WORKER:
        return
    with _lock:
        if os.getpid() in _running:
            return
        _running[os.getpid()] = [_worker(), _beat()]
    atexit.register(stop)
    # What a killed process left behind need not wait for the clock.
    for sweep in SWEEPS:
        current_app.tasks[sweep].apply_async()
    log.info("embedded worker started", threads=settings.WORKER_THREADS)


def stop() -> None:
    """End the worker and the beat of this process; what they run at this moment is finished."""
    with _lock:
        for service in reversed(_running.pop(os.getpid(), [])):
            service.stop()


def _worker() -> Any:
    app: Any = current_app
    worker = app.WorkController(
        pool="threads",
        concurrency=settings.WORKER_THREADS,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
    )
    threading.Thread(target=worker.start, name="embedded-worker", daemon=True).start()
    return worker


def _beat() -> Any:
    schedule = Path(tempfile.mkdtemp(prefix="beat-")) / "schedule"
    beat: Any = EmbeddedService(current_app, thread=True, schedule_filename=str(schedule))
    beat.start()
    return beat
