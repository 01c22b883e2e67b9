"""Stories run against committed rows, tasks at once, Zoom's double on a socket."""

from datetime import timedelta

import pytest
import time_machine

from integrations import doubles
from integrations.zoom import http
from tests.flows.people import Person
from tests.flows.story import STARTS_AT


@pytest.fixture
def zoom(transactional_db):
    """Zoom's double as it is after its start."""
    double = doubles.zoom_double()
    double.reset()
    http.circuit.succeeded()
    return double


@pytest.fixture
def organizer(zoom, clock):
    """Olga, who became an organizer the day before and connected Zoom, over HTTP."""
    clock(STARTS_AT - timedelta(days=1))
    olga = Person("olga@provider.example", "Olga Organizer").sign_up()
    olga.post("users/me/upgrade/")
    olga.connect_zoom()
    return olga


@pytest.fixture
def clock():
    """Return a function that moves the clock for the rest of the story."""
    travelling = []

    def move_to(moment):
        while travelling:
            travelling.pop().stop()
        traveller = time_machine.travel(moment, tick=True)
        traveller.start()
        travelling.append(traveller)

    yield move_to
    while travelling:
        travelling.pop().stop()
