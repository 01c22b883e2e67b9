"""Keys for programs: made, shown once, renewed, renamed, revoked."""

from datetime import timedelta
from unittest import mock

import pytest
from django.core import mail
from django.utils import timezone

from accounts import api_tokens, token_scopes
from accounts.exceptions import EmailNotVerified
from accounts.models import ApiToken, UserSession
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import PASSWORD, MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.api_tokens import ApiTokenFactory, program, written

URL = "/api/v1/api-tokens/"
BODY = {"name": "Reports", "scopes": ["events:write", "events:read"]}


def one(token):
    return f"{URL}{token.uuid}/"


def make_stale(user):
    UserSession.objects.filter(user=user).update(
        authenticated_at=timezone.now() - timedelta(minutes=11)
    )


def error(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def admin(organization):
    user = UserFactory(full_name="Anna Admin", email="admin@example.org")
    MembershipFactory(organization=organization, user=user, role="admin")
    return user


def test_a_new_key_is_shown_once(api_for, organizer, time_machine):
    time_machine.move_to("2027-03-01T09:00:00Z", tick=False)
    api = api_for(organizer)

    made = api.post(URL, {**BODY, "expires_in_days": 30})

    token = ApiToken.objects.get()
    body = made.json()
    secret = body.pop("token")
    assert made.status_code == 201
    assert secret.startswith(f"cpd_{token.prefix}_")
    assert made["Location"] == f"http://testserver{one(token)}"
    assert made["Cache-Control"] == "no-store"
    assert body == {
        "uuid": str(token.uuid),
        "name": "Reports",
        "prefix": token.prefix,
        "scopes": ["events:read", "events:write"],
        "organization": None,
        "created_by": {
            "uuid": str(organizer.uuid),
            "full_name": "Olga Organizer",
            "email": "organizer@example.org",
        },
        "expires_at": "2027-03-31T09:00:00Z",
        "last_used_at": None,
        "last_used_ip": None,
        "created_at": "2027-03-01T09:00:00Z",
        "updated_at": "2027-03-01T09:00:00Z",
    }
    assert api.get(one(token)).json() == body
    assert secret.rpartition("_")[2] not in {token.digest, token.previous_digest}
    assert program(secret).get("/api/v1/events/").status_code == 200


def test_a_key_lasts_ninety_days_unless_told(api_for, organizer):
    api_for(organizer).post(URL, BODY)

    left = ApiToken.objects.get().expires_at - timezone.now()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)


