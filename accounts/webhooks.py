"""What integrators are told: the catalogue of types, and one row per message and endpoint."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User, WebhookDelivery, WebhookEndpoint
from common import codes
from common.models import BaseModel
from common.outbox import after_commit_each

Content: TypeAlias = Mapping[str, Any]

DISPATCH: Final = "accounts.dispatch_delivery"
QUEUE: Final = "webhooks"
SAMPLE_ID: Final = "msg_01J9Z3Q4N7K2T5V8X0B3D6F9HA"
SAMPLE_TIME: Final = datetime(2027, 2, 1, 10, tzinfo=UTC)


class UnknownType(LookupError):
    """A message of a type that no app registered: a mistake in our own code."""


@dataclass(frozen=True)
class EventType:
    """One kind of message, and what its object looks like."""

    type: str
    description: str
    example_object: Content

    @property
    def example(self) -> Content:
        """A whole message of this type."""
        return _envelope(SAMPLE_ID, self.type, self.example_object, SAMPLE_TIME, None)


_types: dict[str, EventType] = {}


def register_type(name: str, *, description: str, example: Content) -> None:
    """Let messages of this type be published; the example is their object."""
    _types[name] = EventType(name, description, example)


def types() -> Sequence[EventType]:
    """Return every type, by name."""
    return [_types[name] for name in sorted(_types)]


def unknown(names: Iterable[str]) -> list[str]:
    """Return the names that are no type of the catalogue."""
    return [name for name in names if name not in _types]


def publish(
    event_type: str,
    *,
    owner: User | int | None,
    organization: Organization | int | None,
    object: Content | Callable[[], Content],  # noqa: A002 -- the word that receivers read
    at: datetime | None = None,
) -> None:
    """Tell the organization's endpoints, or the owner's where there is none, what happened.

    Writes one delivery per active endpoint that wants the type, in the caller's transaction:
    rolled back means never sent. Who listens is asked once per transaction, however much happens
    in it; an object given as a function is made only for somebody. ``at`` is when it happened, if
    not now.
    """
    if event_type not in _types:
        raise UnknownType(event_type)
    listening = [each for each in _active(owner, organization) if each.wants(event_type)]
    if listening:
        content = object() if callable(object) else object
        write(listening, event_type, content, at=at or timezone.now())


def forget() -> None:
    """Ask anew who listens: an endpoint was changed in this transaction."""
    _known().clear()


def write(
    endpoints: Sequence[WebhookEndpoint], event_type: str, content: Content, *, at: datetime
) -> list[WebhookDelivery]:
    """Write one message to these endpoints and ask for its sending; constant in queries."""
    now = timezone.now()
    message_id = f"msg_{codes.time_ordered(now)}"
    rows = [
        WebhookDelivery(
            endpoint=each,
            message_id=message_id,
            type=event_type,
            payload=encoded(
                _envelope(
                    message_id,
                    event_type,
                    content,
                    at,
                    each.organization.uuid if each.organization else None,
                )
            ),
            next_attempt_at=now,
        )
        for each in endpoints
    ]
    WebhookDelivery.objects.bulk_create(rows)
    ask(row.pk for row in rows)
    return rows


def ask(delivery_ids: Iterable[int]) -> None:
    """Ask for the sending after commit; asking twice is asking once."""
    calls = {f"delivery:{pk}": (pk,) for pk in delivery_ids}
    after_commit_each(DISPATCH, calls, queue=QUEUE)


def thing(kind: str, row: BaseModel | UUID, path: str, **facts: Any) -> Content:
    """Return what a message says of a row: what it is, where to read it, and plain facts.

    No names, addresses, answers, links, codes or tokens: receivers read the resource. The path
    is the row's below ``/api/v1/``.
    """
    uuid = row if isinstance(row, UUID) else row.uuid
    url = f"{settings.PUBLIC_BASE_URL}/api/v1/{path}"
    return {"object": kind, "uuid": uuid, "url": url, **facts}


def encoded(envelope: Content) -> str:
    """Return the characters that are stored, signed and sent."""
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder)


class _Known(dict[tuple[int | None, int | None], list[WebhookEndpoint]]):
    """The endpoints of each tenant as this transaction found them.

    It waits among what is done after commit, and so it goes with the transaction or savepoint.
    """

    def __call__(self) -> None:
        self.clear()


def _known() -> _Known:
    for _, hook, *_ in transaction.get_connection().run_on_commit:
        if isinstance(hook, _Known):
            return hook
    known = _Known()
    transaction.on_commit(known)
    return known


def _active(
    owner: User | int | None, organization: Organization | int | None
) -> list[WebhookEndpoint]:
    known, tenant = _known(), (_key(owner), _key(organization))
    if tenant not in known:
        endpoints = WebhookEndpoint.objects.of(owner=tenant[0], organization=tenant[1])
        active = endpoints.filter(is_active=True).select_related("organization")
        known[tenant] = list(active.order_by("pk"))
    return known[tenant]


def _key(row: User | Organization | int | None) -> int | None:
    return row if row is None or isinstance(row, int) else row.pk


def _envelope(
    message_id: str, event_type: str, content: Content, at: datetime, organization: UUID | None
) -> Content:
    return {
        "id": message_id,
        "type": event_type,
        "created_at": at.replace(microsecond=0),
        "sequence": None,  # counted at the first attempt
        "organization": organization,
        "data": {"object": content},
    }
