"""What several tests of events need."""

import threading

import pytest
from django.db import connection as database

from integrations.doubles.zoom import ZoomDouble
from integrations.zoom import http
from tests.factories.accounts import ZoomConnectionFactory
from tests.factories.events import EventFactory


@pytest.fixture
def at_once():
    """Return a function that calls others in threads together; errors are their outcome."""

    def run(*calls):
        barrier = threading.Barrier(len(calls))
        outcomes = [None] * len(calls)

        def perform(place, call):
            barrier.wait()
            try:
                call()
            except Exception as error:  # noqa: BLE001 -- the outcome is what is looked at
                outcomes[place] = error
            finally:
                database.close()

        threads = [
            threading.Thread(target=perform, args=(place, call)) for place, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    return run


@pytest.fixture(scope="module")
def double():
    started = ZoomDouble()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def zoom(double, settings, monkeypatch):
    """The double, listening and empty; the client waits for nothing."""
    for remembered in (double.calls, double.faults, double.meetings):
        remembered.clear()
    settings.ZOOM_API_BASE = f"{double.url}/v2"
    settings.ZOOM_OAUTH_BASE = double.url
    monkeypatch.setattr(http, "_pause", lambda _seconds: None)
    http.circuit.succeeded()
    yield double
    http.circuit.succeeded()


@pytest.fixture
def connection(zoom, organizer):
    pair = zoom.pair_for("host1")
    return ZoomConnectionFactory(
        user=organizer, access_token=pair["access_token"], zoom_user_id="host1"
    )


@pytest.fixture
def published(organizer):
    """A published event that wants a meeting."""
    event = EventFactory(owner=organizer, title="Wound care", zoom_enabled=True)
    event.publish(by=organizer)
    return event
