"""Long work that somebody waits for."""

import logging
from datetime import timedelta

import pytest
from celery import shared_task
from django.utils import timezone

from common import files, jobs, outbox
from common.models import Job, OutboxTask
from tests.factories.accounts import UserFactory
from tests.factories.common import JobFactory


@shared_task(name="tests.count_to")
def count_to(job_id):
    job = jobs.begin(job_id)
    for _ in range(job.args["steps"]):
        jobs.advance(job, done=2)
    jobs.finish(job, result={"steps": job.args["steps"]})


@shared_task(name="tests.fail_for_good")
def fail_for_good(job_id):
    jobs.begin(job_id)
    raise outbox.PermanentFailure("no such list")


def start(name, **fields) -> Job:
    return jobs.start("count", by=UserFactory(), task=name, **fields)


def test_a_job_runs_to_its_end(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = start("tests.count_to", args={"steps": 3}, total=6)
        assert job.status == "queued"

    job.refresh_from_db()
    assert (job.status, job.done, job.total, job.result) == ("done", 6, 6, {"steps": 3})
    assert job.started_at <= job.finished_at


def test_a_job_belongs_to_who_asked(db):
    user, owner = UserFactory(), UserFactory()

    job = jobs.start("count", by=user, task=count_to, owner=owner)

    assert (job.requested_by_uuid, job.owner_uuid, job.organization_uuid) == (
        user.uuid,
        owner.uuid,
        None,
    )
    assert OutboxTask.objects.get().queue == "slow"


def test_a_job_whose_task_is_given_up_fails(db, django_capture_on_commit_callbacks):
    logging.getLogger("common.outbox").setLevel(logging.CRITICAL)
    with django_capture_on_commit_callbacks(execute=True):
        job = start("tests.fail_for_good")

    job.refresh_from_db()
    assert (job.status, job.error_count) == ("failed", 1)
    assert job.errors[0]["message"] == "The work failed and was given up."


def test_other_tasks_fail_no_job(db):
    JobFactory()

    jobs.give_up(OutboxTask(key="mail:1"))
    jobs.give_up(OutboxTask(key="job:00000000-0000-4000-8000-000000000000"))

    assert Job.objects.get().status == "queued"


def test_a_job_taken_up_again_keeps_what_it_has_done(db):
    job = JobFactory(status="running", done=4, started_at=timezone.now() - timedelta(minutes=5))

    again = jobs.begin(job.pk)

    assert (again.done, again.started_at) == (4, job.started_at)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_job_that_is_over_is_not_begun_again(db, status):
    assert jobs.begin(JobFactory(status=status).pk) is None


def test_the_first_hundred_errors_are_kept(db):
    job = JobFactory(status="running")
    error = {"row": 1, "field": "email", "code": "INVALID", "message": "Enter an address."}

    jobs.advance(job, done=500, errors=[error] * 70)
    jobs.advance(job, done=500, errors=[error] * 70)

    assert (job.done, job.error_count, len(job.errors)) == (1000, 140, 100)


def test_a_job_s_file_lasts_a_day(db):
    job = JobFactory(status="running")
    file = files.store_bytes(b"a,b", filename="a.csv", content_type="text/csv")

    jobs.finish(job, file=file)

    file.refresh_from_db()
    assert file.expires_at == job.expires_at == job.finished_at + timedelta(hours=24)


def test_a_finished_job_cannot_fail_any_more(db):
    job = JobFactory(status="done")

    jobs.fail(job, message="Too late.")

    assert (job.status, job.errors) == ("done", [])
