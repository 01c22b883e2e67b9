"""Real threads against committed rows: a flow is good once, an address has one account."""

from datetime import timedelta
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db import transaction
from django.utils import timezone

from accounts import email_change, proofs, sign_in_methods, social
from accounts.models import AccountToken, SocialAccount, User, UserSession
from integrations import doubles
from integrations.oidc import client as oidc
from tests.factories.accounts import UserFactory
from tests.factories.social import SocialAccountFactory
from tests.races import RACES, THREADS, together

pytestmark = RACES
ADA = "ada@example.org"


@pytest.fixture(autouse=True)
def double():
    """The double as it is after its start."""
    double = doubles.oidc_double()
    double.reset()
    oidc.memory.clear()
    return double


def consented(provider="google"):
    start = social.begin(provider, session=None, now=timezone.now())
    facts = {"email": ADA, "name": "Ada", "verified": "true"}
    answer = requests.get(start.authorization_url, params=facts, allow_redirects=False, timeout=5)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {"code": query["code"][0], "state": query["state"][0], "flow_token": start.flow_token}


def completing(answer, provider="google"):
    def call():
        entry = social.complete(provider, session=None, answer=answer, now=timezone.now())
        return "created" if entry.created else "entered"

    return call


def test_a_callback_sent_twice_at_once_succeeds_once(double):
    answer = consented()

    outcomes = together([completing(answer)] * THREADS)

    assert sorted(outcomes) == ["InvalidState"] * (THREADS - 1) + ["created"]
    assert double.count("POST", "/google/token") == 1
    assert UserSession.objects.count() == 1


def test_first_sign_ins_of_one_identity_at_once_make_one_account():
    answers = [consented() for _ in range(THREADS)]

    outcomes = together([completing(answer) for answer in answers])

    assert sorted(outcomes) == ["created"] + ["entered"] * (THREADS - 1)
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 1)
    assert UserSession.objects.count() == THREADS


def test_first_sign_ins_by_both_providers_at_once_make_one_account():
    pairs = [(consented(provider), provider) for provider in (*oidc.PROVIDERS, *oidc.PROVIDERS)]

    outcomes = together([completing(*pair) for pair in pairs])

    assert sorted(outcomes) == ["created", "entered", "entered", "entered"]
    assert sorted(SocialAccount.objects.values_list("provider", "user__email")) == [
        ("google", ADA),
        ("microsoft", ADA),
    ]


def test_an_unproven_account_is_handed_over_once():
    user = UserFactory(unverified=True, email=ADA)
    answers = [consented() for _ in range(THREADS)]

    outcomes = together([completing(answer) for answer in answers])

    user.refresh_from_db()
    assert outcomes == ["entered"] * THREADS
    assert (user.email_verified, user.has_usable_password()) == (True, False)
    assert UserSession.objects.filter(user=user, ended_at=None).count() == THREADS


def without_password():
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    return user


def test_the_last_two_ways_to_sign_in_are_not_removed_at_once():
    user = without_password()
    rows = [SocialAccountFactory(user=user, provider=provider) for provider in oidc.PROVIDERS]

    def removing(row):
        return lambda: social.unlink(SocialAccount.objects.get(pk=row.pk), by=user)

    outcomes = together([removing(row) for row in rows])

    assert sorted(map(str, outcomes)) == ["LastSignInMethod", "None"]
    assert user.social_accounts.count() == 1


def test_without_its_lock_the_last_two_would_go():
    user = without_password()
    rows = [SocialAccountFactory(user=user, provider=provider) for provider in oidc.PROVIDERS]
    gate = Barrier(2)

    def removing(row):
        def call():
            with transaction.atomic():
                others = user.social_accounts.exclude(pk=row.pk)
                assert others.exists()
                gate.wait()
                SocialAccount.objects.filter(pk=row.pk).delete()

        return call

    together([removing(row) for row in rows])

    assert user.social_accounts.count() == 0
    with pytest.raises(sign_in_methods.LastSignInMethod):
        sign_in_methods.require_another(user, without=SocialAccountFactory(user=user))


def promised(user, email):
    now = timezone.now()
    lifetime = timedelta(hours=1)
    row = proofs.promise(user, proofs.Purpose.CHANGE_EMAIL, email=email, lifetime=lifetime, now=now)
    return proofs.fulfil(row.uuid, now=now)[1]


def test_one_of_several_accounts_gets_the_address():
    users = UserFactory.create_batch(THREADS)
    secrets = [promised(user, ADA) for user in users]

    def confirming(secret):
        return lambda: email_change.confirm(secret, now=timezone.now()).email

    outcomes = together([confirming(secret) for secret in secrets])

    assert sorted(outcomes) == ["InvalidToken"] * (THREADS - 1) + [ADA]
    assert User.objects.filter(email=ADA).count() == 1
    assert AccountToken.objects.filter(used_at=None).count() == THREADS - 1


def test_a_secret_used_at_once_changes_the_address_once():
    user = UserFactory()
    secret = promised(user, ADA)

    outcomes = together([lambda: email_change.confirm(secret, now=timezone.now()).email] * THREADS)

    assert sorted(outcomes) == ["InvalidToken"] * (THREADS - 1) + [ADA]
