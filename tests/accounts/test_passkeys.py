"""Passkeys: making one, signing in with it, and everything that is not quite one."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.utils import timezone
from fido2.utils import websafe_decode
from rest_framework.test import APIClient

from accounts import passkeys
from accounts.models import Passkey, SignInChallenge, UserSession
from common.exceptions import DomainError
from common.models import AuditEntry
from tests.accounts.authenticators import Authenticator
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factor import PasskeyFactory, TotpDeviceFactory

MINE = "/api/v1/users/me/passkeys/"
OPTIONS = "/api/v1/auth/passkey/options/"
SIGN_IN = "/api/v1/auth/passkey/"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def api(noon, api_for, attendee):
    return api_for(attendee)


@pytest.fixture
def phone():
    return Authenticator()


@pytest.fixture
def added(api, phone):
    """The attendee's passkey on that phone."""
    response = add(api, phone)
    assert response.status_code == 201, response.content
    return Passkey.objects.get()


def add(api, device, name="My phone", **bends):
    credential = device.make(api.post(MINE).json(), **bends)
    return api.post(MINE, {"credential": credential, "name": name}, format="json")


def options():
    return APIClient().post(OPTIONS).json()


def present(credential):
    return APIClient().post(SIGN_IN, {"credential": credential}, format="json")


def sign_in(device, **bends):
    return present(device.sign(options(), **bends))


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


REJECTED = (400, "PASSKEY_REJECTED")


def reasons():
    rejected = AuditEntry.objects.filter(action="passkey.rejected").order_by("id")
    return [entry.payload["reason"] for entry in rejected]


def test_the_options_ask_for_a_verified_resident_key(api, attendee, noon):
    PasskeyFactory(user=attendee, credential_id=b"known")

    answer = api.post(MINE)

    wanted = answer.json()["publicKey"]
    assert answer.status_code == 200
    assert wanted["rp"] == {"id": "localhost", "name": "CPD Events"}
    assert websafe_decode(wanted["user"]["id"]) == attendee.uuid.bytes
    assert wanted["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert [websafe_decode(each["id"]) for each in wanted["excludeCredentials"]] == [b"known"]
    assert (wanted["attestation"], wanted["timeout"]) == ("none", 300_000)
    assert len(websafe_decode(wanted["challenge"])) == 32
    assert SignInChallenge.objects.get().expires_at == NOON + timedelta(minutes=5)


def test_a_passkey_is_added_and_listed(api, phone, attendee):
    answer = add(api, phone)

    row = Passkey.objects.get()
    shown = {
        "uuid": str(row.uuid),
        "name": "My phone",
        "created_at": "2026-05-04T12:00:00Z",
        "last_used_at": None,
    }
    assert (answer.status_code, answer.json()) == (201, shown)
    assert (row.user, bytes(row.credential_id)) == (attendee, phone.credential_id)
    assert (row.transports, row.is_backed_up) == (["internal"], False)
    assert api.get(MINE).json()["results"] == [shown]
    assert AuditEntry.objects.filter(action="passkey.added", target_uuid=row.uuid).exists()


def test_signing_in_needs_neither_password_nor_code(added, phone, attendee, noon):
    TotpDeviceFactory(user=attendee)

    answer = sign_in(phone)

    session = UserSession.objects.latest("id")
    added.refresh_from_db()
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "user"}
    assert answer.json()["user"]["email"] == attendee.email
    assert (session.user, session.auth_method, session.second_factor) == (attendee, "passkey", True)
    assert (added.sign_count, added.last_used_at) == (1, NOON)


def test_the_options_of_signing_in_name_nobody(added, noon):
    wanted = options()["publicKey"]

    assert set(wanted) == {"challenge", "timeout", "rpId", "userVerification"}
    assert (wanted["rpId"], wanted["userVerification"]) == ("localhost", "required")


SIGN_IN_BENDS = {
    "foreign origin": {"origin": "https://evil.example"},
    "origin with another port": {"origin": "http://localhost:3001"},
    "within a foreign page": {"crossed": True},
    "another relying party": {"rp": "evil.example"},
    "unverified": {"verified": False},
    "unknown challenge": {"challenge": b"x" * 32},
    "another ceremony": {"kind": "webauthn.create"},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "unknown credential": {"raw_id": b"nobody's"},
    "somebody else's handle": {"user_handle": b"0" * 16},
}


