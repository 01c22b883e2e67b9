"""The machinery's management commands."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from common import audit, progress
from common.models import AuditEntry, OutboxTask, OutgoingEmail
from tests.factories.common import OutboxTaskFactory, OutgoingEmailFactory


def said(command, *args, **options) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_work_does_everything_due_and_returns(db, mailoutbox):
    OutgoingEmailFactory()
    OutboxTaskFactory()
    audit.record("thing.done")

    assert said("work", "--once").endswith("1 audit entries sealed.\n")
    assert OutgoingEmail.objects.get().status == "sent"
    assert set(OutboxTask.objects.values_list("status", flat=True)) == {"done"}
    assert AuditEntry.objects.get().sequence == 1


def test_work_without_once_names_the_worker_that_stays(db):
    with pytest.raises(CommandError, match="celery -A config worker"):
        said("work")


def test_failed_tasks_are_put_back_by_name_and_queue(db):
    OutboxTaskFactory(failed=True)
    OutboxTaskFactory(failed=True, name="common.sweep_outbox")
    OutboxTaskFactory(failed=True, queue="mail")

    output = said("retry_tasks", "--name", "common.sweep_emails", "--queue", "default")

    assert output == "Retrying: 1 done.\n"
    assert OutboxTask.objects.filter(status="failed").count() == 2


def test_a_task_with_a_newer_twin_is_named_and_left(db):
    OutboxTaskFactory(failed=True, key="same")
    OutboxTaskFactory(key="same")
    errors = StringIO()

    said("retry_tasks", stderr=errors)

    assert "A newer task of the same key is pending." in errors.getvalue()


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "line"),
    [(StringIO, "Rows: 1 of 2\n"), (Terminal, "\rRows [###############...............] 1/2")],
    ids=["log", "terminal"],
)
def test_long_commands_tell_how_far_they_are(monkeypatch, stream, line):
    out = OutputWrapper(stream())
    ticks = iter([0, 6, 6, 12, 12])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))

    assert list(progress.shown([1, 2], total=2, label="Rows", out=out)) == [1, 2]
    assert out._out.getvalue().startswith(line)
    assert out._out.getvalue().strip().endswith("Rows: 2 done.")
