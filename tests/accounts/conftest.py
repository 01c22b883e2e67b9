"""What the tests of accounts share: mailed secrets, a hasher that counts, tokens by hand."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from rest_framework.test import APIClient

from common import throttling
from common.models import OutgoingEmail
from tests.factories.accounts import PASSWORD


@pytest.fixture
def mailed():
    """Return the secret of the newest mail of this kind to the address."""

    def secret(kind: str, email: str) -> str:
        # The table forgets the text of such mails as soon as they are sent.
        row = OutgoingEmail.objects.filter(kind=kind, to_email=email).latest("id")
        sent = [each for each in mail.outbox if each.subject == row.subject and email in each.to[0]]
        return re.search(r"token=([\w-]+)", sent[-1].body)[1]

    return secret


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Run a call, then what it asked for after commit."""

    def run(call):
        with django_capture_on_commit_callbacks(execute=True):
            return call()

    return run


@pytest.fixture
def throttled(settings):
    """Switch the limits on, from zero."""
    settings.THROTTLING_ENABLED = True
    throttling.memory.clear()
    cache.clear()
    yield
    throttling.memory.clear()
    cache.clear()


@pytest.fixture
def tokens_for():
    """Sign in over HTTP; return the answer's body."""

    def sign_in(user, password=PASSWORD):
        response = APIClient().post(
            "/api/v1/auth/token/", {"email": user.email, "password": password}
        )
        assert response.status_code == 200, response.content
        return response.json()

    return sign_in


@pytest.fixture
def bearing():
    """Return a client that carries this access token."""

    def client(access: str) -> APIClient:
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
        return api

    return client


@pytest.fixture
def hashes(settings, monkeypatch):
    """Return the list that grows by one with each password hash computed."""
    computed = []
    encode = MD5PasswordHasher.encode

    def counting(self, password, salt):
        computed.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return computed
