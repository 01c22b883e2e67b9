"""The manifest promises exactly what the endpoints then do."""

import pytest

from accounts import manifest
from accounts.roles import CAPABILITIES, EVERYTHING, READING
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import EventFactory

MANIFEST = "/api/v1/auth/manifest/"
EVENTS = "/api/v1/events/"
ROLES = ("owner", "admin", "organizer", "instructor", "staff")
WHO = (
    "attendee",
    "unverified",
    "organizer",
    "organizer_without_plan",
    "unverified_organizer",
    *(f"member_{role}" for role in ROLES),
    "staff_member",
    "superuser",
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(request, organization):
    """Return the person of this name."""

    def named(who):
        kind, _, role = who.partition("member_")
        if role and not kind:
            if role == "owner":
                return organization.created_by
            return MembershipFactory(organization=organization, role=role).user
        traits = {
            "unverified": {"unverified": True},
            "organizer_without_plan": {"organizer": True},
            "unverified_organizer": {"organizer": True, "unverified": True},
            "superuser": {"superuser": True},
        }
        return UserFactory(**traits[who]) if who in traits else request.getfixturevalue(who)

    return named


def event_body(**fields):
    return {
        "title": "An event",
        "event_type": "webinar",
        "format": "online",
        "starts_at": "2030-03-01T09:00:00Z",
        "duration_minutes": 60,
        "timezone": "UTC",
        **fields,
    }


def is_open(*responses):
    return any(response.status_code != 403 for response in responses)


@pytest.mark.parametrize("who", WHO)
def test_create_events_is_what_posting_an_event_answers(api_for, caller, organization, who):
    client = api_for(caller(who))

    promised = client.get(MANIFEST).json()["features"]["create_events"]

    alone = client.post(EVENTS, event_body(), format="json")
    inside = client.post(EVENTS, event_body(organization=str(organization.uuid)), format="json")
    made = [response.status_code == 201 for response in (alone, inside)]
    assert promised is any(made), (alone.json(), inside.json())


@pytest.mark.parametrize("who", WHO)
def test_can_create_organization_is_what_posting_one_answers(api_for, caller, who):
    client = api_for(caller(who))

    promised = client.get(MANIFEST).json()["features"]["can_create_organization"]

    assert promised is is_open(client.post("/api/v1/organizations/", {"name": "Another"}))


@pytest.mark.parametrize("who", WHO)
def test_manage_certificates_is_what_issuing_answers(api_for, caller, organization, who):
    user = caller(who)
    client = api_for(user)
    inside = EventFactory(owner=organization.created_by, organization=organization, completed=True)
    own = EventFactory(owner=user, completed=True)

    promised = client.get(MANIFEST).json()["features"]["manage_certificates"]

    answers = [client.post(f"{EVENTS}{each.uuid}/certificates/issue/") for each in (inside, own)]
    assert promised is any(answer.status_code not in {403, 404} for answer in answers)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("view_billing", "/api/v1/billing/subscription/"),
        ("browse_events", "/api/v1/public/events/"),
        ("view_own_registrations", "/api/v1/users/me/registrations/"),
        ("view_own_certificates", "/api/v1/users/me/certificates/"),
    ],
)
def test_reading_is_what_the_list_answers(api_for, caller, who, name, path):
    client = api_for(caller(who))

    promised = client.get(MANIFEST).json()["features"][name]

    assert promised is (client.get(path).status_code == 200)


@pytest.mark.parametrize("who", WHO)
def test_register_for_events_is_what_registering_answers(api_for, caller, organization, who):
    event = EventFactory(published=True)
    client = api_for(caller(who))

    promised = client.get(MANIFEST).json()["features"]["register_for_events"]

    answer = client.post(f"/api/v1/public/events/{event.uuid}/register/", {}, format="json")
    assert promised is is_open(answer)


def test_what_no_endpoint_serves_is_not_promised(api_for, organizer):
    assert api_for(organizer).get(MANIFEST).json()["features"]["create_courses"] is False


def test_the_manifest_of_a_member(api_for, colleague, organization):
    body = api_for(colleague).get(MANIFEST).json()

    assert body == {
        "user": {
            "uuid": str(colleague.uuid),
            "email": "colleague@example.org",
            "full_name": "Carl Colleague",
            "account_type": "attendee",
            "email_verified": True,
            "is_staff": False,
        },
        "features": {
            "create_events": True,
            "create_courses": False,
            "manage_certificates": True,
            "view_billing": True,
            "browse_events": True,
            "register_for_events": True,
            "view_own_registrations": True,
            "view_own_certificates": True,
            "can_create_organization": False,
        },
        "routes": [
            *manifest.OPEN_ROUTES,
            "manage.certificates",
            "manage.events",
            "manage.events.create",
            "settings.api-tokens",
            "settings.billing",
            "settings.webhook-endpoints",
            "upgrade",
        ],
        "capabilities": [],
        "organizations": [
            {
                "uuid": str(organization.uuid),
                "name": "Provider Ltd",
                "slug": "provider",
                "role": "organizer",
                "capabilities": sorted(CAPABILITIES["organizer"]),
            }
        ],
    }


@pytest.mark.parametrize(
    ("who", "capabilities"),
    [
        ("attendee", frozenset()),
        ("organizer", EVERYTHING),
        ("staff_member", READING),
        ("superuser", EVERYTHING),
    ],
)
def test_capabilities_outside_organizations(api_for, caller, who, capabilities):
    body = api_for(caller(who)).get(MANIFEST).json()

    assert body["capabilities"] == sorted(capabilities)


@pytest.mark.parametrize(
    ("who", "route", "expected"),
    [
        ("attendee", "upgrade", True),
        ("unverified", "upgrade", False),
        ("organizer", "upgrade", False),
        ("attendee", "manage.events", False),
        ("member_staff", "manage.events", True),
        ("member_staff", "manage.events.create", False),
        ("organizer", "settings.zoom", True),
        ("unverified", "settings.api-tokens", False),
        ("staff_member", "staff", True),
        ("organizer", "staff", False),
    ],
)
def test_routes_follow_the_rules(api_for, caller, who, route, expected):
    assert (route in api_for(caller(who)).get(MANIFEST).json()["routes"]) is expected


def test_the_manifest_wants_a_sign_in(anonymous):
    assert anonymous.get(MANIFEST).status_code == 401


def test_a_feature_that_is_not_in_the_document_is_a_mistake_of_ours():
    with pytest.raises(LookupError):
        manifest.feature("fly", manifest.everybody)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_organizations_costs_no_queries(api_for, django_assert_num_queries, count):
    user = UserFactory(organizer=True)
    for _ in range(count):
        organization = OrganizationFactory()
        MembershipFactory(organization=organization, user=user, role="organizer")
        head = MembershipFactory(organization=organization, role="owner").user
        SubscriptionFactory(account=BillingAccountFactory(user=head))
    client = api_for(user)

    with django_assert_num_queries(8):
        body = client.get(MANIFEST).json()

    assert len(body["organizations"]) == count
