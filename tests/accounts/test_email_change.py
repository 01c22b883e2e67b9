"""Moving an account to another address."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError
from django.utils import timezone

from accounts import email_change
from accounts.models import AccountToken, User, UserSession
from accounts.signals import email_verified
from common.models import AuditEntry, OutboxTask, OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.registrations import RegistrationFactory

EMAIL = "/api/v1/users/me/email/"
VERIFY = "/api/v1/auth/verify-email/"
NEW = "new@example.net"
ANSWER = {"message": "Please follow the link that was sent to the new address."}
pytestmark = pytest.mark.django_db


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def kinds(email):
    rows = OutgoingEmail.objects.filter(to_email=email).order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.fixture
def asked(api_for, committed, attendee, mailed):
    """Ask for the new address; return the caller's client and the mailed secret."""
    api = api_for(attendee)
    committed(lambda: api.post(EMAIL, {"new_email": NEW, "password": PASSWORD}))
    return api, mailed("email_change_confirm", NEW)


def test_asking_mails_the_new_address_and_tells_the_old_one(api_for, committed, attendee):
    response = committed(
        lambda: api_for(attendee).post(EMAIL, {"new_email": NEW, "password": PASSWORD})
    )

    attendee.refresh_from_db()
    assert (response.status_code, response.json()) == (202, ANSWER)
    assert (attendee.email, attendee.email_verified) == ("attendee@example.org", True)
    assert (kinds(NEW), kinds(attendee.email)) == (
        ["email_change_confirm"],
        ["email_change_requested"],
    )


def test_the_mail_to_the_new_address_names_nobody(asked):
    [message] = [each for each in mail.outbox if each.to == [NEW]]

    assert "Ada" not in message.body
    assert "attendee@example.org" not in message.body


def test_the_secret_puts_the_address_in_place(asked, anonymous, attendee, tokens_for):
    api, secret = asked

    response = anonymous.post(VERIFY, {"token": secret})

    attendee.refresh_from_db()
    assert response.json() == {"message": "Email verified successfully."}
    assert (attendee.email, attendee.email_verified) == (NEW, True)
    assert kinds("attendee@example.org") == ["email_change_requested", "email_changed"]
    assert api.get("/api/v1/users/me/").json()["email"] == NEW
    assert tokens_for(attendee)["user"]["email"] == NEW
    assert AuditEntry.objects.filter(action="user.email_changed").count() == 1


def test_the_old_address_signs_in_no_more(asked, anonymous):
    anonymous.post(VERIFY, {"token": asked[1]})

    response = anonymous.post(
        "/api/v1/auth/token/", {"email": "attendee@example.org", "password": PASSWORD}
    )

    assert error_of(response) == (401, "AUTHENTICATION_FAILED")


def test_the_secret_is_good_once(asked, anonymous):
    anonymous.post(VERIFY, {"token": asked[1]})

    assert error_of(anonymous.post(VERIFY, {"token": asked[1]})) == (400, "INVALID_TOKEN")


def test_the_secret_expires(asked, anonymous, attendee):
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        response = anonymous.post(VERIFY, {"token": asked[1]})

    attendee.refresh_from_db()
    assert error_of(response) == (400, "TOKEN_EXPIRED")
    assert attendee.email == "attendee@example.org"


def test_the_secret_disowns_no_account(asked, anonymous, attendee):
    response = anonymous.post(VERIFY, {"token": asked[1], "reject": True})

    attendee.refresh_from_db()
    assert error_of(response) == (400, "INVALID_TOKEN")
    assert attendee.is_active


def test_another_wish_voids_the_one_before(asked, anonymous, committed, mailed):
    api, first = asked
    body = {"new_email": "third@example.net", "password": PASSWORD}
    committed(lambda: api.post(EMAIL, body))

    assert error_of(anonymous.post(VERIFY, {"token": first})) == (400, "INVALID_TOKEN")
    assert kinds("third@example.net") == ["email_change_confirm"]


def test_other_secrets_are_void_with_the_change(asked, anonymous, attendee, committed, mailed):
    committed(lambda: anonymous.post("/api/v1/auth/password-reset/", {"email": attendee.email}))
    reset = mailed("password_reset", attendee.email)
    anonymous.post(VERIFY, {"token": asked[1]})

    body = {
        "token": reset,
        "new_password": "Quiet-Lamp-42",
        "new_password_confirm": "Quiet-Lamp-42",
    }
    response = anonymous.post("/api/v1/auth/password-reset/confirm/", body)

    assert error_of(response) == (400, "INVALID_TOKEN")


