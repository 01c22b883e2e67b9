"""Second factor: setting it up, signing in with it, recovery codes, wrong and repeated codes."""

import base64
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import second_factor, sign_in
from accounts.models import RecoveryCode, SignInChallenge, TotpDevice, UserSession
from common.exceptions import DomainError
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factor import SECRET, TotpDeviceFactory, code_at

TOKEN = "/api/v1/auth/token/"
OTP = "/api/v1/auth/token/otp/"
REAUTHENTICATE = "/api/v1/auth/reauthenticate/"
FACTOR = "/api/v1/users/me/two-factor/"
CONFIRM = f"{FACTOR}confirm/"
DISABLE = f"{FACTOR}disable/"
CODES = f"{FACTOR}recovery-codes/"
NOON = datetime(2026, 5, 4, 12, 0, 5, tzinfo=UTC)
STEP = timedelta(seconds=30)
WRONG_ON_FIELD = {"otp": ["This code is not correct."]}
pytestmark = pytest.mark.django_db


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def device(noon, attendee):
    return TotpDeviceFactory(user=attendee)


@pytest.fixture
def api(noon, api_for, attendee):
    return api_for(attendee)


def challenge_of(user, password=PASSWORD):
    response = APIClient().post(TOKEN, {"email": user.email, "password": password})
    return response.json()["error"]["details"]["challenge"]


def answer(challenge, otp):
    return APIClient().post(OTP, {"challenge": challenge, "otp": otp})


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


def mails():
    return list(OutgoingEmail.objects.values_list("kind", flat=True))


def actions():
    return set(AuditEntry.objects.values_list("action", flat=True))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_vectors_of_rfc_6238_are_taken(attendee, seconds, code):
    TotpDeviceFactory(user=attendee)
    at = datetime.fromtimestamp(seconds, tz=UTC)

    assert second_factor.verify(attendee, code, now=at) is True
    assert TotpDevice.objects.get().last_used_step == seconds // 30