@pytest.mark.parametrize("bends", SIGN_IN_BENDS.values(), ids=SIGN_IN_BENDS.keys())
def test_a_bent_assertion_is_rejected_and_noted(added, phone, bends):
    before = UserSession.objects.count()

    answer = sign_in(phone, **bends)

    added.refresh_from_db()
    assert code_of(answer) == REJECTED
    assert UserSession.objects.count() == before
    assert (added.sign_count, added.last_used_at) == (0, None)
    assert len(reasons()) == 1
    assert sign_in(phone).status_code == 200


def test_the_entry_names_the_owner_and_the_reason(added, phone, attendee):
    sign_in(phone, origin="https://evil.example")

    entry = AuditEntry.objects.get(action="passkey.rejected")
    assert (entry.owner_uuid, entry.payload["reason"]) == (
        attendee.uuid,
        "Invalid origin in CollectedClientData.",
    )


def test_a_counter_that_goes_back_is_rejected(added, phone):
    assert sign_in(phone, counter=7).status_code == 200

    answers = [code_of(sign_in(phone, counter=counter)) for counter in (7, 6, 0)]

    assert answers == [REJECTED] * 3
    assert reasons() == ["The counter of signatures went back."] * 3
    assert sign_in(phone, counter=8).status_code == 200


def test_a_key_that_does_not_count_signs_in_again_and_again(added, phone):
    assert [sign_in(phone, counter=0).status_code for _ in range(2)] == [200, 200]


def test_a_challenge_is_good_once_also_when_the_first_answer_was_wrong(added, phone):
    first, second = options(), options()
    present(phone.sign(first))
    present(phone.sign(second, origin="https://evil.example"))

    assert code_of(present(phone.sign(first))) == REJECTED
    assert code_of(present(phone.sign(second))) == REJECTED
    assert reasons()[-1] == "NoOpenChallenge"


def test_a_challenge_lives_five_minutes(added, phone, noon):
    wanted = options()
    noon.shift(timedelta(minutes=5))

    assert code_of(present(phone.sign(wanted))) == REJECTED
    assert reasons() == ["ChallengeExpired"]


def test_a_challenge_for_making_does_not_sign_in(added, api, phone):
    wanted = api.post(MINE).json()["publicKey"]

    answer = present(phone.sign({"publicKey": {**wanted, "rpId": wanted["rp"]["id"]}}))

    assert code_of(answer) == REJECTED


@pytest.mark.parametrize("changes", [{"is_active": False}, {"deleted_at": NOON}])
def test_ended_accounts_are_not_entered(added, phone, attendee, changes):
    type(attendee).all_objects.filter(pk=attendee.pk).update(**changes)

    assert code_of(sign_in(phone)) == REJECTED


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"rawId": 7},
        {"rawId": "é"},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": []},
        {"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "AA"}},
        {"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "W10", "signature": ""}},
    ],
)
def test_nonsense_is_rejected(credential):
    assert code_of(present(credential)) == REJECTED


@pytest.mark.parametrize("body", [{}, {"credential": "x"}, {"credential": [1]}])
def test_a_body_without_a_credential_is_invalid(body):
    answer = APIClient().post(SIGN_IN, body, format="json")

    assert code_of(answer) == (400, "VALIDATION_ERROR")


CREATE_BENDS = {
    "foreign origin": {"origin": "https://evil.example"},
    "within a foreign page": {"crossed": True},
    "another relying party": {"rp": "evil.example"},
    "unverified": {"verified": False},
    "unknown challenge": {"challenge": b"x" * 32},
    "another ceremony": {"kind": "webauthn.get"},
    "another credential": {"raw_id": b"another"},
    "an algorithm nobody knows": {"public_key": {1: 2, 3: -99999}},
}


@pytest.mark.parametrize("bends", CREATE_BENDS.values(), ids=CREATE_BENDS.keys())
def test_a_bent_credential_is_not_kept(api, phone, bends):
    answer = add(api, phone, **bends)

    assert code_of(answer) == REJECTED
    assert not Passkey.objects.exists()
    assert len(reasons()) == 1


def test_a_credential_is_kept_once(added, api, phone, api_for, stranger):
    assert code_of(add(api, phone)) == REJECTED
    assert code_of(add(api_for(stranger), phone)) == REJECTED
    assert Passkey.objects.count() == 1


def test_options_of_somebody_else_or_of_another_session_make_nothing(api, api_for, phone, attendee):
    stranger = api_for(UserFactory())
    for other in (stranger, api_for(attendee)):
        credential = phone.make(api.post(MINE).json())

        answer = other.post(MINE, {"credential": credential}, format="json")

        assert code_of(answer) == REJECTED
    assert not Passkey.objects.exists()