def test_guest_registrations_of_the_new_address_are_linked(asked, anonymous, attendee):
    row = RegistrationFactory(user=None, email=NEW)

    anonymous.post(VERIFY, {"token": asked[1]})

    row.refresh_from_db()
    assert row.user == attendee


def test_an_unproven_account_is_proven_by_its_new_address(api_for, committed, mailed, anonymous):
    user = UserFactory(unverified=True)
    committed(lambda: api_for(user).post(EMAIL, {"new_email": NEW, "password": PASSWORD}))

    anonymous.post(VERIFY, {"token": mailed("email_change_confirm", NEW)})

    user.refresh_from_db()
    assert (user.email, user.email_verified) == (NEW, True)


@pytest.mark.parametrize(
    ("owner", "mails"),
    [
        ({}, ["account_exists"]),
        ({"unverified": True}, ["verification"]),
        ({"is_active": False}, []),
    ],
)
def test_a_taken_address_answers_alike_and_its_owner_is_told(
    api_for, committed, attendee, owner, mails
):
    UserFactory(email=NEW, **owner)
    body = {"new_email": NEW, "password": PASSWORD}

    response = committed(lambda: api_for(attendee).post(EMAIL, body))

    assert (response.status_code, response.json()) == (202, ANSWER)
    assert (kinds(NEW), kinds(attendee.email)) == (mails, ["email_change_requested"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "new_email"),
        ({"new_email": "no address", "password": PASSWORD}, "new_email"),
        ({"new_email": " Attendee@Example.ORG", "password": PASSWORD}, "new_email"),
        ({"new_email": NEW}, "password"),
        ({"new_email": NEW, "password": "wrong"}, "password"),
    ],
)
def test_bad_wishes_are_refused(api_for, attendee, body, field):
    response = api_for(attendee).post(EMAIL, body)

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == [field]
    assert not AccountToken.objects.exists()


@pytest.mark.parametrize(("minutes", "answer"), [(5, 202), (11, 403)])
def test_without_a_password_the_session_must_be_fresh(api_for, attendee, minutes, answer):
    attendee.set_unusable_password()
    attendee.save()
    api = api_for(attendee)

    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        response = api.post(EMAIL, {"new_email": NEW})

    assert response.status_code == answer
    assert AccountToken.objects.exists() == (answer == 202)


def test_it_is_for_people_who_are_signed_in(anonymous):
    assert error_of(anonymous.post(EMAIL, {"new_email": NEW})) == (401, "NOT_AUTHENTICATED")


def test_asking_twice_in_a_minute_mails_once(asked, committed):
    committed(lambda: asked[0].post(EMAIL, {"new_email": NEW, "password": PASSWORD}))

    assert kinds(NEW) == ["email_change_confirm"]


def test_the_task_may_run_twice(asked, anonymous, attendee):
    proof = AccountToken.objects.get()

    email_change.follow_up(proof.uuid, now=timezone.now())

    assert kinds(NEW) == ["email_change_confirm"]
    assert kinds(attendee.email) == ["email_change_requested"]
    assert anonymous.post(VERIFY, {"token": asked[1]}).status_code == 200


def test_an_address_taken_meanwhile_changes_nothing(asked, anonymous, attendee):
    UserFactory(email=NEW)
    before = UserSession.objects.filter(ended_at=None).count()

    response = anonymous.post(VERIFY, {"token": asked[1]})

    attendee.refresh_from_db()
    assert error_of(response) == (400, "INVALID_TOKEN")
    assert attendee.email == "attendee@example.org"
    assert AccountToken.objects.get().used_at is None
    assert UserSession.objects.filter(ended_at=None).count() == before
    assert "email_changed" not in kinds(attendee.email)


def test_a_listener_that_fails_leaves_everything_as_it_was(asked, attendee):
    def failing(**_):
        raise IntegrityError("no")

    email_verified.connect(failing)
    try:
        with pytest.raises(IntegrityError):
            email_change.confirm(asked[1], now=timezone.now())
    finally:
        email_verified.disconnect(failing)

    attendee.refresh_from_db()
    assert attendee.email == "attendee@example.org"
    assert not OutgoingEmail.objects.filter(kind="email_changed").exists()


def test_no_address_stands_in_a_request_for_work(api_for, attendee):
    api_for(attendee).post(EMAIL, {"new_email": NEW, "password": PASSWORD})

    row = OutboxTask.objects.get(name="accounts.note_email_change")
    assert row.args == [str(AccountToken.objects.get().uuid)]
    assert User.objects.filter(email=NEW).count() == 0
