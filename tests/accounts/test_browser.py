"""Signing in with a browser: form, CSRF, redirects, the row that goes along with the cookie."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import sessions
from accounts.models import UserSession
from common.models import OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory

LOGIN = "/api-auth/login/"
LOGOUT = "/api-auth/logout/"
ME = "/api/v1/users/me/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
pytestmark = pytest.mark.django_db


def sign_in(client, email="attendee@example.org", password=PASSWORD, path=LOGIN):
    return client.post(path, {"username": email, "password": password})


def test_a_browser_signs_in_and_keeps_a_row(attendee):
    client = Client()

    response = sign_in(client, "Attendee@Example.org")

    row = UserSession.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/api/v1/")
    assert (row.kind, row.user, row.refresh_jti) == ("browser", attendee, None)
    assert client.get(ME).json()["uuid"] == str(attendee.uuid)
    assert client.get("/api/v1/users/me/sessions/").json()["results"][0]["is_current"] is True


def test_a_new_browser_is_told_by_mail_but_not_the_first_ever(attendee):
    told = OutgoingEmail.objects.filter(kind="new_sign_in", to_email=attendee.email)

    counts = []
    for device in (FIREFOX, FIREFOX, IPHONE):
        sign_in(Client(headers={"user-agent": device}))
        counts.append(told.count())

    assert counts == [0, 0, 1]


@pytest.mark.parametrize(
    ("email", "password"),
    [("attendee@example.org", "Wrong-Password-1"), ("nobody@example.org", PASSWORD), ("", "")],
)
def test_wrong_credentials_are_told_on_the_page(attendee, email, password):
    client = Client()

    response = sign_in(client, email, password)

    assert response.status_code == 200
    assert b'role="alert"' in response.content
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/api/docs/", "/api/docs/"),
        ("https://evil.example/", "/api/v1/"),
        ("//evil.example/", "/api/v1/"),
        ("javascript:alert(1)", "/api/v1/"),
        ("/\\evil.example", "/api/v1/"),
    ],
)
def test_it_leads_only_to_pages_of_this_site(attendee, target, expected):
    response = sign_in(Client(), path=f"{LOGIN}?next={target}")

    assert response["Location"] == expected


def test_the_form_wants_its_csrf_token(attendee):
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client).status_code == 403
    assert not UserSession.objects.exists()


def test_a_cookie_alone_changes_nothing(attendee):
    client = Client(enforce_csrf_checks=True)
    client.force_login(attendee)

    response = client.patch(ME, {"bio": "x"}, content_type="application/json")

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "PERMISSION_DENIED"


def test_the_page_is_clean_under_its_policy():
    response = Client().get(LOGIN)

    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert b"<script" not in response.content
    assert b" onclick" not in response.content


def test_signing_out_ends_the_row(attendee):
    client = Client()
    sign_in(client)

    refused = client.get(LOGOUT)
    response = client.post(LOGOUT)

    assert (refused.status_code, response.status_code) == (405, 302)
    assert UserSession.objects.get().end_reason == "logout"
    assert client.get(ME).status_code == 401


def test_ending_the_row_signs_the_browser_out_of_admin_too():
    root = UserFactory(superuser=True)
    client = Client()
    sign_in(client, root.email)
    assert client.get("/admin/").status_code == 200

    sessions.end(UserSession.objects.get(), sessions.EndReason.TERMINATED)

    assert client.get("/admin/").status_code == 302
    assert client.get(ME).status_code == 401


def test_the_admin_has_no_sign_in_of_its_own():
    response = Client().get("/admin/login/?next=/admin/")

    assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next=/admin/")


def test_each_sign_in_gets_a_new_key(attendee):
    client = Client()
    sign_in(client)
    first = client.session.session_key
    sign_in(client)

    assert client.session.session_key != first
    assert [row.ended_at is None for row in UserSession.objects.order_by("id")] == [False, True]
    assert not Session.objects.filter(pk=first).exists()


def test_a_password_change_elsewhere_signs_the_browser_out(attendee, api_for):
    client = Client()
    sign_in(client)
    body = {"current_password": PASSWORD, "new_password": "Brand-New-Pass-88"}

    api_for(attendee).post(
        "/api/v1/auth/password-change/", body | {"new_password_confirm": "Brand-New-Pass-88"}
    )

    assert client.get(ME).status_code == 401


def test_too_many_attempts_are_refused(throttled):
    client = Client()
    for number in range(20):
        sign_in(client, f"nobody{number}@example.org")

    response = sign_in(client)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert b"Too many requests" in response.content


@pytest.mark.parametrize(("second_factor", "status"), [(True, 200), (False, 302)])
def test_where_required_the_admin_wants_the_second_factor(settings, second_factor, status):
    settings.STAFF_REQUIRE_OTP = True
    client = Client()
    client.force_login(UserFactory(superuser=True))
    UserSession.objects.update(second_factor=second_factor)

    assert client.get("/admin/").status_code == status
