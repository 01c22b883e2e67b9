"""What a leaver owned inside an organization goes to its owner."""

import pytest

from accounts import members
from common.models import AuditEntry
from events import transfer
from events.models import Event
from tests.factories.accounts import MembershipFactory
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organization, colleague):
    return EventFactory(organization=organization, owner=colleague, slug="course", published=True)


def owner_of(event):
    return Event.all_objects.get(pk=event.pk).owner


def test_a_leavers_events_go_to_the_owner(organizer, organization, colleague, event):
    deleted = EventFactory(
        organization=organization, owner=colleague, deleted_at="2026-01-01T00:00:00Z"
    )

    members.leave(organization, by=colleague)

    assert (owner_of(event), owner_of(deleted)) == (organizer, organizer)
    line = event.status_history.get()
    assert (line.from_status, line.to_status, line.reason) == (
        "published",
        "published",
        "Transferred to the organization's owner.",
    )
    entry = AuditEntry.objects.filter(action="event.transferred", target_uuid=event.uuid).get()
    assert (entry.organization_uuid, entry.payload["from_owner"]) == (
        organization.uuid,
        str(colleague.uuid),
    )


@pytest.mark.parametrize(
    ("role", "passes_on"),
    [("admin", False), ("organizer", False), ("instructor", True), ("staff", True)],
)
def test_only_who_may_manage_none_any_more_passes_on(
    organizer, organization, colleague, event, role, passes_on
):
    row = organization.memberships.get(user=colleague)

    members.change(row, by=organizer, role=role)

    assert owner_of(event) == (organizer if passes_on else colleague)


def test_what_is_personal_or_elsewhere_stays(organization, colleague):
    other = MembershipFactory(user=colleague).organization
    MembershipFactory(organization=other, role="owner")
    personal = EventFactory(owner=colleague)
    elsewhere = EventFactory(owner=colleague, organization=other)

    members.leave(organization, by=colleague)

    assert (owner_of(personal), owner_of(elsewhere)) == (colleague, colleague)


def test_a_name_the_owner_uses_already_gets_a_suffix(organizer, organization, colleague, event):
    EventFactory(owner=organizer, slug="course")

    members.leave(organization, by=colleague)

    slug = Event.objects.get(pk=event.pk).slug
    assert slug.startswith("course-")
    assert len(slug) == len("course-") + 8


def test_without_another_owner_nothing_moves(organization, organizer, event):
    organization.memberships.filter(role="owner").delete()

    assert transfer.pass_on(organization, leaver=event.owner) == 0
    assert owner_of(event) != organizer


def test_a_failure_keeps_the_member(monkeypatch, organization, colleague, event):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(Event, "record", fail)
    with pytest.raises(RuntimeError):
        members.leave(organization, by=colleague)

    assert organization.memberships.get(user=colleague).ended_at is None
    assert owner_of(event) == colleague
