"""Scheduled tasks note their runs and never overlap themselves."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from common import periodic
from common.models import PeriodicRun
from tests.factories.common import PeriodicRunFactory

NAME = "common.sweep_outbox"


def test_every_entry_of_the_schedule_names_a_registered_task():
    assert periodic.scheduled_names() - set(current_app.tasks) == set()


def test_every_entry_of_the_schedule_is_named_for_its_task():
    assert {key: entry["task"] for key, entry in settings.CELERY_BEAT_SCHEDULE.items()} == {
        key: key for key in settings.CELERY_BEAT_SCHEDULE
    }


def test_a_scheduled_task_notes_its_run(db):
    current_app.tasks[NAME].apply_async()

    run = PeriodicRun.objects.get()
    assert (run.name, run.last_error) == (NAME, "")
    assert run.last_finished_at >= run.last_started_at


def test_other_tasks_note_nothing(db):
    current_app.tasks["common.deliver_email"].apply_async(
        args=("00000000-0000-4000-8000-000000000000",)
    )

    assert not PeriodicRun.objects.exists()


def test_a_run_that_would_overlap_leaves_at_once(db):
    PeriodicRunFactory(name=NAME, last_started_at=timezone.now())
    ran = []

    periodic.run(NAME, lambda: ran.append(1))

    assert ran == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"last_started_at": timezone.now(), "last_finished_at": timezone.now()},
        {"last_started_at": timezone.now(), "last_error": "Broken: it broke"},
        {"last_started_at": timezone.now() - timedelta(hours=1)},
    ],
    ids=["never ran", "ended", "failed", "was killed"],
)
def test_a_run_starts_after_the_last_is_over(db, fields):
    if "last_finished_at" in fields:
        fields["last_finished_at"] = timezone.now()
    PeriodicRunFactory(name=NAME, **fields)
    ran = []

    periodic.run(NAME, lambda: ran.append(1))

    assert ran == [1]


def test_a_failed_run_is_noted_and_raised(db):
    def fail():
        raise ConnectionError("no network")

    with pytest.raises(ConnectionError):
        periodic.run(NAME, fail)

    run = PeriodicRun.objects.get()
    assert (run.last_error, run.last_finished_at) == ("ConnectionError: no network", None)


@pytest.mark.parametrize(
    "name", sorted(name for name in periodic.scheduled_names() if name.startswith("common."))
)
def test_the_machinery_s_scheduled_tasks_run_on_an_empty_database(db, name):
    current_app.tasks[name].apply_async()
    current_app.tasks[name].apply_async()

    assert PeriodicRun.objects.get(name=name).last_error == ""
