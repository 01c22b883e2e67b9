"""Accounts under the eyes of the people who run the platform."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import RecoveryCode, TotpDevice, UserSession
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import (
    PASSWORD,
    AccountTokenFactory,
    MembershipFactory,
    UserFactory,
    UserSessionFactory,
)
from tests.factories.api_tokens import ApiTokenFactory, program
from tests.factories.second_factor import RecoveryCodeFactory, TotpDeviceFactory

USERS = "/api/v1/staff/users/"
REASON = {"reason": "The holder asked by phone."}
ACTIONS = (
    "deactivate",
    "reactivate",
    "terminate-sessions",
    "send-password-reset",
    "disable-two-factor",
)
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_for, staff_member):
    return api_for(staff_member)


def at(user, action=""):
    return f"{USERS}{user.uuid}/{action}/" if action else f"{USERS}{user.uuid}/"


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def entry(action):
    found = AuditEntry.objects.get(action=action)
    return found.actor_type, found.actor_uuid, found.owner_uuid, found.payload.get("reason")


def test_an_account_is_shown_with_what_help_needs(api, attendee, organization):
    MembershipFactory(organization=organization, user=attendee, role="instructor")
    MembershipFactory(user=attendee, ended=True)
    TotpDeviceFactory(user=attendee)
    UserSessionFactory.create_batch(2, user=attendee)
    UserSessionFactory(user=attendee, ended=True)
    UserSessionFactory(user=attendee, expires_at=timezone.now() - timedelta(minutes=1))

    shown = api.get(at(attendee)).json()

    assert shown["email"] == "attendee@example.org"
    assert (shown["is_active"], shown["is_staff"], shown["last_active_at"]) == (True, False, None)
    assert (shown["sessions_count"], shown["two_factor_enabled"]) == (2, True)
    assert shown["organizations"] == [
        {
            "uuid": str(organization.uuid),
            "name": "Provider Ltd",
            "slug": "provider",
            "role": "instructor",
        }
    ]
    assert not {"password", "secret", "id"} & set(shown)


def test_an_unconfirmed_generator_is_no_second_factor(api, attendee):
    TotpDeviceFactory(user=attendee, confirmed_at=None)

    assert api.get(at(attendee)).json()["two_factor_enabled"] is False


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=ada", {"attendee@example.org"}),
        ("search=ATTENDEE@EXAMPLE", {"attendee@example.org"}),
        ("account_type=organizer", {"organizer@example.org"}),
        ("is_active=false", {"gone@example.org"}),
        ("email_verified=false", {"new@example.org"}),
    ],
)
def test_accounts_are_found(api, attendee, organizer, query, expected):
    UserFactory(email="gone@example.org", is_active=False)
    UserFactory(email="new@example.org", unverified=True)
    UserFactory(email="erased@example.org", unverified=True, deleted_at=NOON)

    shown = api.get(f"{USERS}?{query}").json()["results"]

    assert {each["email"] for each in shown} == expected


def test_the_erased_are_not_there(api):
    erased = UserFactory(is_active=False, deleted_at=NOON)

    assert code_of(api.get(at(erased))) == (404, "NOT_FOUND")
    assert code_of(api.post(at(erased, "reactivate"), REASON)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("count", [1, 3])
def test_staff_user_list_query_count(api, organization, count, django_assert_num_queries):
    for user in UserFactory.create_batch(count):
        MembershipFactory(organization=organization, user=user)
        TotpDeviceFactory(user=user)

    # The session, the count, the accounts, their organizations, the entry about the access.
    with django_assert_num_queries(5):
        answer = api.get(f"{USERS}?account_type=attendee")

    assert answer.json()["count"] == count + 1


@pytest.mark.parametrize("path", ["", *ACTIONS])
@pytest.mark.parametrize(
    ("role", "status"), [("anonymous", 401), ("organizer", 403), ("attendee", 403)]
)
def test_only_platform_staff(request, api_for, attendee, path, role, status):
    who = request.getfixturevalue(role)
    client = who if isinstance(who, APIClient) else api_for(who)

    answer = client.post(at(attendee, path), REASON) if path else client.get(USERS)

    assert answer.status_code == status
    attendee.refresh_from_db()
    assert attendee.is_active is True


@pytest.mark.parametrize("path", ["", *ACTIONS])
def test_staff_need_their_second_factor_where_required(settings, api, attendee, path):
    settings.STAFF_REQUIRE_OTP = True

    answer = api.post(at(attendee, path), REASON) if path else api.get(USERS)

    assert code_of(answer) == (403, "SECOND_FACTOR_REQUIRED")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("whose", ["own", "superuser"])
def test_neither_oneself_nor_a_superuser(api, staff_member, action, whose):
    user = staff_member if whose == "own" else UserFactory(superuser=True)

    assert code_of(api.post(at(user, action), REASON)) == (403, "PERMISSION_DENIED")
    user.refresh_from_db()
    assert user.is_active is True
    assert not OutgoingEmail.objects.exists()


@pytest.mark.parametrize("action", [each for each in ACTIONS if each != "send-password-reset"])
def test_a_reason_is_required(api, attendee, action):
    answer = api.post(at(attendee, action), {})

    assert answer.json()["error"]["details"] == {"reason": ["This field is required."]}


@pytest.mark.parametrize(
    ("action", "is_active", "code"),
    [
        ("deactivate", False, "ALREADY_DEACTIVATED"),
        ("reactivate", True, "NOT_DEACTIVATED"),
        ("terminate-sessions", True, "NO_ACTIVE_SESSIONS"),
        ("disable-two-factor", True, "TWO_FACTOR_NOT_ENABLED"),
        ("send-password-reset", False, "ALREADY_DEACTIVATED"),
    ],
)
def test_what_changes_nothing_is_refused(api, action, is_active, code):
    user = UserFactory(is_active=is_active)

    assert code_of(api.post(at(user, action), REASON)) == (409, code)
    assert not AuditEntry.objects.filter(owner_uuid=user.uuid).exists()


def test_deactivating_shuts_the_account(api, api_for, attendee, staff_member):
    theirs = api_for(attendee)
    proof = AccountTokenFactory(user=attendee, purpose="reset_password")

    answer = api.post(at(attendee, "deactivate"), REASON)

    proof.refresh_from_db()
    session = UserSession.objects.get(user=attendee)
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert answer.json()["sessions_count"] == 0
    assert (session.end_reason, proof.used_at is None) == ("deactivated", False)
    assert theirs.get("/api/v1/users/me/").status_code == 401
    credentials = {"email": attendee.email, "password": PASSWORD}
    assert code_of(APIClient().post("/api/v1/auth/token/", credentials)) == (
        401,
        "AUTHENTICATION_FAILED",
    )
    assert entry("user.deactivated") == (
        "staff",
        staff_member.uuid,
        attendee.uuid,
        REASON["reason"],
    )


def test_the_keys_of_a_deactivated_account_stop(api, attendee):
    keyed = program(ApiTokenFactory(user=attendee, scopes=["profile:read"]))
    before = keyed.get("/api/v1/users/me/").status_code

    api.post(at(attendee, "deactivate"), REASON)

    assert (before, keyed.get("/api/v1/users/me/").status_code) == (200, 401)


def test_reactivating_lets_them_in_again_but_no_old_session(api, api_for, attendee):
    theirs = api_for(attendee)
    api.post(at(attendee, "deactivate"), REASON)

    answer = api.post(at(attendee, "reactivate"), REASON)

    assert (answer.status_code, answer.json()["is_active"]) == (200, True)
    assert theirs.get("/api/v1/users/me/").status_code == 401
    assert api_for(attendee).get("/api/v1/users/me/").status_code == 200


def test_sessions_are_terminated(api, api_for, attendee):
    theirs = api_for(attendee)

    answer = api.post(at(attendee, "terminate-sessions"), REASON)

    assert (answer.status_code, answer.json()["sessions_count"]) == (200, 0)
    assert UserSession.objects.get(user=attendee).end_reason == "staff"
    assert theirs.get("/api/v1/users/me/").status_code == 401
    assert entry("user.sessions_terminated")[0] == "staff"


def test_the_second_factor_is_switched_off(api, attendee, staff_member):
    TotpDeviceFactory(user=attendee)
    RecoveryCodeFactory(user=attendee)

    answer = api.post(at(attendee, "disable-two-factor"), REASON)

    assert (answer.status_code, answer.json()["two_factor_enabled"]) == (200, False)
    assert (TotpDevice.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert OutgoingEmail.objects.get().kind == "two_factor_disabled"
    assert entry("second_factor.disabled") == (
        "staff",
        staff_member.uuid,
        attendee.uuid,
        REASON["reason"],
    )


def test_a_password_reset_is_mailed(api, attendee):
    with time_machine.travel(timezone.now() + timedelta(seconds=1)):
        answer = api.post(at(attendee, "send-password-reset"))

    assert answer.status_code == 200
    assert OutgoingEmail.objects.values_list("kind", "to_email").get() == (
        "password_reset",
        attendee.email,
    )
    assert entry("user.password_reset_sent")[0] == "staff"


def test_nothing_remains_of_an_action_that_breaks_off(api, attendee, monkeypatch):
    UserSessionFactory(user=attendee)
    monkeypatch.setattr("accounts.supervision.proofs.void_all", lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        api.post(at(attendee, "deactivate"), REASON)

    attendee.refresh_from_db()
    assert attendee.is_active is True
    assert UserSession.objects.get(user=attendee).ended_at is None
