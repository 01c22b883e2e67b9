"""Nothing tells whether an address has an account: same answer, same work.

Work is counted, not timed: the password hashes computed and the statements sent to the database,
by kind and table. What takes longer for one sort of account happens in tasks after the answer.
`benchmarks.enumeration` measures times.
"""

import json
import re
from uuid import UUID

import pytest
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.models import OutboxTask
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.invitations import MembershipInvitationFactory

KNOWN = "known@example.org"
FREE = "other@example.org"  # of the same length: not even the size of an answer may differ
VERB = re.compile(r"[A-Z]+")
TABLE = re.compile(r'(?:FROM|INTO|UPDATE) ("\w+")')
UUID_TEXT = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWNERS = {
    "verified": {},
    "unverified": {"unverified": True},
    "deactivated": {"is_active": False},
    "without a password": {"password": UNUSABLE_PASSWORD_PREFIX},
    "organizer": {"organizer": True},
    "of the platform": {"platform_staff": True},
}
pytestmark = pytest.mark.django_db


def sign_up(api, email):
    secret = "Quiet-Lamp-42-River"
    body = {"email": email, "full_name": "Nina New", "password": secret}
    return api.post("/api/v1/auth/signup/", body | {"password_confirm": secret})


def resend(api, email):
    return api.post("/api/v1/auth/resend-verification/", {"email": email})


def reset(api, email):
    return api.post("/api/v1/auth/password-reset/", {"email": email})


def sign_in(api, email):
    return api.post("/api/v1/auth/token/", {"email": email, "password": "not the password"})


def change_email(api, email):
    return api.post("/api/v1/users/me/email/", {"new_email": email, "password": PASSWORD})


CALLS = {
    "sign-up": (sign_up, 201, 1),
    "resend": (resend, 200, 0),
    "password reset": (reset, 200, 0),
    "sign-in": (sign_in, 401, 1),
    "e-mail change": (change_email, 202, 1),
}


@pytest.fixture
def caller(api_for):
    """A client with a session of its own; what needs none ignores it."""
    return api_for(UserFactory(email="caller@example.org"))


def kinds_of(statements):
    """Return verb and table of each statement; savepoints have names that are used once."""
    texts = [each["sql"] for each in statements]
    return [" ".join([VERB.match(text)[0], *TABLE.findall(text)]) for text in texts]


def told(response, email):
    """Return everything a caller sees, without what is random or was said by them."""
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    content = UUID_TEXT.sub(b"uuid", response.content).replace(email.encode(), b"address")
    return response.status_code, content, headers


def observe(call, caller, email, hashes):
    hashes.clear()
    with CaptureQueriesContext(connection) as captured:
        response = call(caller, email)
    return told(response, email), kinds_of(captured.captured_queries), len(hashes)


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize(("call", "status", "hashed"), CALLS.values(), ids=CALLS)
def test_known_and_unknown_addresses_get_the_same(caller, hashes, call, status, hashed, owner):
    UserFactory(email=KNOWN, **owner)
    resend(caller, "warm@example.org")  # what a process reads once is read now

    known = observe(call, caller, KNOWN, hashes)
    unknown = observe(call, caller, FREE, hashes)

    assert known == unknown
    assert (known[0][0], known[2]) == (status, hashed)
    assert known[1], "work was counted"


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize(
    ("call", "task"),
    [
        (sign_up, "accounts.note_sign_up"),
        (resend, "accounts.ask_verification"),
        (reset, "accounts.ask_password_reset"),
        (change_email, "accounts.note_email_change"),
    ],
)
def test_the_same_work_is_asked_for_afterwards(caller, call, task, owner):
    UserFactory(email=KNOWN, **owner)

    call(caller, KNOWN)
    call(caller, FREE)

    rows = OutboxTask.objects.filter(name=task)
    assert rows.count() == 2
    assert all(UUID(row.args[0]) for row in rows)
    assert len({len(str(row.args[0])) for row in rows}) == 1


def test_the_answers_are_told_apart_where_they_should_be(caller, hashes):
    """What holds known and unknown against each other sees a difference where there is one."""
    UserFactory(email=KNOWN)
    right = {"email": KNOWN, "password": PASSWORD}

    wrong = observe(sign_in, caller, KNOWN, hashes)
    entered = observe(lambda api, _: api.post("/api/v1/auth/token/", right), caller, KNOWN, hashes)

    assert wrong[0] != entered[0]
    assert wrong[1] != entered[1]


def preview(api, secret):
    return api.post("/api/v1/organization-invitations/preview/", {"token": secret})


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
def test_the_preview_of_an_invitation_tells_nothing_of_its_address(
    caller, hashes, organization, organizer, owner
):
    UserFactory(email=KNOWN, **owner)
    facts = {"organization": organization, "invited_by": organizer}
    known, unknown = (
        MembershipInvitationFactory(email=email, **facts).secret for email in (KNOWN, FREE)
    )

    seen = observe(preview, caller, known, hashes)
    against = observe(preview, caller, unknown, hashes)

    assert seen[0][0] == 200
    assert without_address(seen) == without_address(against)


def without_address(seen):
    """Return what was seen without the masked address and the time it is open until."""
    (status, content, headers), *work = seen
    body = json.loads(content)
    shown = {name: value for name, value in body.items() if name not in {"email", "expires_at"}}
    return status, shown, body.keys(), len(content), headers, *work


def test_unknown_and_answered_invitations_look_alike(caller, hashes, organization):
    secret = MembershipInvitationFactory(organization=organization, declined=True).secret

    answered = observe(preview, caller, secret, hashes)
    unknown = observe(preview, caller, "x" * len(secret), hashes)

    assert answered[0] == unknown[0]
    assert answered[0][0] == 400