def test_making_and_renewing_is_mailed_and_kept_on_record(api_for, organizer, organization):
    api = api_for(organizer)
    made = api.post(URL, {**BODY, "organization": str(organization.uuid)})
    renewed = api.post(f"{URL}{made.json()['uuid']}/rotate/", {"overlap_hours": 2})

    token = ApiToken.objects.get()
    mails = OutgoingEmail.objects.filter(kind="api_token_created").order_by("id")
    entries = AuditEntry.objects.filter(action__startswith="api_token.").order_by("id")
    assert [(row.to_email, row.category, row.subject) for row in mails] == [
        (organizer.email, "security", "An API token was created for your account"),
        (organizer.email, "security", "An API token of your account was renewed"),
    ]
    assert "Provider Ltd" in mails[0].text
    assert "events:read, events:write" in mails[0].text
    assert made.json()["token"] not in mails[0].text
    assert [(entry.action, entry.actor_uuid, entry.target_uuid) for entry in entries] == [
        ("api_token.created", organizer.uuid, token.uuid),
        ("api_token.rotated", organizer.uuid, token.uuid),
    ]
    assert {entry.organization_uuid for entry in entries} == {organization.uuid}
    assert renewed.json()["token"] not in str([entry.payload for entry in entries])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["events:read"]}, "name"),
        ({"name": "x" * 101, "scopes": ["events:read"]}, "name"),
        ({"name": "two\nlines", "scopes": ["events:read"]}, "name"),
        ({"name": "Reports"}, "scopes"),
        ({"name": "Reports", "scopes": []}, "scopes"),
        ({"name": "Reports", "scopes": ["staff:read"]}, "scopes"),
        ({"name": "Reports", "scopes": ["billing:write"]}, "scopes"),
        ({"name": "Reports", "scopes": ["*"]}, "scopes"),
        ({**BODY, "expires_in_days": 0}, "expires_in_days"),
        ({**BODY, "expires_in_days": 366}, "expires_in_days"),
        ({**BODY, "organization": "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"}, "organization"),
    ],
)
def test_senseless_wishes_are_refused_by_field(api_for, organizer, body, field):
    response = api_for(organizer).post(URL, body)

    assert error(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == [field]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("scopes", "useless"),
    [
        (["webhooks:read"], "webhooks:read"),
        (["profile:read", "webhooks:write", "events:read"], "profile:read, webhooks:write"),
    ],
)
def test_an_organizations_key_gets_no_scope_that_opens_nothing(
    api_for, organizer, organization, scopes, useless
):
    api = api_for(organizer)

    refused = api.post(URL, {**BODY, "scopes": scopes, "organization": str(organization.uuid)})

    assert error(refused) == (400, "VALIDATION_ERROR")
    text = f"A token of an organization does not reach {useless}."
    assert refused.json()["error"]["details"] == {"scopes": [text]}
    assert not ApiToken.objects.exists()
    assert api.post(URL, {**BODY, "scopes": scopes}).status_code == 201


def test_the_catalogue_of_scopes():
    assert sorted(token_scopes.SCOPES) == [
        "billing:read",
        "certificates:read",
        "certificates:write",
        "check_in:read",
        "check_in:write",
        "contacts:read",
        "contacts:write",
        "credits:read",
        "credits:write",
        "events:read",
        "events:write",
        "learning:read",
        "learning:write",
        "organizations:read",
        "profile:read",
        "recordings:read",
        "recordings:write",
        "registrations:read",
        "registrations:write",
        "webhooks:read",
        "webhooks:write",
    ]


@pytest.mark.parametrize(
    ("held", "amounts_to"),
    [
        (["events:read"], {"events:read"}),
        (["events:write"], {"events:read", "events:write"}),
        (["check_in:write", "billing:read"], {"check_in:read", "check_in:write", "billing:read"}),
    ],
)
def test_who_may_write_may_read(held, amounts_to):
    assert token_scopes.granted(held) == amounts_to


def test_an_unproven_address_gets_no_key(api_for, db):
    user = UserFactory(unverified=True)

    assert error(api_for(user).post(URL, BODY)) == (403, "EMAIL_NOT_VERIFIED")
    with pytest.raises(EmailNotVerified):
        api_tokens.create(by=user, name="x", scopes=["events:read"], expires_in_days=1)
    assert not ApiToken.objects.exists()


def test_making_wants_a_fresh_proof(api_for, organizer):
    api = api_for(organizer)
    make_stale(organizer)

    refused = api.post(URL, {**BODY, "password": "not it"})
    proven = api.post(URL, {**BODY, "password": PASSWORD})

    assert error(refused) == (403, "REAUTHENTICATION_REQUIRED")
    assert proven.status_code == 201
    assert ApiToken.objects.count() == 1


def test_guesses_at_the_password_are_counted(throttled, api_for, organizer):
    api = api_for(organizer)
    make_stale(organizer)

    answers = [api.post(URL, {**BODY, "password": "not it"}).status_code for _ in range(11)]

    assert answers == [403] * 10 + [429]
    assert api.post(URL, {**BODY, "password": PASSWORD}).status_code == 429
    assert not ApiToken.objects.exists()


