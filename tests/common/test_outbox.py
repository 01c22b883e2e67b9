"""Durable tasks: asked for in a transaction, claimed once, retried, given up."""

import logging
import threading
from datetime import timedelta

import pytest
import time_machine
from celery import current_app, shared_task
from django.db import connection, connections, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from common import context, outbox
from common.exceptions import Conflict, InvalidStatus, PermanentFailure
from common.models import OutboxTask
from tests.factories.common import OutboxTaskFactory

ran: list[object] = []


@shared_task(name="tests.note")
def note(*args):
    ran.append((args, context.current().request_id))


@shared_task(name="tests.break_down")
def break_down():
    raise ConnectionError("provider is down")


@shared_task(name="tests.never")
def never():
    raise PermanentFailure("there is no such account")


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()
    outbox._broker_down_until = 0.0
    logging.getLogger("common.outbox").setLevel(logging.CRITICAL)


def due(name="tests.note", **fields) -> OutboxTask:
    return OutboxTaskFactory(name=name, **fields)


def test_a_task_runs_after_commit_under_the_asking_request(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), context.acting(request_id="r-1"):
        outbox.after_commit("tests.note", 7)

        assert ran == []

    assert ran == [((7,), "r-1")]
    assert OutboxTask.objects.get().status == "done"


@pytest.mark.parametrize(
    ("delay", "countdowns"), [(None, [0]), (0, [0]), (5, [5]), (60, [60]), (61, [])]
)
def test_work_within_the_minute_is_called_for_in_time(
    db, monkeypatch, django_capture_on_commit_callbacks, delay, countdowns
):
    calls = []
    runner = current_app.tasks[outbox.RUNNER]
    monkeypatch.setattr(runner, "apply_async", lambda **said: calls.append(said["countdown"]))

    with django_capture_on_commit_callbacks(execute=True):
        outbox.after_commit("tests.note", delay=None if delay is None else timedelta(seconds=delay))

    assert calls == countdowns
    assert OutboxTask.objects.get().status == "pending"


