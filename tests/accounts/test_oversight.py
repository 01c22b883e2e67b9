"""What people of the platform look at in other people's places leaves an entry, once each."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import sessions, tokens
from common.models import AuditEntry
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

EVENTS = "/api/v1/events/"
ORGANIZATIONS = "/api/v1/organizations/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer, organization):
    return EventFactory(owner=organizer, organization=organization, published=True)


def entries():
    return AuditEntry.objects.filter(action="staff.accessed")


def test_reading_one_row_names_it(api_for, staff_member, event, organization):
    api = api_for(staff_member)

    answer = api.get(f"{EVENTS}{event.uuid}/")

    entry = entries().get()
    assert answer.status_code == 200
    assert (entry.actor_type, entry.actor_uuid) == ("staff", staff_member.uuid)
    assert (entry.target_type, entry.target_uuid) == ("events.event", event.uuid)
    assert entry.organization_uuid == organization.uuid
    assert entry.payload["method"] == "GET"
    assert entry.payload["route"] == "api/v1/events/<uuid:uuid>/"
    assert entry.payload["rows"] == {"uuid": str(event.uuid)}
    assert "events.view" in entry.payload["powers"]


def test_reading_a_list_names_its_filters(api_for, staff_member, event):
    api = api_for(staff_member)

    answer = api.get(f"{EVENTS}?status=published&unknown={'y' * 300}")

    assert answer.status_code == 200
    entry = entries().get()
    assert entry.target_uuid is None
    assert entry.payload["filters"] == {"status": ["published"], "unknown": ["y" * 200]}


def test_a_list_within_a_row_names_the_row(api_for, staff_member, event):
    RegistrationFactory(event=event)

    answer = api_for(staff_member).get(f"{EVENTS}{event.uuid}/registrations/")

    assert answer.json()["count"] == 1
    assert entries().get().payload["rows"] == {"event_uuid": str(event.uuid)}


def test_a_look_at_an_account_is_on_record(api_for, staff_member, attendee):
    api_for(staff_member).get(f"/api/v1/staff/users/{attendee.uuid}/")

    entry = entries().get()
    assert (entry.target_type, entry.target_uuid) == ("accounts.user", attendee.uuid)
    assert entry.payload["powers"] == ["users.view"]


def test_a_look_at_all_organizations_is_on_record(api_for, staff_member, organization):
    response = api_for(staff_member).get("/api/v1/staff/organizations/", {"search": "Provider"})

    assert response.json()["count"] == 1
    entry = AuditEntry.objects.get(action="staff.accessed")
    assert (entry.actor_type, entry.actor_uuid) == ("staff", staff_member.uuid)
    assert entry.payload["powers"] == ["organization.view"]


def test_what_is_refused_or_absent_leaves_none(api_for, staff_member, event):
    api = api_for(staff_member)

    statuses = [
        api.get(f"{EVENTS}{staff_member.uuid}/").status_code,
        api.patch(f"{EVENTS}{event.uuid}/", {"title": "Mine"}).status_code,
    ]

    assert statuses == [404, 403]
    assert not entries().exists()


def test_a_superuser_who_changes_something_is_on_record_too(api_for, organization):
    root = UserFactory(superuser=True)

    answer = api_for(root).patch(f"{ORGANIZATIONS}{organization.uuid}/", {"name": "Renamed"})

    entry = entries().get()
    assert answer.status_code == 200
    assert (entry.payload["method"], entry.target_uuid) == ("PATCH", organization.uuid)


@pytest.mark.parametrize("role", ["organizer", "colleague"])
def test_looking_at_what_is_ones_own_is_nobodys_business(request, api_for, event, role):
    api = api_for(request.getfixturevalue(role))

    for path in (EVENTS, f"{EVENTS}{event.uuid}/", ORGANIZATIONS):
        assert api.get(path).status_code == 200

    assert not entries().exists()


def test_without_the_second_factor_there_is_no_power(settings, staff_member, organization):
    settings.STAFF_REQUIRE_OTP = True
    now = timezone.now()

    def status(*, second_factor):
        session = sessions.open_for_tokens(staff_member, now=now, second_factor=second_factor)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.pair(session, now=now).access}")
        return client.get(f"{ORGANIZATIONS}{organization.uuid}/").status_code

    assert (status(second_factor=False), entries().count()) == (404, 0)
    assert (status(second_factor=True), entries().count()) == (200, 1)


def test_it_costs_others_nothing_and_staff_one_query(
    api_for, staff_member, organizer, organization, django_assert_num_queries
):
    OrganizationFactory()
    path = f"{ORGANIZATIONS}{organization.uuid}/"
    owner, staff = api_for(organizer), api_for(staff_member)

    with django_assert_num_queries(2) as theirs:
        owner.get(path)
    with django_assert_num_queries(3) as ours:
        staff.get(path)

    assert not [each for each in theirs if "auditentry" in each["sql"].lower()]
    assert len([each for each in ours if "auditentry" in each["sql"].lower()]) == 1