def test_renewing_wants_a_fresh_proof(api_for, organizer):
    token = ApiTokenFactory(user=organizer)
    api = api_for(organizer)
    make_stale(organizer)

    refused = api.post(f"{one(token)}rotate/", {})
    proven = api.post(f"{one(token)}rotate/", {"password": PASSWORD})

    assert error(refused) == (403, "REAUTHENTICATION_REQUIRED")
    assert proven.status_code == 200


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 201), ("admin", 201), ("organizer", 403), ("instructor", 403), ("staff", 403)],
)
def test_who_makes_keys_of_an_organization(db, api_for, role, status):
    organization = OrganizationFactory()
    user = UserFactory()
    MembershipFactory(organization=organization, user=user, role=role)

    response = api_for(user).post(URL, {**BODY, "organization": str(organization.uuid)})

    assert response.status_code == status
    assert ApiToken.objects.filter(organization=organization).count() == (status == 201)


def test_no_superuser_makes_a_key_of_a_foreign_organization(api_for, organization):
    superuser = UserFactory(superuser=True)

    response = api_for(superuser).post(URL, {**BODY, "organization": str(organization.uuid)})

    assert error(response) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("count", [1, 3])
def test_list_shows_own_keys_and_those_one_keeps(
    api_for, admin, organizer, organization, colleague, count, django_assert_num_queries
):
    ApiTokenFactory.create_batch(count, user=admin)
    theirs = ApiTokenFactory(user=organizer, organization=organization, name="Shared")
    ApiTokenFactory(user=organizer)
    ApiTokenFactory(user=admin, revoked=True)
    ApiTokenFactory(user=colleague, organization=OrganizationFactory())
    api = api_for(admin)

    # session, memberships, count, rows
    with django_assert_num_queries(3):
        listed = api.get(URL).json()
    narrowed = api.get(URL, {"organization": str(organization.uuid)}).json()

    assert listed["count"] == count + 1
    assert [row["uuid"] for row in narrowed["results"]] == [str(theirs.uuid)]
    assert narrowed["results"][0]["organization"] == {
        "uuid": str(organization.uuid),
        "name": "Provider Ltd",
        "slug": "provider",
    }


@pytest.mark.parametrize("who", ["stranger", "colleague", "superuser"])
@pytest.mark.parametrize("method", ["get", "patch", "delete", "rotate"])
@pytest.mark.parametrize("shared", [True, False])
def test_keys_of_others_are_not_found(
    request, api_for, organizer, organization, who, method, shared
):
    user = UserFactory(superuser=True) if who == "superuser" else request.getfixturevalue(who)
    token = ApiTokenFactory(user=organizer, organization=organization if shared else None)
    api = api_for(user)
    calls = {
        "get": lambda: api.get(one(token)),
        "patch": lambda: api.patch(one(token), {"name": "Mine"}),
        "delete": lambda: api.delete(one(token)),
        "rotate": lambda: api.post(f"{one(token)}rotate/", {}),
    }

    assert error(calls[method]()) == (404, "NOT_FOUND")
    assert ApiToken.objects.filter(pk=token.pk, revoked_at=None, name=token.name).exists()


def test_a_head_renames_and_revokes_a_colleagues_key_but_gets_no_secret(
    api_for, admin, organizer, organization
):
    token = ApiTokenFactory(user=organizer, organization=organization)
    api = api_for(admin)

    assert api.patch(one(token), {"name": "Ours"}).json()["name"] == "Ours"
    assert error(api.post(f"{one(token)}rotate/", {})) == (403, "PERMISSION_DENIED")
    assert api.delete(one(token)).status_code == 204
    assert program(token).get("/api/v1/events/").status_code == 401


def test_only_the_name_can_be_changed(api_for, organizer, organization):
    token = ApiTokenFactory(user=organizer)
    wishes = {
        "name": "Renamed",
        "scopes": ["events:write"],
        "expires_at": "2099-01-01T00:00:00Z",
        "organization": str(organization.uuid),
        "prefix": "aaaaaaaa",
        "digest": "0" * 64,
    }
    before = ApiToken.objects.values().get()

    response = api_for(organizer).patch(one(token), wishes)

    after = ApiToken.objects.values().get()
    assert response.status_code == 200
    assert after == before | {"name": "Renamed", "updated_at": after["updated_at"]}


