"""Access and refresh: forged tokens, rotation, reuse, the end of sessions."""

import base64
import json
import threading
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import sessions, tokens
from accounts.models import User, UserSession
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import PASSWORD, UserFactory, UserSessionFactory

ME = "/api/v1/users/me/"
REFRESH = "/api/v1/auth/token/refresh/"
LOGOUT = "/api/v1/auth/logout/"
OTHER_KEY = b"another key that is long enough for HS256"


def refresh(token):
    return APIClient().post(REFRESH, {"refresh": token})


def forged(session, *, key=None, algorithm="HS256", header=None, drop=(), **changes):
    key_id, own_key = next(iter(tokens._keys().items()))
    now = timezone.now()
    claims = {
        "user_uuid": str(session.user.uuid),
        "sid": str(session.uuid),
        "jti": str(uuid4()),
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "token_type": "access",
    } | changes
    claims = {name: value for name, value in claims.items() if name not in drop}
    return jwt.encode(
        claims,
        own_key if key is None else key,
        algorithm=algorithm,
        headers={"kid": key_id} | (header or {}),
    )


def raw(header, claims=b"{}", signature=b"x"):
    parts = (header, claims, signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def unsigned(session):
    _, claims, _ = forged(session).split(".")
    header = {"alg": "none", "typ": "JWT", "kid": next(iter(tokens._keys()))}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{encoded}.{claims}."


def swapped(session):
    """A genuine header and signature around claims of somebody else."""
    mine, theirs = forged(session), forged(session, sid=str(uuid4()))
    header, _, signature = mine.split(".")
    return f"{header}.{theirs.split('.')[1]}.{signature}"


HOUR = timedelta(hours=1)
FORGERIES = {
    "no algorithm": unsigned,
    "another key": lambda s: forged(s, key=OTHER_KEY),
    "another algorithm": lambda s: forged(s, algorithm="HS512"),
    "an unknown key id": lambda s: forged(s, header={"kid": "ffffffff"}),
    "a key id that is a path": lambda s: forged(s, header={"kid": "../../dev/null"}, key=b"x" * 32),
    "a key id that is SQL": lambda s: forged(s, header={"kid": "' OR 1=1 --"}),
    "a key url": lambda s: forged(s, key=OTHER_KEY, header={"jku": "https://evil.example/k"}),
    "a key in the header": lambda s: forged(s, key=OTHER_KEY, header={"jwk": {"kty": "oct"}}),
    "a critical extension": lambda s: forged(s, header={"crit": ["exp"]}),
    "another issuer": lambda s: forged(s, iss="somebody"),
    "another audience": lambda s: forged(s, aud="another-api"),
    "no issuer": lambda s: forged(s, drop=["iss"]),
    "no audience": lambda s: forged(s, drop=["aud"]),
    "no session": lambda s: forged(s, drop=["sid"]),
    "an unknown session": lambda s: forged(s, sid=str(uuid4())),
    "a session that is no uuid": lambda s: forged(s, sid="1 OR 1=1"),
    "a session that is a list": lambda s: forged(s, sid=[str(s.uuid)]),
    "another user": lambda s: forged(s, user_uuid=str(UserFactory().uuid)),
    "no expiry": lambda s: forged(s, drop=["exp"]),
    "past expiry": lambda s: forged(s, exp=timezone.now() - HOUR),
    "an expiry that is text": lambda s: forged(s, exp="soon"),
    "an endless expiry": lambda s: forged(s, exp=float("inf")),
    "issued in the future": lambda s: forged(s, iat=timezone.now() + HOUR),
    "no id": lambda s: forged(s, drop=["jti"]),
    "no kind": lambda s: forged(s, drop=["token_type"]),
    "a refresh token": lambda s: tokens.pair(s, now=timezone.now()).refresh,
    "swapped claims": swapped,
    "a header that is a list": lambda _: raw(b"[]"),
    "a deeply nested header": lambda _: raw(b"[" * 3000),
    "deeply nested claims": lambda s: raw(
        json.dumps({"alg": "HS256", "kid": next(iter(tokens._keys()))}).encode(), b"[" * 3000
    ),
    "a huge number": lambda _: raw(b'{"kid": ' + b"9" * 5000 + b"}"),
    "no base64": lambda _: "%%%.%%%.%%%",
    "not ASCII": lambda _: "é.ü.ß",
    "one part": lambda _: "abc",
    "four parts": lambda s: forged(s) + ".x",
    "an API token": lambda _: "cpd_abcdefgh_secret",
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.django_db
@pytest.mark.parametrize("make", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_tokens_are_refused(make, bearing):
    response = bearing(make(UserSessionFactory())).get(ME)

    assert response.status_code == 401, response.content
    assert response.json()["error"]["code"] == "AUTHENTICATION_FAILED"
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.django_db
def test_the_genuine_one_is_taken(bearing):
    session = UserSessionFactory()

    assert bearing(forged(session)).get(ME).json()["uuid"] == str(session.user.uuid)


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "bearer x"])
def test_half_a_header_is_refused(header):
    response = APIClient().get(ME, headers={"authorization": header})

    assert response.json()["error"]["code"] == "AUTHENTICATION_FAILED"


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwdw==", "Token x"])
def test_other_schemes_count_as_none(header):
    response = APIClient().get(ME, headers={"authorization": header})

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "NOT_AUTHENTICATED"


@pytest.mark.django_db
def test_old_keys_still_verify_after_rotation(settings, bearing):
    session = UserSessionFactory()
    token = forged(session)
    settings.JWT_SIGNING_KEYS = [
        "a new key, long enough to sign with it",
        *settings.JWT_SIGNING_KEYS,
    ]

    assert bearing(token).get(ME).status_code == 200
    fresh = tokens.pair(session, now=timezone.now()).access
    assert jwt.get_unverified_header(fresh)["kid"] == next(iter(tokens._keys()))


@pytest.mark.django_db
def test_refused_tokens_are_counted(throttled, settings, bearing):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"bad_token": "3/hour"}
    client = bearing("no token")

    statuses = [client.get(ME).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


@pytest.mark.django_db
def test_a_request_reads_session_and_user_in_one_query(
    api_for, attendee, django_assert_num_queries
):
    client = api_for(attendee)

    with django_assert_num_queries(2):  # who asks, and the row itself
        client.get(ME)


@pytest.mark.django_db
def test_refreshing_rotates(attendee, tokens_for, bearing):
    pair = tokens_for(attendee)

    response = refresh(pair["refresh"])

    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"access", "refresh"}
    assert bearing(body["access"]).get(ME).status_code == 200
    assert refresh(body["refresh"]).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "survives"), [(6, True), (30, False)])
