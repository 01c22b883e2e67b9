"""The worker and the clock of embedded mode."""

import time
from datetime import timedelta

import pytest
from celery import current_app

from common import embedded, outbox
from common.models import OutboxTask, PeriodicRun

SWEEP = "common.sweep_outbox"


@pytest.fixture
def embedding(settings):
    """Let this process be a server of embedded mode, with one thing to do each second."""
    settings.TESTING = False
    settings.EMBEDDED_WORKER = True
    conf = current_app.conf
    before = {name: getattr(conf, name) for name in ("task_always_eager", "beat_schedule")}
    conf.update(task_always_eager=False, beat_schedule={SWEEP: {"task": SWEEP, "schedule": 1.0}})
    yield
    embedded.stop()
    conf.update(before)


def comes_true(question, seconds=30) -> bool:
    """Ask until the answer is yes, or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.django_db(transaction=True)
def test_worker_and_beat_run_in_the_process_once(embedding):
    embedded.start()
    embedded.start()

    outbox.after_commit("common.sweep_emails")

    assert [len(services) for services in embedded._running.values()] == [2]
    assert comes_true(OutboxTask.objects.filter(status="done").exists)
    assert comes_true(PeriodicRun.objects.filter(name=SWEEP, last_error="").exists)


@pytest.mark.django_db(transaction=True)
def test_what_is_due_in_a_moment_needs_no_sweep(embedding):
    current_app.conf.update(beat_schedule={})
    embedded.start()

    outbox.after_commit("common.sweep_emails", delay=timedelta(seconds=1))

    assert comes_true(OutboxTask.objects.filter(status="done").exists, seconds=15)
    row = OutboxTask.objects.get()
    assert row.finished_at >= row.due_at


@pytest.mark.parametrize(
    ("testing", "wanted"), [(True, True), (False, False)], ids=["in tests", "switched off"]
)
def test_nothing_is_started_where_it_is_not_wanted(settings, testing, wanted):
    settings.TESTING = testing
    settings.EMBEDDED_WORKER = wanted

    embedded.start()

    assert embedded._running == {}