def test_an_empty_change_changes_nothing(api_for, organizer):
    token = ApiTokenFactory(user=organizer, name="As it was")

    assert api_for(organizer).patch(one(token), {}).json()["name"] == "As it was"
    assert not AuditEntry.objects.filter(action="api_token.renamed").exists()


def test_a_change_in_between_is_noticed(api_for, organizer):
    token = ApiTokenFactory(user=organizer)
    api = api_for(organizer)
    tag = api.get(one(token))["ETag"]

    first = api.patch(one(token), {"name": "First"}, headers={"If-Match": tag})
    second = api.post(f"{one(token)}rotate/", {}, headers={"If-Match": tag})

    assert (first.status_code, error(second)) == (200, (412, "PRECONDITION_FAILED"))


def test_revoking_ends_the_key_at_once(api_for, organizer):
    token = ApiTokenFactory(user=organizer)
    api = api_for(organizer)
    assert program(token).get("/api/v1/events/").status_code == 200

    assert api.delete(one(token)).status_code == 204

    assert error(program(token).get("/api/v1/events/")) == (401, "AUTHENTICATION_FAILED")
    assert api.get(one(token)).status_code == 404
    assert api.get(URL).json()["count"] == 0


def test_revoking_twice_leaves_the_first_time(organizer):
    token = ApiTokenFactory(user=organizer)
    api_tokens.revoke(token, by=organizer)
    first = ApiToken.objects.get().revoked_at

    api_tokens.revoke(token, by=organizer)

    assert ApiToken.objects.get().revoked_at == first
    assert AuditEntry.objects.filter(action="api_token.revoked").count() == 1


def test_renewing_ends_the_old_secret(api_for, organizer):
    token = ApiTokenFactory(user=organizer)

    renewed = api_for(organizer).post(f"{one(token)}rotate/", {})

    assert renewed.json()["prefix"] == token.prefix
    assert program(token).get("/api/v1/events/").status_code == 401
    assert program(renewed.json()["token"]).get("/api/v1/events/").status_code == 200


@pytest.mark.parametrize(("minutes", "status"), [(119, 200), (121, 401)])
def test_the_old_secret_may_overlap(api_for, organizer, time_machine, minutes, status):
    time_machine.move_to("2027-03-01T09:00:00Z", tick=False)
    token = ApiTokenFactory(user=organizer)
    renewed = api_for(organizer).post(f"{one(token)}rotate/", {"overlap_hours": 2})

    time_machine.shift(timedelta(minutes=minutes))

    assert program(token).get("/api/v1/events/").status_code == status
    assert program(renewed.json()["token"]).get("/api/v1/events/").status_code == 200


def test_the_last_but_one_secret_is_dead(api_for, organizer):
    token = ApiTokenFactory(user=organizer)
    api = api_for(organizer)
    second = api.post(f"{one(token)}rotate/", {"overlap_hours": 24}).json()["token"]

    third = api.post(f"{one(token)}rotate/", {"overlap_hours": 24}).json()["token"]

    answers = [
        program(secret).get("/api/v1/events/").status_code
        for secret in (written(token), second, third)
    ]
    assert answers == [401, 200, 200]


@pytest.mark.parametrize("hours", [-1, 25, "soon"])
def test_the_overlap_has_its_bounds(api_for, organizer, hours):
    token = ApiTokenFactory(user=organizer)

    response = api_for(organizer).post(f"{one(token)}rotate/", {"overlap_hours": hours})

    assert list(response.json()["error"]["details"]) == ["overlap_hours"]
    assert program(token).get("/api/v1/events/").status_code == 200


