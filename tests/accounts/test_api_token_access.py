"""What programs may do with a key: as their creator, narrowed by scopes and tenant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import roles
from accounts.models import ApiToken, Membership, WebhookEndpoint
from accounts.roles import Capability
from common.models import AuditEntry
from events.models import Event
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.api_tokens import SECRET, ApiTokenFactory, program, written
from tests.factories.events import EventFactory
from tests.factories.registrations import RegistrationFactory

EVENTS = "/api/v1/events/"
FAILED = (401, "AUTHENTICATION_FAILED")
DENIED = (403, "PERMISSION_DENIED")


def error(response):
    return response.status_code, response.json()["error"]["code"]


def registrations_of(event):
    return f"{EVENTS}{event.uuid}/registrations/"


def titles(response):
    assert response.status_code == 200, response.content
    return sorted(row["title"] for row in response.json()["results"])


def deactivate(user, organization):
    user.is_active = False
    user.save()


def erase(user, organization):
    user.erase()


def leave(user, organization):
    Membership.objects.filter(user=user).update(ended_at=timezone.now())


def close(user, organization):
    organization.is_active = False
    organization.save()


def delete(user, organization):
    organization.soft_delete(by=user)


def revoke(user, organization):
    ApiToken.objects.update(revoked_at=timezone.now())


def expire(user, organization):
    ApiToken.objects.update(expires_at=timezone.now())


@pytest.fixture
def shared(organizer, organization):
    """A key of the organization with every scope that its tests need."""
    scopes = ["events:write", "registrations:read", "organizations:read", "billing:read"]
    return ApiTokenFactory(user=organizer, organization=organization, scopes=scopes)


@pytest.fixture
def two_tenants(organizer, organization):
    """An event of the organization, one of its owner's own, and one of a foreign organization."""
    return (
        EventFactory(owner=organizer, organization=organization, title="Ours"),
        EventFactory(owner=organizer, title="Mine"),
        EventFactory(organization=OrganizationFactory(), title="Theirs"),
    )


@pytest.mark.parametrize(
    "happening", [deactivate, erase, leave, close, delete, revoke, expire], ids=lambda f: f.__name__
)
def test_a_key_ends_with_what_it_hangs_on(shared, organizer, organization, happening):
    assert program(shared).get(EVENTS).status_code == 200

    happening(organizer, organization)

    response = program(shared).get(EVENTS)
    assert error(response) == FAILED
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("happening", [leave, close, delete], ids=lambda f: f.__name__)
def test_a_personal_key_outlives_organizations(organizer, organization, happening):
    token = ApiTokenFactory(user=organizer)

    happening(organizer, organization)

    assert program(token).get(EVENTS).status_code == 200


@pytest.mark.parametrize(
    "shown",
    [
        "cpd_",
        "cpd_{prefix}",
        "cpd_{prefix}_",
        "cpd_{prefix}_{wrong}",
        "cpd_{prefix}_{secret}x",
        "cpd_{unknown}_{secret}",
        "cpd_{prefix}_{digest}",
        "cpd_{prefix}_{secret} extra",
        "CPD_{prefix}_{secret}",
        "cpd_{prefix}_{secret}\x00",
        "cpd_%00_{secret}",
        "cpd_{prefix}_ünïcödé",
    ],
)
def test_whatever_is_not_the_key_is_refused(organizer, shown):
    token = ApiTokenFactory(user=organizer)
    parts = {
        "prefix": token.prefix,
        "unknown": "zzzzzzzz",
        "secret": SECRET,
        "wrong": "W" * 43,
        "digest": token.digest,
    }

    assert error(program(shown.format(**parts)).get(EVENTS)) == FAILED


def test_a_key_is_no_sign_in(organizer):
    token = ApiTokenFactory(user=organizer, scopes=["profile:read"])

    response = program("").post(
        "/api/v1/auth/token/refresh/", {"refresh": written(token)}, headers={"Authorization": ""}
    )

    assert error(response) == FAILED


