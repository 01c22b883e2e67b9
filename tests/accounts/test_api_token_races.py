"""Real threads against committed rows: never more keys than may be, and one secret that opens."""

from collections import Counter
from contextlib import nullcontext
from unittest import mock

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accounts import api_tokens, sessions
from accounts.exceptions import AuthenticationFailed
from accounts.models import ApiToken, Organization, User
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.api_tokens import ApiTokenFactory
from tests.races import RACES, THREADS, together

pytestmark = RACES
WISHES = {"name": "Reports", "scopes": ["events:read"], "expires_in_days": 90}


def founder():
    user = UserFactory(organizer=True)
    MembershipFactory(user=user, organization=OrganizationFactory(), role="owner")
    sessions.open_for_tokens(user, now=timezone.now())
    return user


def creating(user, *, shared=False):
    def call():
        by = User.objects.get(pk=user.pk)
        by.session = by.sessions.get()
        organization = Organization.objects.get() if shared else None
        api_tokens.create(by=by, organization=organization, **WISHES)
        return "made"

    return call


def no_lock(rows, **_):
    return rows


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("locked", [True, False])
def test_the_last_key_is_made_once(shared, locked):
    user = founder()
    ApiTokenFactory.create_batch(
        19, user=user, organization=Organization.objects.get() if shared else None
    )
    without = mock.patch.object(QuerySet, "select_for_update", no_lock)

    with nullcontext() if locked else without:
        outcomes = Counter(together([creating(user, shared=shared)] * 7))

    made = ApiToken.objects.count()
    if locked:
        assert (outcomes, made) == ({"made": 1, "TokenLimitReached": 6}, 20)
    else:
        assert made > 20, "The control must fail: nothing but the lock keeps the limit."


def test_from_nothing_twenty_one_at_once_leave_twenty():
    user = founder()

    outcomes = Counter(together([creating(user)] * 21))

    assert (outcomes, ApiToken.objects.count()) == ({"made": 20, "TokenLimitReached": 1}, 20)


def test_of_secrets_renewed_at_once_the_last_one_opens():
    token = ApiTokenFactory(user=founder())

    def rotate():
        by = User.objects.get(pk=token.user_id)
        by.session = by.sessions.get()
        return api_tokens.rotate(token, by=by).token

    secrets = together([rotate] * THREADS)

    def opens(secret):
        try:
            return api_tokens.by_secret(secret, now=timezone.now()) == token
        except AuthenticationFailed:
            return False

    assert [opens(secret) for secret in secrets].count(True) == 1