def test_a_used_refresh_token(attendee, tokens_for, bearing, seconds, survives):
    first = tokens_for(attendee)
    second = refresh(first["refresh"]).json()

    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        again = refresh(first["refresh"])
        access = bearing(second["access"]).get(ME).status_code
        current = refresh(second["refresh"]).status_code

    assert again.status_code == 401
    assert again.json()["error"]["code"] == "AUTHENTICATION_FAILED"
    assert (access, current) == ((200, 200) if survives else (401, 401))
    assert OutgoingEmail.objects.filter(kind="session_reuse").exists() is not survives
    ended = AuditEntry.objects.filter(action="session.ended", payload__reason="token_reuse")
    assert ended.exists() is not survives


@pytest.mark.django_db
def test_a_token_older_than_the_last_ends_the_session(attendee, tokens_for):
    first = tokens_for(attendee)
    second = refresh(first["refresh"]).json()
    refresh(second["refresh"])

    assert refresh(first["refresh"]).status_code == 401
    assert UserSession.objects.get().end_reason == "token_reuse"


@pytest.mark.django_db
def test_sessions_end_after_ninety_days_however_often_they_are_refreshed(attendee):
    now = timezone.now()
    session = sessions.open_for_tokens(attendee, now=now)
    UserSession.objects.filter(pk=session.pk).update(created_at=now - timedelta(days=88))

    sessions.rotate(tokens.pair(session, now=now).refresh, now=now)

    session.refresh_from_db()
    assert session.expires_at == session.created_at + timedelta(days=90)


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["deactivated", "erased", "ended", "expired"])
def test_what_is_over_is_not_refreshed(attendee, tokens_for, bearing, what):
    pair = tokens_for(attendee)
    session = UserSession.objects.get()
    if what == "deactivated":
        User.objects.update(is_active=False)
    elif what == "erased":
        attendee.erase()
    elif what == "ended":
        sessions.end(session, sessions.EndReason.STAFF)
    else:
        UserSession.objects.update(expires_at=timezone.now())

    assert refresh(pair["refresh"]).status_code == 401
    assert bearing(pair["access"]).get(ME).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": ["x"]}, [], 7])
def test_malformed_bodies_are_named(body):
    response = APIClient().post(REFRESH, body, format="json")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.django_db
def test_an_access_token_is_no_refresh_token(attendee, tokens_for):
    assert refresh(tokens_for(attendee)["access"]).status_code == 401


@pytest.mark.django_db
def test_refreshing_is_limited_by_session(attendee, tokens_for, throttled, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"refresh": "2/hour"}
    one, other = tokens_for(attendee)["refresh"], tokens_for(attendee)["refresh"]
    for _ in range(2):
        one = refresh(one).json()["refresh"]

    assert refresh(one).status_code == 429
    assert refresh(other).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["access", "refresh"])
def test_signing_out_kills_both_tokens(attendee, tokens_for, bearing, by):
    pair = tokens_for(attendee)
    if by == "access":
        response = bearing(pair["access"]).post(LOGOUT)
    else:
        response = bearing("stale").post(LOGOUT, {"refresh": pair["refresh"]})

    assert response.status_code == 204
    assert bearing(pair["access"]).get(ME).status_code == 401
    assert refresh(pair["refresh"]).status_code == 401
    assert UserSession.objects.get().end_reason == "logout"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "NOT_AUTHENTICATED"), ({"refresh": "forged"}, "AUTHENTICATION_FAILED")],
)
def test_signing_out_needs_one_valid_token(body, code):
    response = APIClient().post(LOGOUT, body)

    assert (response.status_code, response.json()["error"]["code"]) == (401, code)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_sixteen_simultaneous_refreshes_one_wins():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time; the race needs PostgreSQL.")
    user = UserFactory()
    pair = tokens.pair(sessions.open_for_tokens(user, now=timezone.now()), now=timezone.now())
    gate, answers = threading.Barrier(16), []

    def exchange():
        gate.wait()
        try:
            answers.append(refresh(pair.refresh).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=exchange) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [401] * 15
    assert UserSession.objects.get().ended_at is None


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_sixteen_sign_ups_of_one_address_make_one_account():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time; the race needs PostgreSQL.")
    gate, answers = threading.Barrier(16), []

    def sign_up(number):
        email = "".join(
            letter.upper() if number >> place & 1 else letter
            for place, letter in enumerate("race@example.org")
        )
        gate.wait()
        body = {"email": email, "password": PASSWORD, "password_confirm": PASSWORD}
        try:
            response = APIClient().post("/api/v1/auth/signup/", {**body, "full_name": "Rae Ce"})
            answers.append(response.status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [201] * 16
    assert User.objects.count() == 1
