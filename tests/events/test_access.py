import pytest
from django.contrib.admin.sites import site
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.utils import timezone

from accounts import sessions
from events import access
from events.access import Action
from events.admin import EventAdmin
from events.models import Event
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import EventFactory, EventSessionFactory

ACTIONS = (Action.SEE, Action.MANAGE, Action.STATISTICS, Action.EXPORT, Action.DISPOSE)
ALL = {*ACTIONS}
NOT_OWN = ALL - {Action.DISPOSE}
LOOK = {Action.SEE, Action.STATISTICS, Action.EXPORT}
ROLES = {
    "owner": ALL,
    "admin": ALL,
    "organizer": NOT_OWN,
    "instructor": {Action.SEE},
    "staff": {Action.SEE},
    "nobody": set(),
    "platform staff": LOOK,
    "superuser": ALL,
}


def person(role, organization):
    if role == "nobody":
        return UserFactory(organizer=True)
    if role in {"platform staff", "superuser"}:
        user = UserFactory(**{role.replace(" ", "_"): True})
        user.session = sessions.open_for_tokens(user, now=timezone.now())
        return user
    if role == "owner":
        return organization.memberships.get(role="owner").user
    return MembershipFactory(organization=organization, role=role).user


@pytest.mark.parametrize(("role", "allowed"), ROLES.items(), ids=ROLES)
def test_table_of_roles(organization, organizer, role, allowed):
    event = EventFactory(organization=organization)
    user = person(role, organization)

    by_condition = {a for a in ACTIONS if Event.objects.managed_by(user, a).exists()}
    by_row = {action for action in ACTIONS if access.can(user, event, action)}

    assert (by_condition, by_row) == (allowed, allowed)


def test_organizers_dispose_of_their_own_events_of_the_organization(organization, colleague):
    event = EventFactory(organization=organization, owner=colleague)

    assert access.can(colleague, event, Action.DISPOSE)
    assert Event.objects.managed_by(colleague, Action.DISPOSE).get() == event


@pytest.mark.parametrize("ended", [False, True])
def test_owner_of_an_organizations_event_needs_a_membership(organization, ended):
    member = MembershipFactory(organization=organization, ended=ended).user
    event = EventFactory(organization=organization, owner=member)

    assert access.can(member, event, Action.MANAGE) is not ended


def test_personal_event_is_its_owners_alone(organizer, colleague):
    event = EventFactory(owner=organizer)

    assert {a for a in ACTIONS if access.can(organizer, event, a)} == ALL
    assert {a for a in ACTIONS if access.can(colleague, event, a)} == set()


def test_sessions_go_with_their_event(organizer, stranger):
    session = EventSessionFactory(event=EventFactory(owner=organizer, implicit_session=False))
    rows = type(session).objects

    assert list(rows.managed_by(organizer)) == list(rows.visible_to(organizer)) == [session]
    assert not rows.visible_to(stranger).exists()


def test_admin_cancels_by_the_same_verb(organizer):
    fine = EventFactory(owner=organizer, published=True)
    draft = EventFactory(owner=organizer)
    request = RequestFactory().post("/admin/")
    request.user = UserFactory(superuser=True)
    request.session = {}
    request._messages = FallbackStorage(request)

    EventAdmin(Event, site).cancel(request, Event.objects.all())

    fine.refresh_from_db()
    draft.refresh_from_db()
    assert (fine.status, draft.status) == ("cancelled", "draft")
    assert [str(row) for row in fine.status_history.all()] == ["published to cancelled"]
