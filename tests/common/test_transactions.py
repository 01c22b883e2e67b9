"""Transactions that are worth a second try."""

import pytest
from django.db import OperationalError, transaction

from common.transactions import retrying


class Deadlock(Exception):
    sqlstate = "40P01"


def failing(times: int, cause: Exception):
    """Return a verb that fails so many times, and the list of its tries."""
    tries = []

    @retrying
    def verb():
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError("cannot go on") from cause
        return "done"

    return verb, tries


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_tried_again():
    verb, tries = failing(2, Deadlock())

    assert (verb(), len(tries)) == ("done", 3)


@pytest.mark.django_db(transaction=True)
def test_three_tries_are_enough():
    verb, tries = failing(3, Deadlock())

    with pytest.raises(OperationalError):
        verb()
    assert len(tries) == 3


@pytest.mark.django_db(transaction=True)
def test_other_failures_are_not_tried_again():
    verb, tries = failing(1, ConnectionError())

    with pytest.raises(OperationalError):
        verb()
    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_only_the_outermost_may_repeat():
    verb, tries = failing(1, Deadlock())

    with pytest.raises(OperationalError), transaction.atomic():
        verb()
    assert len(tries) == 1