@pytest.mark.parametrize(
    ("scopes", "method", "path", "refusal"),
    [
        (["events:read"], "post", EVENTS, "events:write"),
        (["registrations:write"], "get", EVENTS, "events:read"),
        (["events:write"], "get", "/api/v1/users/me/", "profile:read"),
    ],
)
def test_a_missing_scope_is_named(organizer, scopes, method, path, refusal):
    token = ApiTokenFactory(user=organizer, scopes=scopes)

    response = getattr(program(token), method)(path)

    assert error(response) == (403, "SCOPE_REQUIRED")
    assert response.json()["error"]["details"] == {"scope": refusal}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/users/me/sessions/"),
        ("post", "/api/v1/users/me/delete-account/"),
        ("patch", "/api/v1/users/me/"),
        ("post", "/api/v1/organizations/"),
        ("get", "/api/v1/api-tokens/"),
        ("post", "/api/v1/api-tokens/"),
        ("get", "/api/v1/staff/tasks/"),
    ],
)
def test_what_is_closed_to_keys_says_so(settings, db, method, path):
    settings.STAFF_REQUIRE_OTP = False
    token = ApiTokenFactory(user=UserFactory(superuser=True), scopes=["profile:read"])

    response = getattr(program(token), method)(path)

    assert error(response) == DENIED
    assert response.json()["error"]["message"] == "This is closed to API tokens. Please sign in."


def test_who_may_write_may_read(organizer):
    token = ApiTokenFactory(user=organizer, scopes=["events:write"])

    assert program(token).get(EVENTS).status_code == 200
    assert program(token).options(EVENTS).status_code == 200


def test_each_key_sees_its_tenant_alone(organizer, shared, two_tenants):
    personal = ApiTokenFactory(user=organizer)

    assert titles(program(shared).get(EVENTS)) == ["Ours"]
    assert titles(program(personal).get(EVENTS)) == ["Mine"]


@pytest.mark.parametrize(
    ("whose", "statuses"), [("shared", [200, 404, 404]), ("personal", [404, 200, 404])]
)
def test_what_lies_outside_is_not_found(organizer, shared, two_tenants, whose, statuses):
    token = shared if whose == "shared" else ApiTokenFactory(user=organizer)

    answers = [program(token).get(f"{EVENTS}{event.uuid}/").status_code for event in two_tenants]

    assert answers == statuses


def test_an_organizations_key_makes_nothing_of_its_creators_own(shared, two_tenants, organizer):
    body = {"title": "New", "starts_at": "2099-03-01T09:00:00Z", "duration_minutes": 60}
    body |= {"event_type": "webinar", "format": "online", "timezone": "UTC"}
    inside = body | {"organization": str(two_tenants[0].organization.uuid)}
    outside = body | {"organization": str(two_tenants[2].organization.uuid)}
    client = program(shared)

    answers = [client.post(EVENTS, each) for each in (body, outside, inside)]

    assert [answer.status_code for answer in answers] == [403, 400, 201]
    made = Event.objects.get(title="New")
    assert (made.owner, made.organization) == (organizer, two_tenants[0].organization)


def test_an_organizations_key_listens_to_nothing_of_its_creators_own(organizer, organization):
    token = ApiTokenFactory(user=organizer, organization=organization, scopes=["webhooks:write"])
    own = ApiTokenFactory(user=organizer, scopes=["webhooks:write"])
    body = {"url": "https://93.184.215.14/hook", "event_types": ["*"]}

    refused = program(token).post("/api/v1/webhook-endpoints/", body)
    made = program(own).post("/api/v1/webhook-endpoints/", body)

    assert error(refused) == DENIED
    assert made.status_code == 201, made.content
    assert WebhookEndpoint.objects.get().organization is None


