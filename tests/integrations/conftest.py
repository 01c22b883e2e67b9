"""What the tests of providers share."""

import pytest
from django.conf import settings

from integrations import doubles, webhooks
from integrations.zoom import http

HAPPENED = ("zoom", "test.happened")


@pytest.fixture
def handled(monkeypatch):
    """Return a decorator that registers handlers of ``test.happened`` for this test alone."""
    monkeypatch.setitem(webhooks._handlers, HAPPENED, [])
    return webhooks.handles(*HAPPENED)


@pytest.fixture
def zoom():
    """Return Zoom's double as it is after its start; the client is pointed at it."""
    double = doubles.zoom_double()
    double.reset()
    http.circuit.succeeded()
    return double


@pytest.fixture
def stripe_account():
    """Return Stripe's double as it is after its start."""
    double = doubles.stripe_double()
    double.reset()
    return double


@pytest.fixture
def no_waiting(monkeypatch):
    """Return the pauses the client would have made, instead of making them."""
    pauses = []
    monkeypatch.setattr(http, "_pause", pauses.append)
    return pauses


@pytest.fixture
def secret():
    """Return the secret that Zoom's messages are signed with in this process."""
    return (settings.ZOOM_WEBHOOK_SECRET or [settings.DEVELOPMENT_WEBHOOK_SECRET])[0]