def test_an_expired_key_is_not_renewed(api_for, organizer):
    token = ApiTokenFactory(user=organizer, expired=True)

    assert error(api_for(organizer).post(f"{one(token)}rotate/", {})) == (409, "CONFLICT")


def test_twenty_keys_are_enough(api_for, organizer, organization):
    ApiTokenFactory.create_batch(20, user=organizer)
    ApiTokenFactory(user=organizer, expired=True)
    api = api_for(organizer)

    refused = api.post(URL, BODY)
    shared = api.post(URL, {**BODY, "organization": str(organization.uuid)})
    api.delete(one(ApiToken.objects.filter(organization=None).first()))

    assert error(refused) == (422, "TOKEN_LIMIT_REACHED")
    assert refused.json()["error"]["details"] == {"limit": 20}
    assert shared.status_code == 201
    assert api.post(URL, BODY).status_code == 201


def test_the_limit_of_an_organization_counts_everybodys(api_for, admin, organizer, organization):
    ApiTokenFactory.create_batch(20, user=organizer, organization=organization)

    refused = api_for(admin).post(URL, {**BODY, "organization": str(organization.uuid)})

    assert error(refused) == (422, "TOKEN_LIMIT_REACHED")


def test_a_failing_mail_leaves_no_key(organizer, api_for, monkeypatch):
    api = api_for(organizer)
    organizer.session = UserSession.objects.get()
    failing = mock.Mock(side_effect=RuntimeError("no paper"))
    monkeypatch.setattr("accounts.api_token_emails.api_token_created", failing)

    with pytest.raises(RuntimeError, match="no paper"):
        api_tokens.create(by=organizer, name="x", scopes=["events:read"], expires_in_days=1)

    assert not ApiToken.objects.exists()
    assert not AuditEntry.objects.filter(action="api_token.created").exists()
    assert api.get(URL).json()["count"] == 0


def test_a_key_with_a_secret_is_never_replayed(api_for, organizer):
    api = api_for(organizer)

    answers = [
        api.post(URL, BODY, headers={"Idempotency-Key": "0123456789abcdef"}).json()["token"]
        for _ in range(2)
    ]

    assert len(set(answers)) == 2


def test_a_new_password_names_the_keys_that_still_act(
    mailed, committed, anonymous, organizer, organization
):
    ApiTokenFactory(user=organizer, name="Warehouse")
    ApiTokenFactory(user=organizer, organization=organization, name="Door list")
    ApiTokenFactory(user=organizer, name="Old one", expired=True)
    ApiTokenFactory(user=organizer, name="Gone", revoked=True)
    ApiTokenFactory(name="Somebody else's")
    committed(lambda: anonymous.post("/api/v1/auth/password-reset/", {"email": organizer.email}))
    chosen = {"new_password": "Another-Horse-8-Battery"}
    body = {
        "token": mailed("password_reset", organizer.email),
        **chosen,
        "new_password_confirm": chosen["new_password"],
    }

    answer = committed(lambda: anonymous.post("/api/v1/auth/password-reset/confirm/", body))

    told = mail.outbox[-1].body
    assert answer.status_code == 200
    assert [name in told for name in ("Warehouse", "Door list")] == [True, True]
    assert [name in told for name in ("Old one", "Gone", "Somebody")] == [False, False, False]


def test_a_new_password_without_keys_speaks_of_none(api_for, attendee):
    api_for(attendee).post(
        "/api/v1/auth/password-change/",
        {
            "current_password": PASSWORD,
            "new_password": "Another-Horse-8-Battery",
            "new_password_confirm": "Another-Horse-8-Battery",
        },
    )

    assert "API token" not in OutgoingEmail.objects.get(kind="password_changed").text


def test_a_key_is_told_apart_by_name_and_prefix():
    assert str(ApiToken(name="Door list", prefix="abcdefgh")) == "Door list (abcdefgh)"
