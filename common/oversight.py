"""Power over everybody's rows: its use is noted while a request runs and leaves an audit entry.

Whoever grants such power calls `note` when it opens something; who has none costs nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.db.models import Model
from rest_framework.request import Request
from rest_framework.response import Response

from common import audit, context
from common.models import AuditEntry, BaseModel

FILTER_LENGTH = 200


@dataclass
class Watch:
    """By which powers the running request reached rows, and the row it was about, if one."""

    powers: set[str] = field(default_factory=set)
    row: BaseModel | None = None


_watch: ContextVar[Watch | None] = ContextVar("oversight", default=None)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch over the block."""
    mark = _watch.set(Watch())
    try:
        yield _watch.get() or Watch()
    finally:
        _watch.reset(mark)


def note(power: str) -> None:
    """Note that the running request reaches rows of others by this power."""
    watch = _watch.get()
    if watch is not None:
        watch.powers.add(str(power))


def shown(row: Model) -> None:
    """Note which row the running request is about."""
    watch = _watch.get()
    if watch is not None and isinstance(row, BaseModel):
        watch.row = row


def record(request: Request, response: Response, watch: Watch) -> None:
    """Leave one entry about a request that reached rows by such power and was not refused."""
    if not watch.powers or response.status_code >= HTTPStatus.BAD_REQUEST:
        return
    match = request._request.resolver_match  # noqa: SLF001 -- the framework's own request
    with context.acting(actor_type=AuditEntry.ActorType.STAFF):
        audit.record(
            "staff.accessed",
            target=watch.row,
            by=request.user if isinstance(request.user, Model) else None,
            organization=_loaded(watch.row, "organization"),
            owner=_loaded(watch.row, "owner"),
            method=request.method,
            route=match.route if match else "",
            rows={name: str(value) for name, value in match.kwargs.items()} if match else {},
            filters={
                name: [value[:FILTER_LENGTH] for value in values]
                for name, values in request.query_params.lists()
            },
            powers=sorted(watch.powers),
        )


def _loaded(row: BaseModel | None, name: str) -> Any:
    """Return what the row belongs to, as far as that was loaded with it."""
    cached = row._state.fields_cache if row is not None else {}  # noqa: SLF001 -- Django's documented attribute
    return cached.get(name)