def test_a_personal_key_makes_nothing_in_an_organization(organizer, organization):
    token = ApiTokenFactory(user=organizer, scopes=["events:write"])
    body = {"title": "New", "starts_at": "2099-03-01T09:00:00Z", "duration_minutes": 60}

    response = program(token).post(EVENTS, body | {"organization": str(organization.uuid)})

    assert error(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == ["organization"]


@pytest.mark.parametrize("role", ["owner", "admin", "organizer", "instructor", "staff"])
def test_a_key_gets_the_lesser_of_role_and_organizer(db, role):
    membership = MembershipFactory(role=role)
    token = ApiTokenFactory(user=membership.user, organization=membership.organization)
    token.creator_role = role
    token.user.api_token = token

    reach = roles.reach(token.user)

    lesser = roles.CAPABILITIES[role] & roles.CAPABILITIES["organizer"]
    assert reach == roles.Reach(
        user_id=token.user_id, organizations={membership.organization_id: lesser}
    )
    assert not reach.may(Capability.EVENTS_VIEW, owner_id=token.user_id)
    assert Capability.DEVELOPER_MANAGE not in lesser


def test_a_changed_role_counts_at_once(shared, two_tenants, organizer):
    one = f"{EVENTS}{two_tenants[0].uuid}/"
    assert program(shared).patch(one, {"title": "Still ours"}).status_code == 200

    Membership.objects.filter(user=organizer).update(role="staff")

    assert error(program(shared).patch(one, {"title": "No more"})) == DENIED
    assert program(shared).get(one).json()["title"] == "Still ours"


def test_reading_the_person_again_widens_nothing(shared):
    shared.user.api_token = shared
    shared.creator_role = "owner"

    shared.user.refresh_from_db()

    assert not roles.reach(shared.user).personal


@pytest.mark.parametrize("personal", [True, False])
def test_people_of_the_platform_lend_a_key_nothing(settings, two_tenants, personal):
    settings.STAFF_REQUIRE_OTP = False
    superuser = UserFactory(superuser=True, organizer=True)
    membership = MembershipFactory(user=superuser, role="owner")
    organization = None if personal else membership.organization
    token = ApiTokenFactory(user=superuser, organization=organization)
    superuser.api_token = token

    assert titles(program(token).get(EVENTS)) == []
    assert program(token).get(f"{EVENTS}{two_tenants[0].uuid}/").status_code == 404
    assert not roles.is_platform_staff(superuser)
    assert roles.reach(superuser).everywhere == frozenset()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/users/me/",
        "/api/v1/users/me/registrations/",
        "/api/v1/users/me/certificates/",
        "/api/v1/users/me/credits/",
        "/api/v1/billing/subscription/",
    ],
)
def test_an_organizations_key_does_not_reach_its_creators_own(organizer, organization, path):
    scopes = ["profile:read", "registrations:read", "certificates:read", "credits:read"]
    scopes.append("billing:read")
    RegistrationFactory(user=organizer, email=organizer.email)
    shared = ApiTokenFactory(user=organizer, organization=organization, scopes=scopes)
    own = ApiTokenFactory(user=organizer, scopes=scopes)

    refused = program(shared).get(path)

    assert error(refused) == DENIED
    assert "creator's own" in refused.json()["error"]["message"]
    assert program(own).get(path).status_code == 200


def test_minutes_of_the_creators_own_place_stay_closed(organizer, organization):
    place = RegistrationFactory(user=organizer, email=organizer.email)
    path = f"/api/v1/registrations/{place.uuid}/session-attendance/"
    scopes = ["registrations:read"]
    shared = ApiTokenFactory(user=organizer, organization=organization, scopes=scopes)
    own = ApiTokenFactory(user=organizer, scopes=scopes)

    assert program(shared).get(path).status_code == 404
    assert program(own).get(path).status_code == 200


def test_organizations_are_read_by_their_own_key(shared, organization, organizer):
    MembershipFactory(user=organizer, organization=OrganizationFactory(), role="admin")
    own = ApiTokenFactory(user=organizer, scopes=["organizations:read"])

    seen = program(shared).get("/api/v1/organizations/").json()["results"]

    assert [row["uuid"] for row in seen] == [str(organization.uuid)]
    assert program(own).get("/api/v1/organizations/").json()["count"] == 0


