"""Tools of platform staff, and everybody's own jobs."""

import uuid

import pytest
from django.utils import timezone

from common import audit, files
from common.models import AuditEntry, AuditHead, Job, OutboxTask, OutgoingEmail, PeriodicRun

pytestmark = pytest.mark.django_db

STAFF_PATHS = [
    "/api/v1/staff/tasks/",
    "/api/v1/staff/emails/",
    "/api/v1/staff/audit-log/",
    "/api/v1/staff/audit-log/status/",
    "/api/v1/staff/periodic/",
]


@pytest.fixture
def staff(api_for, staff_member):
    return api_for(staff_member)


@pytest.fixture
def failed_task():
    return OutboxTask.objects.create(
        name="common.sweep_outbox", status="failed", attempts=8, finished_at=timezone.now()
    )


def mail(**changes):
    return OutgoingEmail.objects.create(
        **{
            "kind": "verify_email",
            "category": "account",
            "to_email": "anna@example.org",
            "subject": "Confirm",
            "text": "secret link",
            **changes,
        }
    )


@pytest.mark.parametrize("path", STAFF_PATHS)
def test_only_platform_staff_sees_the_tools(path, anonymous, api_for, organizer, staff):
    statuses = [client.get(path).status_code for client in (anonymous, api_for(organizer), staff)]

    assert statuses == [401, 403, 200]


def test_tasks_are_listed_and_filtered(staff, failed_task):
    OutboxTask.objects.create(name="common.sweep_emails", queue="mail")

    rows = staff.get("/api/v1/staff/tasks/?status=failed").json()["results"]

    assert [row["uuid"] for row in rows] == [str(failed_task.uuid)]
    assert "args" not in rows[0]


def test_a_failed_task_can_be_tried_again_once(staff, staff_member, failed_task):
    url = f"/api/v1/staff/tasks/{failed_task.uuid}/retry/"

    first, second = staff.post(url), staff.post(url)

    assert (first.status_code, first.json()["status"], first.json()["attempts"]) == (
        200,
        "pending",
        0,
    )
    assert (second.status_code, second.json()["error"]["code"]) == (400, "INVALID_STATUS")
    entry = AuditEntry.objects.get(action="task.retried")
    assert (entry.actor_type, entry.actor_uuid, entry.target_uuid) == (
        "staff",
        staff_member.uuid,
        failed_task.uuid,
    )


def test_a_failed_mail_can_be_sent_again(staff):
    message = mail(status="failed", attempts=6)

    response = staff.post(f"/api/v1/staff/emails/{message.uuid}/retry/")

    assert (response.status_code, response.json()["status"]) == (200, "queued")


def test_a_mail_that_was_sent_cannot_be_retried(staff):
    message = mail(status="sent", sent_at=timezone.now())

    response = staff.post(f"/api/v1/staff/emails/{message.uuid}/retry/")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_STATUS")


def test_the_mail_log_shows_no_message(staff):
    mail()

    (row,) = staff.get("/api/v1/staff/emails/?to_email=Anna@Example.org").json()["results"]

    assert row["subject"] == "Confirm"
    assert not row.keys() & {"text", "html", "headers", "attachments"}


def test_the_audit_log_is_filtered_by_what_and_who(staff, organizer, stranger):
    audit.record("event.published", by=organizer, reason="ready")
    audit.record("event.cancelled", by=stranger)

    response = staff.get(f"/api/v1/staff/audit-log/?action=event.published&actor={organizer.uuid}")

    (row,) = response.json()["results"]
    assert (row["action"], row["payload"]["reason"], row["redacted"]) == (
        "event.published",
        "ready",
        False,
    )


def test_the_state_of_the_audit_chain_is_told(staff):
    AuditHead.objects.update_or_create(
        defaults={"last_sequence": 7, "last_hash": "ab" * 32, "broken_at": timezone.now()}
    )
    unsealed = AuditEntry.objects.filter(sequence=None).count()

    assert staff.get("/api/v1/staff/audit-log/status/").json() == {
        "last_sequence": 7,
        "last_hash": "ab" * 32,
        "last_verified_at": None,
        "ok": False,
        "unsealed": unsealed,
    }


def test_periodic_runs_are_listed_by_name(staff):
    PeriodicRun.objects.create(name="sweep")
    PeriodicRun.objects.create(name="retention", last_error="ValueError: x")

    rows = staff.get("/api/v1/staff/periodic/").json()["results"]

    assert [row["name"] for row in rows] == ["retention", "sweep"]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("path", ["/api/v1/staff/tasks/", "/api/v1/staff/emails/"])
def test_staff_lists_take_a_constant_number_of_queries(
    staff, path, count, django_assert_max_num_queries
):
    for number in range(count):
        OutboxTask.objects.create(name=f"task.{number}")
        mail(to_email=f"p{number}@example.org")

    with django_assert_max_num_queries(3):
        response = staff.get(path)

    assert len(response.json()["results"]) == count


@pytest.fixture
def job(attendee):
    return Job.objects.create(
        kind="export", requested_by_uuid=attendee.uuid, status="running", total=10, done=4
    )


def test_a_job_is_shown_to_whoever_asked_for_it(api_for, attendee, stranger, staff, job):
    url = f"/api/v1/jobs/{job.uuid}/"

    assert [client.get(url).status_code for client in (api_for(stranger), staff)] == [404, 404]
    answer = api_for(attendee).get(url).json()
    assert (answer["status"], answer["progress"], answer["download_url"]) == (
        "running",
        {"total": 10, "done": 4, "error_count": 0},
        None,
    )


def test_a_job_that_is_done_has_a_fresh_link(api_for, attendee, job, client):
    stored = files.store_bytes(b"a,b\r\n", filename="rows.csv", content_type="text/csv")
    Job.objects.filter(pk=job.pk).update(file=stored, status="done", finished_at=timezone.now())

    url = api_for(attendee).get(f"/api/v1/jobs/{job.uuid}/").json()["download_url"]

    path = url.removeprefix("http://localhost:8000")
    assert b"".join(client.get(path).streaming_content) == b"a,b\r\n"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_jobs_takes_a_constant_number_of_queries(
    api_for, attendee, stranger, count, django_assert_num_queries
):
    for _ in range(count):
        Job.objects.create(kind="export", requested_by_uuid=attendee.uuid)
    Job.objects.create(kind="export", requested_by_uuid=stranger.uuid)
    client = api_for(attendee)

    with django_assert_num_queries(2):
        response = client.get("/api/v1/jobs/")

    assert len(response.json()["results"]) == count


def test_an_unknown_job_is_not_found(api_for, attendee):
    response = api_for(attendee).get(f"/api/v1/jobs/{uuid.uuid4()}/")

    assert response.status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("second_factor", "status", "code"),
    [(False, 403, "SECOND_FACTOR_REQUIRED"), (True, 200, None)],
)
def test_staff_tools_want_the_second_factor_where_it_is_required(
    api_for, staff_member, settings, second_factor, status, code
):
    settings.STAFF_REQUIRE_OTP = True
    api = api_for(staff_member)
    staff_member.sessions.update(second_factor=second_factor)

    for path in ("staff/tasks/", "integrations/inbound-webhooks/"):
        response = api.get(f"/api/v1/{path}")

        assert response.status_code == status
        assert response.json().get("error", {}).get("code") == code