def test_ten_passkeys_are_enough(api, phone, attendee):
    wanted = api.post(MINE).json()
    PasskeyFactory.create_batch(10, user=attendee)

    begun = api.post(MINE)
    ended = api.post(MINE, {"credential": phone.make(wanted)}, format="json")

    assert [code_of(answer) for answer in (begun, ended)] == [(422, "PASSKEY_LIMIT_REACHED")] * 2
    assert Passkey.objects.count() == 10


def test_a_passkey_is_renamed(added, api):
    answer = api.patch(f"{MINE}{added.uuid}/", {"name": "Tablet", "sign_count": 9})

    added.refresh_from_db()
    assert (answer.status_code, answer.json()["name"]) == (200, "Tablet")
    assert "password" not in answer.json()
    assert (added.name, added.sign_count) == ("Tablet", 0)


def test_a_passkey_is_removed(added, api, phone):
    assert api.delete(f"{MINE}{added.uuid}/").status_code == 204
    assert code_of(sign_in(phone)) == REJECTED
    assert AuditEntry.objects.filter(action="passkey.removed").exists()


def test_the_last_way_to_sign_in_stays(added, api, attendee):
    attendee.set_unusable_password()
    attendee.save()

    assert code_of(api.delete(f"{MINE}{added.uuid}/")) == (409, "LAST_SIGN_IN_METHOD")
    PasskeyFactory(user=attendee)
    assert api.delete(f"{MINE}{added.uuid}/").status_code == 204


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_every_change_wants_a_fresh_proof(added, api, noon, method):
    noon.shift(timedelta(minutes=11))
    path = MINE if method == "post" else f"{MINE}{added.uuid}/"

    refused = getattr(api, method)(path, {"name": "x", "password": "wrong"})
    done = getattr(api, method)(path, {"name": "x", "password": PASSWORD})

    assert code_of(refused) == (403, "REAUTHENTICATION_REQUIRED")
    assert done.status_code == {"post": 200, "patch": 200, "delete": 204}[method]


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_somebody_elses_passkey_is_not_found(added, api_for, stranger, method):
    answer = getattr(api_for(stranger), method)(f"{MINE}{added.uuid}/", {"name": "x"})

    assert code_of(answer) == (404, "NOT_FOUND")
    assert Passkey.objects.get().name == "My phone"


@pytest.mark.parametrize("count", [1, 3])
def test_passkey_list_query_count(api, attendee, stranger, count, django_assert_num_queries):
    PasskeyFactory.create_batch(count, user=attendee)
    PasskeyFactory(user=stranger)

    with django_assert_num_queries(3):
        answer = api.get(MINE)

    assert answer.json()["count"] == count


@pytest.mark.parametrize(
    ("client", "own", "expected"),
    [
        ("http://localhost:3000", "http://localhost:8000", "localhost"),
        ("https://app.example.org", "https://api.example.org", "example.org"),
        ("https://example.org", "https://api.example.org", "example.org"),
        ("https://cpd.example.org", "https://cpd.example.org/", "cpd.example.org"),
        ("https://one.co.uk", "https://two.co.uk", "one.co.uk"),
        ("https://app.example", "https://api.test", "app.example"),
    ],
)
def test_the_relying_party_is_what_client_and_api_share(settings, client, own, expected):
    settings.FRONTEND_URL, settings.PUBLIC_BASE_URL = client, own

    assert passkeys.relying_party_id() == expected


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="on SQLite every transaction is serial")
@pytest.mark.parametrize("is_same", [True, False], ids=["same challenge", "same counter"])
def test_one_signature_signs_in_once_however_often_it_comes(api_for, attendee, is_same):
    phone, gate, outcomes, now = Authenticator(), threading.Barrier(6), [], timezone.now()
    add(api_for(attendee), phone)
    shared = options()
    credentials = [phone.sign(shared if is_same else options(), counter=5) for _ in range(6)]

    def enter(credential):
        gate.wait()
        try:
            outcomes.append(passkeys.recognise(credential, now=now).pk)
        except DomainError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=[each]) for each in credentials]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(outcomes) == {attendee.pk: 1, "PASSKEY_REJECTED": 5}


def test_nobody_plants_a_key_on_an_unproven_address(noon, api_for):
    unproven = UserFactory(email_verified=False, email_verified_at=None)

    response = api_for(unproven).post(MINE)

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "EMAIL_NOT_VERIFIED"
    assert not SignInChallenge.objects.exists()
