"""Signing up, proving the address, disowning the account."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts import sessions
from accounts.models import AccountToken, User
from common.models import OutgoingEmail
from tests.factories.accounts import UserFactory

SIGN_UP = "/api/v1/auth/signup/"
VERIFY = "/api/v1/auth/verify-email/"
RESEND = "/api/v1/auth/resend-verification/"
pytestmark = pytest.mark.django_db


def body(**changes):
    return {
        "email": "new@example.org",
        "password": "Quiet-Lamp-42-River",
        "password_confirm": "Quiet-Lamp-42-River",
        "full_name": "Nina New",
    } | changes


def kinds(email):
    return list(
        OutgoingEmail.objects.filter(to_email=email).order_by("id").values_list("kind", flat=True)
    )


def test_sign_up_makes_an_unverified_attendee(anonymous, committed):
    response = committed(lambda: anonymous.post(SIGN_UP, body(email=" New@Example.org ")))

    user = User.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "message": "Account created. Please check your email to verify.",
        "user": {"uuid": str(user.uuid), "email": "new@example.org", "full_name": "Nina New"},
    }
    assert (user.account_type, user.email_verified, user.check_password(body()["password"])) == (
        "attendee",
        False,
        True,
    )
    assert kinds("new@example.org") == ["verification"]


def test_rights_cannot_be_asked_for(anonymous):
    wanted = {"account_type": "organizer", "role": "admin", "is_staff": True, "is_superuser": True}

    anonymous.post(SIGN_UP, body(**wanted, email_verified=True))

    user = User.objects.get()
    assert [user.account_type, user.is_staff, user.is_superuser, user.email_verified] == [
        "attendee",
        False,
        False,
        False,
    ]


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_mail(anonymous, committed):
    owner = UserFactory(email="ada@example.org", full_name="Ada")

    response = committed(lambda: anonymous.post(SIGN_UP, body(email=" Ada@Example.ORG ")))

    answer = response.json()
    assert response.status_code == 201
    assert answer["user"].pop("uuid") != str(owner.uuid)
    assert answer == {
        "message": "Account created. Please check your email to verify.",
        "user": {"email": "ada@example.org", "full_name": "Nina New"},
    }
    assert User.objects.count() == 1
    assert kinds("ada@example.org") == ["account_exists"]


def test_the_owner_is_told_once_a_day(anonymous, committed):
    UserFactory(email="ada@example.org")

    for _ in range(2):
        committed(lambda: anonymous.post(SIGN_UP, body(email="ada@example.org")))

    assert kinds("ada@example.org") == ["account_exists"]


def test_an_unverified_owner_gets_the_verification_again(anonymous, committed):
    UserFactory(unverified=True, email="ada@example.org")

    committed(lambda: anonymous.post(SIGN_UP, body(email="ada@example.org")))

    assert kinds("ada@example.org") == ["verification"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": None}, "email"),
        ({"email": ["a@example.org"]}, "email"),
        ({"password": "short1!", "password_confirm": "short1!"}, "password"),
        ({"password": "password1", "password_confirm": "password1"}, "password"),
        ({"password": "8462957310", "password_confirm": "8462957310"}, "password"),
        ({"password": "nina.new.1", "password_confirm": "nina.new.1"}, "password"),
        ({"password": "x" * 129, "password_confirm": "x" * 129}, "password"),
        ({"password_confirm": "Another-Lamp-42"}, "password_confirm"),
        ({"full_name": "N"}, "full_name"),
        ({"full_name": "Nina\x00"}, "full_name"),
        ({"full_name": "Nina\r\nBcc: x@example.org"}, "full_name"),
        ({"credentials": "x" * 256}, "credentials"),
    ],
)
def test_bad_fields_are_named(anonymous, changes, field):
    response = anonymous.post(SIGN_UP, body(**changes))

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"
    assert field in response.json()["error"]["details"]
    assert not User.objects.exists()


def test_a_huge_password_is_refused_before_it_is_hashed(anonymous):
    response = anonymous.post(SIGN_UP, body(password="x" * 2_000_000))

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_the_mailed_secret_proves_the_address_once(anonymous, committed, mailed):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    secret = mailed("verification", "new@example.org")

    first = committed(lambda: anonymous.post(VERIFY, {"token": secret}))
    second = anonymous.post(VERIFY, {"token": secret})

    assert (first.status_code, first.json()) == (200, {"message": "Email verified successfully."})
    assert (second.status_code, second.json()["error"]["code"]) == (400, "INVALID_TOKEN")
    assert User.objects.get().email_verified
    assert kinds("new@example.org") == ["verification", "welcome"]


def test_the_verification_mail_does_not_carry_words_of_whoever_signed_up(anonymous, committed):
    committed(lambda: anonymous.post(SIGN_UP, body(full_name="Win at evil.example")))

    message = mail.outbox[0]
    assert "evil" not in message.subject + message.body + str(message.alternatives)


def test_a_late_secret_has_expired(anonymous, committed, mailed):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    secret = mailed("verification", "new@example.org")

    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        response = anonymous.post(VERIFY, {"token": secret})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "TOKEN_EXPIRED")
    assert not User.objects.get().email_verified


def test_a_replaced_secret_is_void(anonymous, committed, mailed):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    first = mailed("verification", "new@example.org")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        committed(lambda: anonymous.post(RESEND, {"email": "new@example.org"}))

    response = anonymous.post(VERIFY, {"token": first})

    assert mailed("verification", "new@example.org") != first
    assert response.json()["error"]["code"] == "INVALID_TOKEN"


@pytest.mark.parametrize("token", ["", None, 7, [], {"a": 1}, "unknown", "é" * 50, "x" * 5000])
def test_other_secrets_are_refused(anonymous, token):
    response = anonymous.post(VERIFY, {"token": token})

    assert response.status_code == 400
    assert response.json()["error"]["code"] in {"INVALID_TOKEN", "VALIDATION_ERROR"}


def test_a_reset_secret_does_not_verify(anonymous, committed, mailed):
    UserFactory(unverified=True, email="new@example.org")
    committed(lambda: anonymous.post("/api/v1/auth/password-reset/", {"email": "new@example.org"}))

    response = anonymous.post(VERIFY, {"token": mailed("password_reset", "new@example.org")})

    assert response.json()["error"]["code"] == "INVALID_TOKEN"


def test_the_owner_of_the_address_may_disown_the_account(
    anonymous, committed, mailed, tokens_for, bearing
):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    planted = bearing(tokens_for(User.objects.get(), body()["password"])["access"])
    secret = mailed("verification", "new@example.org")

    response = anonymous.post(VERIFY, {"token": secret, "reject": True})

    user = User.all_objects.get()
    assert response.status_code == 200
    assert (user.email, user.full_name, user.is_active, user.has_usable_password()) == (
        f"deleted-{user.uuid}@anonymized.invalid",
        "Deleted User",
        False,
        False,
    )
    assert planted.get("/api/v1/users/me/").status_code == 401
    assert not AccountToken.objects.exists()
    assert committed(lambda: anonymous.post(SIGN_UP, body())).status_code == 201


def test_a_proven_account_cannot_be_disowned(anonymous, committed, mailed):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    secret = mailed("verification", "new@example.org")
    User.objects.update(email_verified=True, email_verified_at=timezone.now())

    response = anonymous.post(VERIFY, {"token": secret, "reject": True})

    assert response.json()["error"]["code"] == "INVALID_TOKEN"
    assert User.objects.get().is_active


@pytest.mark.parametrize("email", ["verified@example.org", "nobody@example.org"])
def test_resending_tells_nothing_and_sends_nothing(anonymous, committed, email):
    UserFactory(email="verified@example.org")

    response = committed(lambda: anonymous.post(RESEND, {"email": email}))

    message = "If an unverified account exists, a verification email has been sent."
    assert (response.status_code, response.json()) == (200, {"message": message})
    assert not OutgoingEmail.objects.exists()


def test_at_most_one_verification_mail_a_minute(anonymous, committed):
    committed(lambda: anonymous.post(SIGN_UP, body()))

    response = committed(lambda: anonymous.post(RESEND, {"email": "new@example.org"}))

    assert response.status_code == 200
    assert kinds("new@example.org") == ["verification"]


def test_known_and_unknown_addresses_cost_the_same_work(
    anonymous, committed, django_assert_num_queries, hashes
):
    UserFactory(email="ada@example.org")
    hashes.clear()

    with django_assert_num_queries(6):
        anonymous.post(SIGN_UP, body(email="new@example.org"))
    for_new = len(hashes)
    with django_assert_num_queries(6):
        anonymous.post(SIGN_UP, body(email="ada@example.org"))

    assert (for_new, len(hashes) - for_new) == (1, 1)


@pytest.mark.parametrize("path", [RESEND, "/api/v1/auth/password-reset/"])
def test_asking_for_mail_costs_the_same_for_unknown_addresses(
    anonymous, django_assert_num_queries, path
):
    UserFactory(unverified=True, email="ada@example.org")

    for email in ("ada@example.org", "nobody@example.org"):
        with django_assert_num_queries(2):
            anonymous.post(path, {"email": email})


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_the_verification_mail_tells_from_where_the_account_was_made(anonymous, committed):
    with time_machine.travel("2027-03-10 09:30:00+00:00", tick=False):
        committed(
            lambda: anonymous.post(
                SIGN_UP, body(), HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="203.0.113.7"
            )
        )

    text = mail.outbox[-1].body
    assert (
        "The account was made on 10 March 2027, 09:30 UTC with Firefox on Linux"
        " from the network address 203.0.113.7."
    ) in text
    assert "confirming keeps it" in text


def test_the_welcome_mail_tells_where_one_is_signed_in(anonymous, committed, mailed):
    with time_machine.travel("2027-03-10 09:30:00+00:00", tick=False):
        committed(lambda: anonymous.post(SIGN_UP, body()))
        user = User.objects.get()
        sessions.open_for_tokens(user, now=timezone.now())
        committed(lambda: anonymous.post(VERIFY, {"token": mailed("verification", user.email)}))

    text = mail.outbox[-1].body
    assert "- Unknown device, since 10 March 2027, 09:30 UTC" in text
    assert "/settings/sessions" in text


def test_who_is_signed_in_nowhere_is_told_of_no_sessions(anonymous, committed, mailed):
    committed(lambda: anonymous.post(SIGN_UP, body()))
    committed(lambda: anonymous.post(VERIFY, {"token": mailed("verification", body()["email"])}))

    assert "signed in" not in mail.outbox[-1].body
