"""What is forgotten, and when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common import files, retention, storage
from common.models import Job, OutboxTask, OutgoingEmail, StoredFile
from tests.common.uploaded import PDF, upload
from tests.factories.common import (
    JobFactory,
    OutboxTaskFactory,
    OutgoingEmailFactory,
    StoredFileFactory,
)
from tests.factories.events import SpeakerFactory

NOW = timezone.now()


def aged(model, days: int, **fields):
    """Make every row of the model this old."""
    moment = NOW - timedelta(days=days)
    names = {field.name for field in model._meta.fields} & {"created_at", "finished_at"}
    model.objects.update(**dict.fromkeys(names, moment), **fields)


@pytest.mark.parametrize(("days", "left"), [(13, 1), (15, 0)])
def test_done_tasks_go_after_two_weeks(db, days, left):
    OutboxTaskFactory(done=True)
    aged(OutboxTask, days)

    retention.apply(NOW)

    assert OutboxTask.objects.count() == left


@pytest.mark.parametrize(("days", "left"), [(89, 1), (91, 0)])
def test_failed_tasks_go_after_three_months(db, days, left):
    OutboxTaskFactory(failed=True)
    aged(OutboxTask, days)

    retention.apply(NOW)

    assert OutboxTask.objects.count() == left


@pytest.mark.parametrize(("days", "text"), [(29, "Hello."), (31, None)])
def test_bodies_are_forgotten_after_a_month(db, days, text):
    OutgoingEmailFactory(sent=True)
    aged(OutgoingEmail, days)

    retention.apply(NOW)

    assert OutgoingEmail.objects.get().text == text


def test_a_message_that_still_waits_keeps_its_body(db):
    OutgoingEmailFactory()
    aged(OutgoingEmail, 31)

    retention.apply(NOW)

    assert OutgoingEmail.objects.get().text == "Hello."


def test_lines_of_the_mail_log_go_after_a_year(db):
    OutgoingEmailFactory(sent=True)
    aged(OutgoingEmail, 366)

    retention.apply(NOW)

    assert not OutgoingEmail.objects.exists()


def test_jobs_go_after_a_month(db):
    JobFactory()
    aged(Job, 31)

    retention.apply(NOW)

    assert not Job.objects.exists()


def test_expired_files_go_with_their_bytes(db, django_capture_on_commit_callbacks):
    file = files.store_bytes(b"x", filename="a.csv", content_type="text/csv", expires_at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        retention.apply(NOW + timedelta(seconds=1))

    assert not StoredFile.objects.exists()
    assert not storage.store().exists(file.key)


def test_uploads_nothing_refers_to_go_after_a_day(db):
    used = files.store(upload("a.pdf", PDF), purpose="document", owner=None)
    SpeakerFactory(photo=used)
    orphan = StoredFileFactory()
    made = files.store_bytes(b"x", filename="c.pdf", content_type="application/pdf")
    aged(StoredFile, 2)
    fresh = StoredFileFactory()

    retention.apply(NOW)

    assert set(StoredFile.objects.all()) == {used, made, fresh}
    assert orphan.key != fresh.key


def test_an_installation_keeps_longer_by_a_setting(db, settings):
    settings.RETENTION_DAYS = {"outbox_done": 20}
    OutboxTaskFactory(done=True)
    aged(OutboxTask, 15)

    retention.apply(NOW)

    assert OutboxTask.objects.count() == 1


def test_many_rows_go_in_batches(db, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    OutboxTaskFactory.create_batch(5, done=True)
    aged(OutboxTask, 15)

    assert retention.apply(NOW)["outbox_done"] == 5


def test_an_app_registers_a_rule_of_its_own(db, monkeypatch):
    monkeypatch.setattr(retention, "_rules", {})
    JobFactory(kind="old")
    JobFactory(kind="new")

    @retention.rule("old_jobs", days=1)
    def old_jobs(cutoff):
        return Job.objects.filter(kind="old")

    assert retention.apply(NOW) == {"old_jobs": 1}
    assert Job.objects.get().kind == "new"
