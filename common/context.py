"""Who is asking and under which request id, for audit entries, logs and tasks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class RequestContext:
    """What the running request, task or command knows about its origin."""

    request_id: str = ""
    actor_type: str = "system"
    actor_uuid: UUID | None = None
    token_uuid: UUID | None = None
    ip_address: str = ""
    user_agent: str = ""


NOBODY = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request_context", default=NOBODY)


def current() -> RequestContext:
    """Return the context of the running request, task or command."""
    return _current.get()


@contextmanager
def acting(**changes: Any) -> Iterator[RequestContext]:
    """Run the block under a context with these fields changed."""
    mark = _current.set(replace(_current.get(), **changes))
    try:
        yield _current.get()
    finally:
        _current.reset(mark)


def identify(actor_type: str, actor_uuid: UUID, *, token_uuid: UUID | None = None) -> None:
    """Note who was recognised, and by which API token, for the rest of the running request."""
    known = replace(
        _current.get(), actor_type=actor_type, actor_uuid=actor_uuid, token_uuid=token_uuid
    )
    _current.set(known)