@pytest.mark.parametrize(
    ("offset", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_one_step_before_and_after_counts(device, attendee, offset, is_taken):
    typed = code_at(NOON + offset * STEP)

    assert second_factor.verify(attendee, f"{typed[:3]} {typed[3:]}", now=NOON) is is_taken


def test_no_step_counts_twice_nor_an_earlier_one(device, attendee):
    assert second_factor.verify(attendee, code_at(NOON), now=NOON) is True

    again = [second_factor.verify(attendee, code_at(at), now=NOON) for at in (NOON, NOON - STEP)]

    assert again == [False, False]
    assert second_factor.verify(attendee, code_at(NOON + STEP), now=NOON) is True


def test_setting_up_shows_a_secret_that_does_not_count_yet(api, attendee):
    response = api.post(FACTOR)

    shown = response.json()
    uri = urlsplit(shown["otpauth_uri"])
    assert response.status_code == 200
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/CPD Events:attendee@example.org"
    assert parse_qs(uri.query) == {
        "secret": [shown["secret"]],
        "issuer": ["CPD Events"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert len(base64.b32decode(shown["secret"])) == 20
    assert api.get(FACTOR).json() == {
        "enabled": False,
        "confirmed_at": None,
        "recovery_codes_left": 0,
    }
    assert second_factor.verify(attendee, code_at(NOON), now=NOON) is False


def test_the_secret_is_stored_encrypted(device):
    stored = TotpDevice.objects.values_list("secret", flat=True).get()

    assert stored.startswith("v1:")
    assert SECRET not in stored


def test_a_code_switches_it_on_and_shows_the_recovery_codes_once(api, attendee, settings):
    secret = api.post(FACTOR).json()["secret"]

    response = api.post(CONFIRM, {"otp": code_at(NOON, base64.b32decode(secret))})

    shown = response.json()["recovery_codes"]
    stored = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert response.status_code == 200
    assert (len(set(shown)), {len(code) for code in shown}) == (10, {12})
    assert not stored & set(shown)
    assert api.get(FACTOR).json() == {
        "enabled": True,
        "confirmed_at": "2026-05-04T12:00:05Z",
        "recovery_codes_left": 10,
    }
    assert UserSession.objects.get(user=attendee).second_factor is True
    assert (mails(), "second_factor.enabled" in actions()) == (["two_factor_enabled"], True)


def test_a_wrong_code_leaves_it_off(api):
    api.post(FACTOR)

    response = api.post(CONFIRM, {"otp": "000000"})

    assert code_of(response) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["details"] == WRONG_ON_FIELD
    assert api.get(FACTOR).json()["enabled"] is False
    assert (RecoveryCode.objects.count(), mails()) == (0, [])


def test_starting_again_replaces_the_secret(api):
    first = api.post(FACTOR).json()["secret"]
    second = api.post(FACTOR).json()["secret"]

    assert api.post(CONFIRM, {"otp": code_at(NOON, base64.b32decode(first))}).status_code == 400
    assert api.post(CONFIRM, {"otp": code_at(NOON, base64.b32decode(second))}).status_code == 200


@pytest.mark.parametrize(
    ("path", "is_on", "code"),
    [
        (FACTOR, True, "TWO_FACTOR_ENABLED"),
        (CONFIRM, True, "TWO_FACTOR_ENABLED"),
        (CONFIRM, False, "TWO_FACTOR_NOT_ENABLED"),
        (DISABLE, False, "TWO_FACTOR_NOT_ENABLED"),
        (CODES, False, "TWO_FACTOR_NOT_ENABLED"),
    ],
)
def test_what_its_state_does_not_allow_is_refused(api, attendee, path, is_on, code):
    if is_on:
        TotpDeviceFactory(user=attendee)

    assert code_of(api.post(path, {"otp": code_at(NOON)})) == (409, code)


@pytest.mark.parametrize("path", [FACTOR, CONFIRM, DISABLE, CODES])
def test_every_change_wants_a_fresh_proof(noon, api, device, path):
    noon.shift(timedelta(minutes=11))

    assert code_of(api.post(path, {"otp": "1"})) == (403, "REAUTHENTICATION_REQUIRED")
    assert code_of(api.post(path, {"otp": "1", "password": "wrong"})) == (
        403,
        "REAUTHENTICATION_REQUIRED",
    )
    proven = api.post(path, {"otp": "1", "password": PASSWORD})
    assert code_of(proven)[1] != "REAUTHENTICATION_REQUIRED"


@pytest.mark.parametrize("path", [FACTOR, CONFIRM, DISABLE, CODES])
def test_strangers_have_no_second_factor(anonymous, path):
    assert anonymous.post(path, {"otp": "1"}).status_code == 401


def test_switching_off_takes_everything_along(api, device, attendee):
    UserSession.objects.update(second_factor=True)
    api.post(CODES, {"otp": code_at(NOON)})

    response = api.post(DISABLE, {"otp": code_at(NOON + STEP)})

    assert response.status_code == 204
    assert not TotpDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert UserSession.objects.get().second_factor is False
    assert (mails(), "second_factor.disabled" in actions()) == (["two_factor_disabled"], True)
    assert APIClient().post(TOKEN, {"email": attendee.email, "password": PASSWORD}).status_code == (
        200
    )


def test_a_wrong_code_switches_nothing_off(api, device):
    response = api.post(DISABLE, {"otp": "000000"})

    assert response.json()["error"]["details"] == WRONG_ON_FIELD
    assert TotpDevice.objects.exists()


def test_new_recovery_codes_void_the_old_ones(api, device, attendee):
    old = api.post(CODES, {"otp": code_at(NOON)}).json()["recovery_codes"]
    new = api.post(CODES, {"otp": code_at(NOON + STEP)}).json()["recovery_codes"]

    assert second_factor.verify(attendee, old[0], now=NOON) is False
    assert second_factor.verify(attendee, new[0], now=NOON) is True


def test_signing_in_asks_for_the_code(device, attendee):
    refused = APIClient().post(TOKEN, {"email": attendee.email, "password": PASSWORD})
    challenge = refused.json()["error"]["details"]["challenge"]
    assert code_of(refused) == (401, "OTP_REQUIRED")
    assert not UserSession.objects.exists()

    response = answer(challenge, code_at(NOON))

    session = UserSession.objects.get()
    assert response.status_code == 200
    assert response.json()["user"]["email"] == attendee.email
    assert (session.second_factor, session.auth_method) == (True, "password")
    assert challenge not in set(SignInChallenge.objects.values_list("digest", flat=True))


def test_a_wrong_password_tells_nothing_of_the_factor(device, attendee):
    response = APIClient().post(TOKEN, {"email": attendee.email, "password": "Wrong-Pass-1"})

    assert code_of(response) == (401, "AUTHENTICATION_FAILED")
    assert not SignInChallenge.objects.exists()


def test_the_same_code_again_fails(device, attendee):
    answer(challenge_of(attendee), code_at(NOON))

    response = answer(challenge_of(attendee), code_at(NOON))

    assert code_of(response) == (401, "AUTHENTICATION_FAILED")
    assert "sign_in.failed" in actions()


def test_a_recovery_code_works_once_however_it_is_typed(api, device, attendee):
    code = api.post(CODES, {"otp": code_at(NOON)}).json()["recovery_codes"][0]
    typed = f"{code[:4]}-{code[4:8]} {code[8:]}".lower()

    taken = answer(challenge_of(attendee), typed)

    assert taken.status_code == 200
    assert code_of(answer(challenge_of(attendee), code)) == (401, "AUTHENTICATION_FAILED")
    assert api.get(FACTOR).json()["recovery_codes_left"] == 9
    assert (mails(), "second_factor.recovery_code_used" in actions()) == (
        ["recovery_code_used"],
        True,
    )


def test_recovery_codes_outlive_a_change_of_the_key(api, device, attendee, settings):
    code = api.post(CODES, {"otp": code_at(NOON)}).json()["recovery_codes"][0]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "y" * 50, [settings.SECRET_KEY]

    assert second_factor.verify(attendee, code, now=NOON) is True


def test_somebody_elses_recovery_code_is_worth_nothing(api, device, attendee, stranger):
    code = api.post(CODES, {"otp": code_at(NOON)}).json()["recovery_codes"][0]
    TotpDeviceFactory(user=stranger)

    assert second_factor.verify(stranger, code, now=NOON) is False


def test_a_challenge_is_used_once(device, attendee):
    challenge = challenge_of(attendee)
    answer(challenge, code_at(NOON))

    assert code_of(answer(challenge, code_at(NOON + STEP))) == (400, "INVALID_TOKEN")


def test_the_sixth_try_is_refused_even_with_the_right_code(device, attendee):
    challenge = challenge_of(attendee)
    tries = Counter(code_of(answer(challenge, "000000")) for _ in range(5))

    response = answer(challenge, code_at(NOON))

    assert tries == {(401, "AUTHENTICATION_FAILED"): 5}
    assert code_of(response) == (400, "INVALID_TOKEN")
    assert TotpDevice.objects.get().last_used_step == 0


def test_a_challenge_lives_five_minutes(noon, device, attendee):
    challenge = challenge_of(attendee)
    noon.shift(timedelta(minutes=5))

    assert code_of(answer(challenge, code_at(timezone.now()))) == (400, "TOKEN_EXPIRED")


@pytest.mark.parametrize("challenge", ["x", "é" * 40, "a" * 4000])
def test_an_unknown_challenge_is_refused(challenge):
    assert code_of(answer(challenge, "123456")) == (400, "INVALID_TOKEN")


@pytest.mark.parametrize("changes", [{"is_active": False}, {"deleted_at": NOON}])
def test_an_account_that_ended_meanwhile_is_not_entered(device, attendee, changes):
    challenge = challenge_of(attendee)
    type(attendee).all_objects.filter(pk=attendee.pk).update(**changes)

    assert code_of(answer(challenge, code_at(NOON))) == (400, "INVALID_TOKEN")
    assert not UserSession.objects.exists()


def test_a_new_password_voids_open_challenges(api, device, attendee):
    challenge = challenge_of(attendee)
    new = {"new_password": "Brand-New-Pass-88", "new_password_confirm": "Brand-New-Pass-88"}
    api.post("/api/v1/auth/password-change/", {"current_password": PASSWORD} | new)

    assert code_of(answer(challenge, code_at(NOON))) == (400, "INVALID_TOKEN")


def test_ten_wrong_codes_close_the_account_for_an_hour(throttled, api, device, stranger):
    attendee = device.user
    wrong = [second_factor.verify(attendee, "000000", now=NOON) for _ in range(10)]

    refused = api.post(DISABLE, {"otp": code_at(NOON)})

    assert wrong == [False] * 10
    assert code_of(refused) == (429, "RATE_LIMITED")
    assert refused["Retry-After"] == "3600"
    assert TotpDevice.objects.exists()
    TotpDeviceFactory(user=stranger)
    assert second_factor.verify(stranger, code_at(NOON), now=NOON) is True


def test_right_codes_are_not_counted_nor_forgive_wrong_ones(throttled, device, attendee):
    for number in range(20):
        at = NOON + number * STEP
        assert second_factor.verify(attendee, code_at(at), now=at) is True
    for _ in range(9):
        second_factor.verify(attendee, "000000", now=NOON)
    later = NOON + 30 * STEP
    assert second_factor.verify(attendee, code_at(later), now=later) is True
    second_factor.verify(attendee, "000000", now=NOON)

    with pytest.raises(DomainError) as refusal:
        second_factor.verify(attendee, "000000", now=NOON)

    assert (refusal.value.status, refusal.value.code) == (429, "RATE_LIMITED")


def test_a_code_is_a_fresh_proof(noon, api, device, attendee):
    noon.shift(timedelta(minutes=11))
    now = timezone.now()

    response = api.post(REAUTHENTICATE, {"otp": code_at(now)})

    assert response.json() == {
        "authenticated_at": "2026-05-04T12:11:05Z",
        "fresh_until": "2026-05-04T12:21:05Z",
    }
    assert UserSession.objects.get().second_factor is True


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"otp": "000000"}, WRONG_ON_FIELD),
        ({"password": "wrong"}, {"password": ["This password is not correct."]}),
        ({}, {"password": ["Give the password or a code."]}),
    ],
)
def test_a_wrong_proof_is_refused(noon, api, device, body, details):
    noon.shift(timedelta(minutes=11))

    response = api.post(REAUTHENTICATE, body)

    assert code_of(response) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["details"] == details
    assert UserSession.objects.get().authenticated_at == NOON


