"""Long work that a program asks for: as narrow as its key, and only while the key stands."""

import pytest
from django.utils import timezone

from accounts import api_tokens
from accounts.models import Membership
from common import callers, export_jobs, files, outbox
from common.exceptions import PermanentFailure
from common.models import Job, OutboxTask
from tests.factories.accounts import OrganizationFactory
from tests.factories.api_tokens import ApiTokenFactory, program
from tests.factories.events import EventFactory

EVENTS = "/api/v1/events/"
SCOPES = ["events:write"]


def start_export(client, path=EVENTS, column="title"):
    response = client.post(f"{path}export/?columns={column}")
    assert response.status_code == 202, response.content
    return Job.objects.get(uuid=response.json()["job"]["uuid"])


def written(job):
    export_jobs.write(job.pk)
    job.refresh_from_db()
    return files.read(job.file).decode().split()


@pytest.fixture
def events(organizer, organization):
    EventFactory(owner=organizer, organization=organization, title="Ours")
    EventFactory(owner=organizer, title="Mine")
    EventFactory(organization=OrganizationFactory(), title="Theirs")


@pytest.fixture
def shared(organizer, organization):
    return ApiTokenFactory(user=organizer, organization=organization, scopes=SCOPES)


def test_the_file_holds_what_the_key_reaches(events, shared, organizer, api_for):
    own = ApiTokenFactory(user=organizer, scopes=SCOPES)

    assert written(start_export(program(shared))) == ["Title", "Ours"]
    assert written(start_export(program(own))) == ["Title", "Mine"]
    assert sorted(written(start_export(api_for(organizer)))) == ["Mine", "Ours", "Title"]


def revoke(token):
    api_tokens.revoke(token, by=token.user)


def leave(token):
    Membership.objects.filter(user=token.user).update(ended_at=timezone.now())


def lose_the_scope(token):
    token.scopes = ["registrations:write"]
    token.save()


def deactivate(token):
    token.user.is_active = False
    token.user.save()


def vanish(token):
    token.delete()


@pytest.mark.parametrize(
    "happening",
    [revoke, leave, lose_the_scope, deactivate, vanish],
    ids=lambda happening: happening.__name__,
)
def test_nothing_comes_out_after_the_key_ended(events, shared, happening):
    job = start_export(program(shared))
    happening(shared)

    with pytest.raises(PermanentFailure):
        export_jobs.write(job.pk)

    job.refresh_from_db()
    assert (job.file, job.done) == (None, 0)


def test_a_lost_right_leaves_the_headings(events, shared, organizer):
    job = start_export(program(shared))
    Membership.objects.filter(user=organizer).update(role="staff")

    assert written(job) == ["Title"]


def test_nothing_comes_out_for_a_deactivated_person(events, organizer, api_for):
    job = start_export(api_for(organizer))
    organizer.is_active = False
    organizer.save()

    with pytest.raises(PermanentFailure):
        export_jobs.write(job.pk)


def test_somebody_who_lost_a_membership_gets_its_list_no_more(events, colleague, api_for):
    event = colleague.memberships.get().organization.events.get()
    job = start_export(api_for(colleague), f"{EVENTS}{event.uuid}/registrations/", "email")
    Membership.objects.filter(user=colleague).update(ended_at=timezone.now())

    with pytest.raises(PermanentFailure):
        export_jobs.write(job.pk)


def test_work_that_nobody_may_have_is_given_up_at_once(events, shared):
    job = start_export(program(shared))
    revoke(shared)
    task = OutboxTask.objects.get(key=f"job:{job.uuid}")

    outbox.run(task.uuid)

    job.refresh_from_db()
    task.refresh_from_db()
    assert (job.status, task.status, task.attempts) == ("failed", "failed", 1)


def test_the_key_sees_its_own_jobs_alone(events, shared, organizer, api_for):
    mine = start_export(api_for(organizer))
    ours = start_export(program(shared))
    other = ApiTokenFactory(user=organizer, scopes=["profile:read"])
    one = f"/api/v1/jobs/{ours.uuid}/"

    listed = program(shared).get("/api/v1/jobs/").json()["results"]

    assert [row["uuid"] for row in listed] == [str(ours.uuid)]
    assert program(shared).get(f"/api/v1/jobs/{mine.uuid}/").status_code == 404
    assert program(other).get(one).status_code == 404
    assert api_for(organizer).get(one).status_code == 200


def test_without_anybody_who_knows_keys_nothing_is_recalled(settings, shared, events):
    job = start_export(program(shared))
    known = settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"]
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_AUTHENTICATION_CLASSES": [name for name in known if "ApiToken" not in name]
    }

    with pytest.raises(PermanentFailure, match="knows API tokens"):
        callers.of(job)
