"""Who may do what, over HTTP: every role at every operation of organizations and events."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from accounts import roles
from accounts.models import Membership
from accounts.roles import Capability
from events.models import Event, EventReminder
from tests.architecture.role_matrix import BY_BODY, HOLDERS, ROLES, ROWS, UNSERVED
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.certificates import CertificateFactory
from tests.factories.event_invitations import EventInvitationFactory
from tests.factories.events import EventCustomFieldFactory, EventFactory
from tests.factories.invitations import MembershipInvitationFactory
from tests.factories.registrations import RegistrationFactory

ROOT = "/api/v1/"
BELOW = re.compile(r"(organizations|events)/<uuid:")
METHODS = ("get", "post", "put", "patch", "delete")
OUTSIDERS = ("stranger", "former member", "member of a closed organization")


def patterns(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        else:
            yield route, pattern.callback


def operations():
    """Yield method and route of everything below one organization or one event."""
    for route, view in patterns(get_resolver()):
        below = route.removeprefix(ROOT[1:])
        if not BELOW.match(below):
            continue
        known = getattr(view, "actions", None) or vars(view.view_class)
        allowed = getattr(view, "cls", None) or view.view_class
        for method in METHODS:
            if method in known and method in allowed.http_method_names:
                yield method, below


def test_every_operation_stands_in_the_matrix():
    assert set(operations()) == {(row.method, row.route) for row in ROWS}


def test_every_capability_is_served_or_known_not_to_be():
    served = {row.capability for row in ROWS} | {capability for _, capability, _ in BY_BODY}

    assert served & UNSERVED == set()
    assert served | UNSERVED == {*(each.value for each in Capability), "events.dispose"}


@pytest.mark.parametrize("capability", sorted(each.value for each in Capability))
def test_roles_hold_what_the_specification_ticks(capability):
    holders = {role for role, held in roles.CAPABILITIES.items() if capability in held}

    assert holders == HOLDERS[capability]


@pytest.fixture
def scene(request, api_for):
    """An organization with a person in each role, and an event with all that paths may name."""
    organization = OrganizationFactory(seat_limit=None)
    people = {
        role: MembershipFactory(
            organization=organization, role=role, user=UserFactory(organizer=role == "owner")
        ).user
        for role in ROLES
    }
    SubscriptionFactory(account=BillingAccountFactory(user=people["owner"]))
    people["former member"] = MembershipFactory(
        organization=organization, role="admin", ended=True, user=UserFactory(organizer=True)
    ).user
    people["stranger"] = UserFactory(organizer=True)
    people["member of a closed organization"] = people["owner"]
    stands = getattr(request, "param", "published")
    event = EventFactory(
        **{stands: True}, organization=organization, owner=people["owner"], zoom_enabled=False
    )
    registration = RegistrationFactory(event=event)
    rows = {
        "organizations": organization,
        "members": MembershipFactory(organization=organization, role="staff"),
        "invitations": MembershipInvitationFactory(organization=organization),
        "events": event,
        "sessions": event.sessions.get(),
        "registrations": registration,
        "custom-fields": EventCustomFieldFactory(event=event),
        "certificates": CertificateFactory(registration=registration),
        "event-invitations": EventInvitationFactory(event=event),
        "reminders": EventReminder.objects.create(
            event=event,
            reminder_type="before_24h",
            send_hours_before=24,
            scheduled_for=event.starts_at - timedelta(hours=24),
        ),
    }
    clients = {name: api_for(user) for name, user in people.items()}
    return SimpleNamespace(rows=rows, clients=clients, organization=organization)


def address(route, rows):
    """Return the route with the scene's rows in it."""
    named = route.replace("<uuid:organization_uuid>", str(rows["organizations"].uuid))
    named = named.replace("<uuid:event_uuid>", str(rows["events"].uuid))
    collection = re.search(r"([a-z-]+)/<uuid:uuid>", named)
    if collection is None:
        return ROOT + named
    below_event = f"event-{collection[1]}" if named.startswith("events/") else ""
    return ROOT + named.replace("<uuid:uuid>", str(rows.get(below_event, rows[collection[1]]).uuid))


def filled(value, rows):
    """Return the body with the scene's rows in it."""
    if isinstance(value, dict):
        return {key: filled(each, rows) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, rows) for each in value]
    named = {f"{{{name}}}": str(row.uuid) for name, row in rows.items()}
    return named.get(value, value) if isinstance(value, str) else value


def ask(scene, who, method, url, body, sent_as="json"):
    """Return the status of the answer, and undo what it did."""
    with transaction.atomic():
        if who == "member of a closed organization":
            type(scene.organization).objects.update(is_active=False)
        response = getattr(scene.clients[who], method)(url, body, format=sent_as)
        transaction.set_rollback(True)
    return response.status_code


def names(row):
    return f"{row.method} {row.route} {row.event}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scene", "row"),
    [pytest.param(row.event, row, id=names(row)) for row in ROWS],
    indirect=["scene"],
)
def test_exactly_the_ticks_succeed(scene, row):
    url, body = address(row.route, scene.rows), filled(row.body, scene.rows)

    answers = {
        who: ask(scene, who, row.method, url, body, row.sent_as) for who in (*ROLES, *OUTSIDERS)
    }

    holders = HOLDERS[row.capability]
    expected = {role: row.answer if role in holders else row.refusal for role in ROLES}
    assert answers == {**expected, **row.role_answers, **dict.fromkeys(OUTSIDERS, 404)}


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "capability", "body"), BY_BODY, ids=[row[0] for row in BY_BODY])
def test_naming_an_organization_in_a_body_needs_the_capability_there(scene, path, capability, body):
    sent = filled(body, scene.rows)

    answers = {who: ask(scene, who, "post", ROOT + path, sent) for who in (*ROLES, *OUTSIDERS)}

    let_in = {who for who, status in answers.items() if status == 201}
    assert let_in == HOLDERS[capability], answers
    assert set(answers.values()) <= {201, 400, 403}


@pytest.mark.django_db
def test_the_scene_is_undone_between_callers(scene):
    before = Membership.objects.filter(ended_at=None).count()

    ask(scene, "staff", "post", address("organizations/<uuid:uuid>/leave/", scene.rows), {})

    assert Membership.objects.filter(ended_at=None).count() == before
    assert Event.objects.get().organization == scene.organization
    assert timezone.now() < Event.objects.get().starts_at
