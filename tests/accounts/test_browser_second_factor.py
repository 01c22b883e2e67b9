"""Signing in with a browser where the second factor is on, and where staff must have one."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import SignInChallenge, UserSession
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factor import TotpDeviceFactory, code_at

LOGIN = "/api-auth/login/"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def protected(attendee):
    TotpDeviceFactory(user=attendee)
    return attendee


def first_step(client, user, password=PASSWORD, **more):
    return client.post(LOGIN, {"username": user.email, "password": password, **more})


def challenge_on(page):
    return re.search(r'name="challenge" value="([\w-]+)"', page.content.decode())[1]


def second_step(client, challenge, code, path=LOGIN):
    return client.post(path, {"challenge": challenge, "code": code})


def is_signed_in(client):
    return client.get("/api/v1/users/me/").status_code == 200


def test_the_first_page_asks_for_no_code():
    page = Client().get(LOGIN).content.decode()

    assert "one-time-code" not in page
    assert "challenge" not in page


def test_the_code_is_asked_for_after_the_password(protected):
    client = Client()

    page = first_step(client, protected)
    asked = is_signed_in(client)
    response = second_step(client, challenge_on(page), code_at(NOON), f"{LOGIN}?next=/api/docs/")

    row = UserSession.objects.get()
    assert (page.status_code, asked) == (200, False)
    assert (response.status_code, response["Location"]) == (302, "/api/docs/")
    assert (row.kind, row.second_factor, is_signed_in(client)) == ("browser", True, True)


def test_the_code_may_come_along_with_the_password(protected):
    client = Client()

    response = first_step(client, protected, code=code_at(NOON))

    assert response.status_code == 302
    assert UserSession.objects.get().second_factor is True


def test_a_wrong_password_gets_the_same_page_with_and_without_a_factor(protected):
    other = UserFactory()

    pages = [
        first_step(Client(), user, "Wrong-Pass-1").content.decode().replace(user.email, "")
        for user in (protected, other)
    ]

    tokens = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert tokens.sub("", pages[0]) == tokens.sub("", pages[1])
    assert "No active account" in pages[0]
    assert not SignInChallenge.objects.exists()


def test_a_wrong_code_may_be_corrected(protected):
    client = Client()
    challenge = challenge_on(first_step(client, protected))

    refused = second_step(client, challenge, "000000")

    assert b"This code is not correct." in refused.content
    assert challenge_on(refused) == challenge
    assert not is_signed_in(client)
    assert second_step(client, challenge, code_at(NOON)).status_code == 302


@pytest.mark.parametrize("kind", ["used", "late", "unknown", "missing"])
def test_a_closed_challenge_opens_nothing(protected, noon, kind):
    client = Client()
    challenge = challenge_on(first_step(Client(), protected))
    if kind == "used":
        second_step(Client(), challenge, code_at(NOON))
    if kind == "late":
        noon.shift(timedelta(minutes=5))
    given = {"unknown": "x" * 43, "missing": ""}.get(kind, challenge)

    response = second_step(client, given, code_at(NOON + STEP))

    assert response.status_code == 200
    assert b'role="alert"' in response.content
    assert b"Start again" in response.content
    assert not is_signed_in(client)


def test_without_a_factor_nothing_more_is_asked(attendee):
    assert first_step(Client(), attendee).status_code == 302
    assert UserSession.objects.get().second_factor is False


def test_staff_with_their_factor_enter_the_admin_where_it_is_required(settings):
    settings.STAFF_REQUIRE_OTP = True
    root = UserFactory(superuser=True)
    TotpDeviceFactory(user=root)
    client = Client()
    second_step(client, challenge_on(first_step(client, root)), code_at(NOON))

    assert client.get("/admin/").status_code == 200
    assert client.get("/api/v1/staff/tasks/").status_code == 200


def test_staff_without_one_are_led_to_set_it_up_and_enter_then(settings):
    settings.STAFF_REQUIRE_OTP = True
    root = UserFactory(superuser=True)
    client = Client()
    first_step(client, root)
    refused = client.get("/api/v1/staff/tasks/")
    page = client.get("/admin/", follow=True)
    factor = "/api/v1/users/me/two-factor/"
    secret = client.post(factor).json()["secret"]

    confirmed = client.post(f"{factor}confirm/", {"otp": code_of_secret(secret)})

    assert refused.json()["error"]["code"] == "SECOND_FACTOR_REQUIRED"
    assert page.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2F"
    assert f'href="{factor}"' in page.content.decode()
    assert (confirmed.status_code, client.get("/admin/").status_code) == (200, 200)


def test_others_are_not_asked_to_set_one_up(settings, attendee):
    settings.STAFF_REQUIRE_OTP = True
    client = Client()
    first_step(client, attendee)

    assert b"second factor" not in client.get(LOGIN).content


def code_of_secret(secret):
    return code_at(NOON, base64.b32decode(secret))