def test_nothing_remains_of_a_sign_in_that_breaks_off(device, attendee, monkeypatch):
    monkeypatch.setattr(second_factor.challenges, "use", lambda *_, **__: 1 / 0)
    challenge = challenge_of(attendee)

    with pytest.raises(ZeroDivisionError):
        second_factor.answer(challenge, code_at(NOON), now=NOON)

    assert TotpDevice.objects.get().last_used_step == 0


def at_once(calls):
    """Run the calls on threads that start together; return what became of each."""
    gate, outcomes = threading.Barrier(len(calls)), []

    def run(call):
        gate.wait()
        try:
            outcomes.append(call())
        except DomainError as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


needs_rows_locks = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@needs_rows_locks
def test_threads_with_one_code_have_one_success(attendee):
    TotpDeviceFactory(user=attendee)
    now = timezone.now()

    outcomes = at_once([lambda: second_factor.verify(attendee, code_at(now), now=now)] * 7)

    assert outcomes == {True: 1, False: 6}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@needs_rows_locks
def test_without_comparing_one_code_counts_twice(attendee, monkeypatch):
    """The control: reading the last step and writing it later lets everybody in."""
    device, now, gate = TotpDeviceFactory(user=attendee), timezone.now(), threading.Barrier(7)

    def read_then_write(found, otp, at):
        is_new = TotpDevice.objects.get(pk=found.pk).last_used_step == 0
        gate.wait()
        TotpDevice.objects.filter(pk=found.pk).update(last_used_step=1)
        return is_new

    monkeypatch.setattr(second_factor, "_take_step", read_then_write)
    outcomes = at_once([lambda: second_factor.verify(attendee, code_at(now), now=now)] * 7)

    device.refresh_from_db()
    assert (outcomes[True] > 1, device.last_used_step) == (True, 1)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@needs_rows_locks
