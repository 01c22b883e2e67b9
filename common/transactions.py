"""Transactions that are worth a second try."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, transaction

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
# SQLSTATE of serialization failure and deadlock, https://www.postgresql.org/docs/current/errcodes-appendix.html
RETRYABLE = frozenset({"40001", "40P01"})


def retrying(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the verb in a transaction of its own; after a deadlock run it again, up to 3 times.

    Inside an open transaction it runs once: only the outermost may be repeated.
    """

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        nested = transaction.get_connection().in_atomic_block
        for remaining in reversed(range(1 if nested else ATTEMPTS)):
            try:
                with transaction.atomic():
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not remaining or _sqlstate(error) not in RETRYABLE:
                    raise
        raise AssertionError("unreachable")

    return run


def _sqlstate(error: OperationalError) -> Any:
    return getattr(error.__cause__, "sqlstate", None)