def test_a_call_that_comes_too_early_runs_nothing(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        outbox.after_commit("tests.note", delay=timedelta(seconds=5))

    row = OutboxTask.objects.get()
    assert (row.status, row.attempts, ran) == ("pending", 0, [])


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_asks_for_nothing():
    with transaction.atomic():
        outbox.after_commit(note, 7)
        transaction.set_rollback(True)

    assert (OutboxTask.objects.count(), ran) == (0, [])


def test_an_unknown_name_is_refused_at_the_call(db):
    with pytest.raises(KeyError, match=r"tests\.missing"):
        outbox.after_commit("tests.missing")


def test_arguments_are_ids_not_documents(db):
    with pytest.raises(ValueError, match="more than ids"):
        outbox.after_commit("tests.note", "x" * 5000)


def test_a_pending_task_absorbs_the_same_key(db):
    for _ in range(2):
        outbox.after_commit("tests.note", 1, key="same", delay=timedelta(hours=1))

    assert OutboxTask.objects.filter(key="same").count() == 1


def test_a_running_task_absorbs_nothing(db):
    due(key="same", running=True)

    outbox.after_commit("tests.note", 1, key="same", delay=timedelta(hours=1))

    assert set(OutboxTask.objects.values_list("status", flat=True)) == {"running", "pending"}


def test_a_delayed_task_waits_for_its_time(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        outbox.after_commit("tests.note", delay=timedelta(minutes=5))

    assert outbox.run_due(timezone.now()) == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert outbox.run_due(timezone.now()) == 1
    assert len(ran) == 1


def test_a_failing_task_is_tried_again_later(db):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        row = due("tests.break_down")
        outbox.run(row.uuid)

    row.refresh_from_db()
    wait = (row.due_at - now).total_seconds()
    assert (row.status, row.attempts, row.lease_token) == ("pending", 1, None)
    assert row.last_error == "ConnectionError: provider is down"
    assert 8 <= wait <= 12


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    list(enumerate([10, 60, 300, 1800, 7200, 21600, 43200])),
    ids=str,
)
def test_the_back_off_grows(db, attempts, seconds):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        row = due("tests.break_down", attempts=attempts)
        outbox.run(row.uuid)

    row.refresh_from_db()
    assert seconds * 0.8 <= (row.due_at - now).total_seconds() <= seconds * 1.2


def test_a_task_is_given_up_after_eight_attempts(db):
    row = due("tests.break_down", attempts=7)

    outbox.run(row.uuid)

    row.refresh_from_db()
    assert (row.status, row.attempts, row.finished_at is None) == ("failed", 8, False)


def test_a_permanent_failure_is_given_up_at_once(db):
    row = due("tests.never")

    outbox.run(row.uuid)

    row.refresh_from_db()
    assert (row.status, row.attempts) == ("failed", 1)
    assert row.last_error == "PermanentFailure: there is no such account"


def test_a_row_of_an_unknown_task_fails_at_once(db):
    row = due("tests.withdrawn")

    outbox.run(row.uuid)

    row.refresh_from_db()
    assert (row.status, row.attempts) == ("failed", 1)


def test_a_retry_yields_to_a_newer_request_of_the_same_key(db):
    row = due("tests.break_down", key="same")
    claimed = outbox._claim(row.uuid)
    due(key="same")

    outbox._retry(claimed, ConnectionError("down"))

    row.refresh_from_db()
    assert row.status == "done"


def test_running_a_row_twice_runs_the_task_once(db):
    row = due()

    outbox.run(row.uuid)
    outbox.run(row.uuid)

    assert len(ran) == 1


def test_a_killed_worker_s_task_is_taken_over_when_its_lease_ends(db):
    row = due(running=True)

    outbox.run(row.uuid)
    assert ran == []

    with time_machine.travel(timezone.now() + timedelta(minutes=7)):
        outbox.run(row.uuid)
    row.refresh_from_db()
    assert (row.status, row.attempts, len(ran)) == ("done", 2, 1)


def test_a_task_that_kills_its_worker_every_time_is_given_up(db):
    row = due(running=True, attempts=8, lease_until=timezone.now() - timedelta(seconds=1))
    OutboxTask.objects.filter(pk=row.pk).update(attempts=8)

    outbox.run(row.uuid)

    row.refresh_from_db()
    assert (row.status, ran) == ("failed", [])
    assert row.last_error == "PermanentFailure: The worker died at every attempt."


def test_a_worker_that_lost_its_lease_changes_nothing(db):
    row = due()
    slow = outbox._claim(row.uuid)
    OutboxTask.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    outbox.run(row.uuid)

    outbox._fail(slow, ConnectionError("late"))

    row.refresh_from_db()
    assert row.status == "done"


def test_the_sweep_finds_what_no_nudge_reached(db):
    due()
    due(running=True, lease_until=timezone.now() - timedelta(seconds=1))
    due(due_at=timezone.now() + timedelta(hours=1))
    due(done=True)

    assert outbox.sweep(timezone.now()) == 2
    assert len(ran) == 2


def test_an_unreachable_broker_is_left_alone_for_a_while(db, monkeypatch):
    calls = []

    def refuse(*_args, **_kwargs):
        calls.append(1)
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app.tasks[outbox.RUNNER], "apply_async", refuse)
    row = due()

    outbox.nudge(row.uuid)
    outbox.nudge(row.uuid)

    assert len(calls) == 1


def test_staff_put_a_failed_task_back(db, django_capture_on_commit_callbacks):
    row = due(failed=True)

    with django_capture_on_commit_callbacks(execute=True):
        outbox.retry(row)

    row.refresh_from_db()
    assert (row.status, row.attempts, len(ran)) == ("done", 1, 1)


def test_only_failed_tasks_can_be_put_back(db):
    with pytest.raises(InvalidStatus):
        outbox.retry(due(done=True))


def test_a_failed_task_is_not_put_back_beside_a_newer_one(db):
    failed = due(failed=True, key="same")
    due(key="same")

    with pytest.raises(Conflict):
        outbox.retry(failed)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_runs_the_task():
    if connection.vendor == "sqlite":
        pytest.skip("Needs PostgreSQL: SQLite lets writers take turns.")
    row = due()
    gate = threading.Barrier(8)

    def work():
        gate.wait()
        outbox.run(row.uuid)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(ran) == 1
