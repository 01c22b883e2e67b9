"""Real threads against committed rows: what tests of races have in common."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from common.exceptions import DomainError

# For ``pytestmark`` of a module of races.
RACES = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="on SQLite every transaction is serial"
    ),
]
# As many as have a connection of their own beside the test's, in the pool of one process.
THREADS = 7


def together(calls):
    """Run the calls on threads that start at the same moment; return the outcomes.

    A refusal is an outcome: the name of its class.
    """
    gate = Barrier(min(THREADS, len(calls)))

    def run(call):
        try:
            return call()
        except (DomainError, ValidationError) as refusal:
            return type(refusal).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS, initializer=gate.wait) as pool:
        return list(pool.map(run, calls))
