"""What several tests of events need."""

import threading

import pytest
from django.db import connection


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
                connection.close()

        threads = [
            threading.Thread(target=perform, args=(place, call)) for place, call in enumerate(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    return run
