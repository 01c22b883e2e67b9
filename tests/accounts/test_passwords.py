"""Forgetting, resetting, changing and confirming a password."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import passwords, proofs
from accounts.models import AccountToken, User, UserSession
from common.models import OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.second_factor import PasskeyFactory, TotpDeviceFactory
from tests.factories.social import SocialAccountFactory

ME = "/api/v1/users/me/"
ASK = "/api/v1/auth/password-reset/"
CONFIRM = "/api/v1/auth/password-reset/confirm/"
CHANGE = "/api/v1/auth/password-change/"
REAUTHENTICATE = "/api/v1/auth/reauthenticate/"
NEW = "Brand-New-Pass-88"


def confirm(token, password=NEW, **changes):
    body = {"token": token, "new_password": password, "new_password_confirm": password}
    return APIClient().post(CONFIRM, body | changes)


@pytest.fixture
def secret(db, anonymous, attendee, committed, mailed):
    """The secret of a reset mail to the attendee."""
    committed(lambda: anonymous.post(ASK, {"email": "attendee@example.org"}))
    return mailed("password_reset", "attendee@example.org")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["attendee", "nobody", "inactive"])
def test_asking_answers_alike(anonymous, attendee, committed, kind):
    UserFactory(email="inactive@example.org", is_active=False)

    response = committed(lambda: anonymous.post(ASK, {"email": f"{kind}@example.org"}))

    message = "If an account exists, a password reset email has been sent."
    assert (response.status_code, response.json()) == (200, {"message": message})
    assert len(mail.outbox) == (1 if kind == "attendee" else 0)


@pytest.mark.django_db
def test_a_reset_ends_everything_old(attendee, secret, tokens_for, bearing):
    old = tokens_for(attendee)

    first, second = confirm(secret), confirm(secret)

    assert (first.status_code, first.json()) == (200, {"message": "Password reset successfully."})
    assert second.json()["error"]["code"] == "INVALID_TOKEN"
    assert bearing(old["access"]).get(ME).status_code == 401
    assert (
        APIClient().post("/api/v1/auth/token/refresh/", {"refresh": old["refresh"]}).status_code
        == 401
    )
    attendee.refresh_from_db()
    assert (attendee.check_password(PASSWORD), attendee.check_password(NEW)) == (False, True)
    assert tokens_for(attendee, NEW)["access"]
    assert OutgoingEmail.objects.filter(kind="password_changed").count() == 1


@pytest.mark.django_db
def test_a_reset_proves_the_address_and_voids_other_secrets(anonymous, committed, mailed):
    user = UserFactory(unverified=True, email="new@example.org")
    committed(lambda: anonymous.post("/api/v1/auth/resend-verification/", {"email": user.email}))
    committed(lambda: anonymous.post(ASK, {"email": user.email}))

    confirm(mailed("password_reset", user.email))

    response = anonymous.post(
        "/api/v1/auth/verify-email/", {"token": mailed("verification", user.email)}
    )
    assert User.objects.get().email_verified
    assert response.json()["error"]["code"] == "INVALID_TOKEN"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_password_confirm": "other-Pass-88"}, "new_password_confirm"),
        ({"password": "12345678901"}, "new_password"),
        ({"password": "attendee@example"}, "new_password"),
        ({"password": "x" * 129}, "new_password"),
    ],
)
def test_a_refused_password_leaves_the_secret_good(secret, changes, field):
    response = confirm(secret, **changes)

    assert response.status_code == 400
    assert field in response.json()["error"]["details"]
    assert confirm(secret).status_code == 200


@pytest.mark.django_db
def test_a_reset_link_lives_an_hour(secret):
    with time_machine.travel(timezone.now() + timedelta(minutes=60, seconds=1)):
        response = confirm(secret)

    assert response.json()["error"]["code"] == "TOKEN_EXPIRED"


@pytest.mark.django_db
def test_a_secret_for_an_address_since_changed_is_void(attendee, secret):
    User.objects.filter(pk=attendee.pk).update(email="moved@example.org")

    assert confirm(secret).json()["error"]["code"] == "INVALID_TOKEN"


@pytest.mark.django_db
def test_secrets_are_stored_as_digests(secret):
    assert not AccountToken.objects.filter(digest=secret).exists()
    assert AccountToken.objects.filter(digest__regex="^[0-9a-f]{64}$").count() == 1


@pytest.mark.django_db
def test_a_change_keeps_only_the_session_it_was_made_in(attendee, tokens_for, bearing):
    other = bearing(tokens_for(attendee)["access"])
    here = bearing(tokens_for(attendee)["access"])
    body = {"current_password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}

    response = here.post(CHANGE, body)

    assert response.json() == {"message": "Password changed successfully."}
    assert (here.get(ME).status_code, other.get(ME).status_code) == (200, 401)
    assert UserSession.objects.get(ended_at__isnull=False).end_reason == "password_changed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"current_password": "Wrong-Password-1"}, "current_password"),
        ({"new_password_confirm": "Wrong-Password-1"}, "new_password_confirm"),
        ({"new_password": "password", "new_password_confirm": "password"}, "new_password"),
    ],
)
def test_a_bad_change_changes_nothing(api_for, attendee, changes, field):
    body = {"current_password": PASSWORD, "new_password": NEW, "new_password_confirm": NEW}

    response = api_for(attendee).post(CHANGE, body | changes)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_a_failure_after_the_change_undoes_it(attendee, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(passwords.emails, "password_changed", fail)
    with pytest.raises(RuntimeError):
        passwords.change(attendee, PASSWORD, NEW, keep=None)

    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_confirming_the_password_freshens_the_session(attendee, tokens_for, bearing):
    client = bearing(tokens_for(attendee)["access"])
    UserSession.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))

    wrong = client.post(REAUTHENTICATE, {"password": "Wrong-Password-1"})
    right = client.post(REAUTHENTICATE, {"password": PASSWORD})

    assert list(wrong.json()["error"]["details"]) == ["password"]
    assert set(right.json()) == {"authenticated_at", "fresh_until"}
    assert timezone.now() - UserSession.objects.get().authenticated_at < timedelta(minutes=1)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [CHANGE, REAUTHENTICATE])
def test_proofs_need_a_sign_in(anonymous, path):
    assert anonymous.post(path, {}).status_code == 401


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_sixteen_uses_of_one_secret_have_one_success():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time; the race needs PostgreSQL.")
    user = UserFactory()
    _, secret = proofs.issue(
        user, proofs.Purpose.RESET_PASSWORD, lifetime=timedelta(hours=1), now=timezone.now()
    )
    gate, answers = threading.Barrier(16), []

    def use():
        gate.wait()
        try:
            answers.append(confirm(secret).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [400] * 15


@pytest.mark.django_db
def test_a_reset_leaves_nothing_of_whoever_made_an_unproven_account(anonymous, committed, mailed):
    user = UserFactory(unverified=True)
    SocialAccountFactory(user=user)
    PasskeyFactory(user=user)
    TotpDeviceFactory(user=user)
    committed(lambda: anonymous.post(ASK, {"email": user.email}))

    confirm(mailed("password_reset", user.email))

    left = User.objects.get(pk=user.pk)
    assert (left.email_verified, left.check_password(NEW)) == (True, True)
    assert (left.social_accounts.count(), left.passkeys.count()) == (0, 0)
    assert not hasattr(left, "totp_device")


@pytest.mark.django_db
def test_a_reset_leaves_the_ways_to_sign_in_of_a_proven_account(anonymous, committed, mailed):
    user = SocialAccountFactory().user
    committed(lambda: anonymous.post(ASK, {"email": user.email}))

    confirm(mailed("password_reset", user.email))

    assert user.social_accounts.count() == 1


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        (CHANGE, "current_password", {"new_password": NEW, "new_password_confirm": NEW}),
        (REAUTHENTICATE, "password", {}),
        (f"{ME}email/", "password", {"new_email": "new@example.org"}),
        (f"{ME}delete-account/", "password", {}),
    ],
)
def test_guesses_of_a_stolen_session_are_counted(
    throttled, api_for, anonymous, attendee, path, field, more
):
    api = api_for(attendee)

    answers = [api.post(path, {field: "not it", **more}).status_code for _ in range(11)]

    assert answers == [400] * 10 + [429]
    assert api.post(path, {field: PASSWORD, **more}).status_code == 429
    right = {"email": attendee.email, "password": PASSWORD}
    assert anonymous.post("/api/v1/auth/token/", right).status_code == 429


def test_a_password_left_out_is_no_guess(throttled, api_for, attendee):
    api = api_for(attendee)

    answers = [api.post(f"{ME}delete-account/", {}).status_code for _ in range(11)]

    assert answers == [400] * 11
    assert api.post(f"{ME}delete-account/", {"password": PASSWORD}).status_code == 200
