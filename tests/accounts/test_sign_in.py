"""Signing in: credentials, one hash, one answer, limits, sessions and their devices."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import attempts, devices, tokens
from accounts.models import User, UserSession
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory, UserSessionFactory

TOKEN = "/api/v1/auth/token/"
ME = "/api/v1/users/me/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
pytestmark = pytest.mark.django_db


def sign_in(email, password=PASSWORD, **extra):
    return APIClient().post(TOKEN, {"email": email, "password": password}, **extra)


def test_credentials_open_a_session(attendee, bearing):
    response = sign_in(" Attendee@Example.ORG ", headers={"user-agent": FIREFOX})

    body = response.json()
    session = UserSession.objects.get()
    assert response.status_code == 200
    assert body["user"] == {
        "uuid": str(attendee.uuid),
        "email": "attendee@example.org",
        "full_name": "Ada Attendee",
        "account_type": "attendee",
        "email_verified": True,
    }
    assert tokens.read(body["refresh"], tokens.Kind.REFRESH).session == session.uuid
    assert (session.browser, session.os, session.device_type) == ("Firefox", "Linux", "desktop")
    assert bearing(body["access"]).get(ME).json()["uuid"] == str(attendee.uuid)


def refused(kind):
    if kind == "unknown address":
        return "nobody@example.org", PASSWORD
    if kind == "wrong password":
        return UserFactory().email, "Wrong-Password-1"
    if kind == "no password":
        return UserFactory(password=None).email, PASSWORD
    if kind == "inactive":
        return UserFactory(is_active=False).email, PASSWORD
    user = UserFactory()
    user.erase()
    return user.email, PASSWORD


@pytest.mark.parametrize(
    "kind", ["unknown address", "wrong password", "no password", "inactive", "erased"]
)
def test_every_refusal_is_alike(kind, hashes):
    email, password = refused(kind)
    hashes.clear()

    response = sign_in(email, password)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"] == {
        "code": "AUTHENTICATION_FAILED",
        "message": "No active account was found with these credentials.",
        "details": None,
    }
    assert len(hashes) == 1
    assert not UserSession.objects.exists()


def test_a_failure_is_audited_without_the_address():
    sign_in("somebody@example.org", "Wrong-Password-1")

    entry = AuditEntry.objects.get(action="sign_in.failed")
    assert "somebody" not in str(entry.payload)
    assert len(entry.payload["address_digest"]) == 64


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.org"},
        {"email": "a@example.org", "password": ""},
        {"email": "a@example.org", "password": ["x"]},
        {"email": {"a": 1}, "password": "x"},
        {"email": "a@example.org", "password": "x" * 129},
        [],
        "text",
        None,
        7,
    ],
)
def test_malformed_bodies_are_refused(body):
    response = APIClient().post(TOKEN, body, format="json")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"


def test_ten_failures_at_one_address_shut_the_origin_out(attendee, throttled, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"auth": "500/hour", "anon": "500/hour"}
    for _ in range(attempts.NEAR):
        assert sign_in(attendee.email, "Wrong-Password-1").status_code == 401

    response = sign_in(attendee.email)

    assert response.status_code == 429
    assert response.json()["error"]["details"]["scope"] == "sign_in"
    assert response["Retry-After"] == "900"
    assert sign_in(attendee.email, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_success_clears_the_failures(attendee, throttled, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"auth": "500/hour", "anon": "500/hour"}
    for _ in range(2):
        for _ in range(attempts.NEAR - 1):
            sign_in(attendee.email, "Wrong-Password-1")
        assert sign_in(attendee.email).status_code == 200


def test_a_hundred_failures_from_anywhere_spare_only_known_origins(
    attendee, throttled, settings, monkeypatch
):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"auth": "500/hour", "anon": "500/hour"}
    monkeypatch.setattr(attempts, "FAR", 3)
    UserSessionFactory(user=attendee, ip_address="203.0.113.1")
    for number in range(2, 6):
        sign_in(attendee.email, "Wrong-Password-1", REMOTE_ADDR=f"203.0.113.{number}")

    stranger = sign_in(attendee.email, REMOTE_ADDR="203.0.113.9")
    known = sign_in(attendee.email, REMOTE_ADDR="203.0.113.1")

    assert (stranger.status_code, known.status_code) == (429, 200)


def test_without_the_shared_cache_the_process_counts(attendee, throttled, settings, monkeypatch):
    class Down:
        def __getattr__(self, name):
            raise attempts.RedisError

    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"auth": "500/hour", "anon": "500/hour"}
    monkeypatch.setattr(attempts, "cache", Down())
    attempts.own_memory.clear()
    for _ in range(attempts.NEAR):
        sign_in("absent@example.org", "Wrong-Password-1")

    assert sign_in("absent@example.org").status_code == 429
    assert sign_in(attendee.email).status_code == 200


def test_the_21st_attempt_in_an_hour_from_one_address_is_refused(throttled):
    for number in range(20):
        assert sign_in(f"nobody{number}@example.org").status_code == 401

    response = sign_in("nobody@example.org")

    assert response.status_code == 429
    assert response.json()["error"]["details"]["scope"] == "auth"
    assert int(response["Retry-After"]) > 0


def test_the_eleventh_session_ends_the_one_longest_unused(attendee, tokens_for, bearing):
    first = tokens_for(attendee)
    for _ in range(9):
        tokens_for(attendee)
    oldest = UserSession.objects.order_by("id").first()
    UserSession.objects.filter(pk=oldest.pk).update(
        last_activity_at=timezone.now() - timedelta(hours=1)
    )

    newest = tokens_for(attendee)

    oldest.refresh_from_db()
    assert oldest.end_reason == "evicted"
    assert UserSession.objects.filter(ended_at=None).count() == 10
    assert bearing(first["access"]).get(ME).status_code == 401
    assert bearing(newest["access"]).get(ME).status_code == 200


def test_a_new_device_is_told_by_mail_but_not_the_first_ever(attendee):
    kinds = OutgoingEmail.objects.filter(kind="new_sign_in")

    sign_in(attendee.email, headers={"user-agent": FIREFOX})
    after_first = kinds.count()
    sign_in(attendee.email, headers={"user-agent": FIREFOX})
    after_same = kinds.count()
    sign_in(attendee.email, headers={"user-agent": IPHONE})

    assert (after_first, after_same, kinds.count()) == (0, 0, 1)


def test_activity_is_noted_at_intervals(attendee, tokens_for, bearing):
    pair = tokens_for(attendee)
    updated_at = User.objects.get(pk=attendee.pk).updated_at

    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        bearing(pair["access"]).get(ME)
        now = timezone.now()

    session = UserSession.objects.get()
    user = User.objects.get(pk=attendee.pk)
    assert now - session.last_activity_at < timedelta(seconds=5)
    assert user.last_active_at == session.last_activity_at
    assert user.updated_at == updated_at


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (FIREFOX, ("desktop", "Firefox", "Linux")),
        (IPHONE, ("mobile", "Safari", "iOS")),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-X910) Chrome/128 Safari/537.36",
            ("tablet", "Chrome", "Android"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) Chrome/128 Mobile Safari/537.36",
            ("mobile", "Chrome", "Android"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/128 Safari/537.36 Edg/128",
            ("desktop", "Edge", "Windows"),
        ),
        ("curl/8.5", ("bot", "", "")),
        ("", ("unknown", "", "")),
    ],
)
def test_devices_are_recognised(user_agent, expected):
    device = devices.recognise(user_agent)

    assert (device.device_type, device.browser, device.os) == expected