def test_the_organizations_story(api_for, organizer, organization, two_tenants):
    ours, mine, theirs = two_tenants
    RegistrationFactory(event=ours)
    wishes = {"name": "Door list", "scopes": ["registrations:read"]}
    made = api_for(organizer).post(
        "/api/v1/api-tokens/", wishes | {"organization": str(organization.uuid)}
    )
    client = program(made.json()["token"])

    listed = client.get(registrations_of(ours))
    foreign = [client.get(registrations_of(event)).status_code for event in (theirs, mine)]
    created = client.post(registrations_of(ours), {"email": "x@example.org", "full_name": "X Y"})
    leave(organizer, organization)

    assert (listed.status_code, listed.json()["count"]) == (200, 1)
    assert foreign == [404, 404]
    assert error(created) == (403, "SCOPE_REQUIRED")
    assert error(client.get(registrations_of(ours))) == FAILED


def test_everybodys_pages_know_no_keys(organizer, shared):
    event = EventFactory(published=True, owner=organizer)
    path = f"/api/v1/public/events/{event.uuid}/"

    answers = [program(shown).get(path) for shown in (written(shared), "cpd_00000000_wrong")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert ApiToken.objects.get().last_used_at is None


def test_a_key_does_not_sign_its_creator_out(shared):
    response = program(shared).post("/api/v1/auth/logout/", {})

    assert error(response) == (401, "NOT_AUTHENTICATED")


def test_what_a_program_did_is_on_record(shared, two_tenants, organizer):
    path = f"{EVENTS}{two_tenants[0].uuid}/"

    program(shared).delete(path)

    entry = AuditEntry.objects.filter(actor_type="api_token").latest("id")
    assert (entry.actor_uuid, entry.payload["api_token"]) == (organizer.uuid, str(shared.uuid))


def test_use_is_noted_now_and_then(shared, time_machine):
    time_machine.move_to("2026-12-01T09:00:00Z", tick=False)
    client = program(shared)
    noted = []
    for minutes in (0, 9, 1):
        time_machine.shift(timedelta(minutes=minutes))
        client.get(EVENTS, REMOTE_ADDR="192.0.2.7")
        noted.append(ApiToken.objects.get().last_used_at.minute)

    assert noted == [0, 0, 10]
    assert ApiToken.objects.get().last_used_ip == "192.0.2.7"
    assert ApiToken.objects.get().updated_at == shared.updated_at


@pytest.mark.parametrize("count", [1, 3])
def test_recognising_a_key_takes_one_query(shared, organization, count, django_assert_num_queries):
    ApiToken.objects.update(last_used_at=timezone.now())
    EventFactory.create_batch(count, owner=shared.user, organization=organization)

    # the key with its creator, organization and role; then count and events
    with django_assert_num_queries(3):
        assert program(shared).get(EVENTS).json()["count"] == count


def test_a_key_has_a_counter_of_its_own(throttled, settings, organizer, api_for):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"user": "2/hour"}
    first, second = (ApiTokenFactory(user=organizer) for _ in range(2))

    spent = [program(first).get(EVENTS).status_code for _ in range(3)]

    assert spent == [200, 200, 429]
    assert program(second).get(EVENTS).status_code == 200
    assert api_for(organizer).get(EVENTS).status_code == 200


def test_wrong_keys_are_counted_by_address(throttled, settings, organizer):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"bad_token": "2/hour"}
    wrong = written(ApiTokenFactory(user=organizer), "W" * 43)

    answers = [program(wrong).get(EVENTS).status_code for _ in range(3)]

    assert answers == [401, 401, 429]


def test_repeated_requests_are_kept_apart_by_tenant(organizer, organization, shared):
    own = ApiTokenFactory(user=organizer)

    assert own.principal == f"user:{organizer.uuid}"
    assert shared.principal == f"user:{organizer.uuid}@{organization.uuid}"
    assert {own.counted_as, shared.counted_as} == {f"token:{own.uuid}", f"token:{shared.uuid}"}