def test_threads_with_one_recovery_code_have_one_success(attendee):
    TotpDeviceFactory(user=attendee)
    now = timezone.now()
    code = second_factor.renew_codes(attendee, code_at(now), now=now)[0]

    outcomes = at_once([lambda: second_factor.verify(attendee, code, now=now)] * 7)

    assert outcomes == {True: 1, False: 6}
    assert mails() == ["recovery_code_used"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@needs_rows_locks
def test_one_challenge_opens_one_session_whatever_codes_are_right(attendee):
    TotpDeviceFactory(user=attendee)
    now = timezone.now()
    codes = second_factor.renew_codes(attendee, code_at(now), now=now)
    challenge = challenge_of(attendee)

    def entering(code):
        return lambda: sign_in.by_code(challenge, code, now=now).second_factor

    outcomes = at_once([entering(code) for code in codes[:5]])

    assert outcomes == {True: 1, "INVALID_TOKEN": 4}
    assert UserSession.objects.count() == 1
    assert RecoveryCode.objects.exclude(used_at=None).count() == 1


def test_nobody_locks_others_out_of_an_unproven_address(api_for):
    unproven = UserFactory(email_verified=False, email_verified_at=None)

    assert code_of(api_for(unproven).post(FACTOR)) == (403, "EMAIL_NOT_VERIFIED")
    assert not TotpDevice.objects.exists()
