"""Notices inside the product: who is told what, once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Required, TypedDict, Unpack
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator

from accounts.models import Notification, User

TITLE_LENGTH: Final = 255
MESSAGE_LENGTH: Final = 2000
AT_ONCE: Final = 500

_types: dict[str, str] = {}


class UnknownType(LookupError):
    """A notice of a type that no app registered: a mistake in our own code."""


def register_type(name: str, description: str) -> None:
    """Let notices of this type be given; apps do so in their receivers."""
    _types[name] = description


def types() -> Mapping[str, str]:
    """Return every type with what it is about, by name."""
    return dict(sorted(_types.items()))


class Notice(TypedDict, total=False):
    """What a notice says; `action_url` is a path of the front end, `event` an event's uuid.

    Nobody gets a second notice under one dedupe key.
    """

    title: Required[str]
    message: str
    action_url: str
    metadata: Mapping[str, Any]
    event: UUID | None
    dedupe_key: str | None


def notify(user: User | None, notification_type: str, **notice: Unpack[Notice]) -> None:
    """Tell one person, in the caller's transaction; guests have no inbox and are passed over."""
    has_inbox = user is not None and user.erased_at is None
    _give([user.pk] if user and has_inbox else [], notification_type, notice)


def notify_many(
    user_ids: Iterable[int | None], notification_type: str, **notice: Unpack[Notice]
) -> None:
    """Tell many people the same, in the caller's transaction and in two queries for 500.

    Accounts that ended are passed over.
    """
    wanted = {user_id for user_id in user_ids if user_id is not None}
    people = User.objects.filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True)
    _give(list(people) if wanted else [], notification_type, notice)


def read_all(*, by: User) -> int:
    """Mark all of the person's unread notices as read; return how many there were."""
    now = timezone.now()
    return unread(by).update(read_at=now, updated_at=now)


def unread(user: User) -> QuerySet[Notification]:
    """Return the notices that the person has not read."""
    return Notification.objects.visible_to(user).filter(read_at=None)


def _give(user_ids: Sequence[int], notification_type: str, notice: Notice) -> None:
    if notification_type not in _types:
        raise UnknownType(notification_type)
    said = _said(notice)
    rows = [
        Notification(user_id=user_id, notification_type=notification_type, **said)
        for user_id in user_ids
    ]
    # A second notice of one key is left out by the database: it does no harm to the transaction.
    Notification.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)


def _said(notice: Notice) -> dict[str, Any]:
    action_url = notice.get("action_url", "")
    if action_url and (not action_url.startswith("/") or action_url.startswith("//")):
        raise ValueError(f"Not a path of the front end: {action_url}")
    return {
        "title": Truncator(notice["title"]).chars(TITLE_LENGTH),
        "message": Truncator(notice.get("message", "")).chars(MESSAGE_LENGTH),
        "action_url": action_url,
        "metadata": dict(notice.get("metadata", {})),
        "event_uuid": notice.get("event"),
        "dedupe_key": notice.get("dedupe_key"),
    }
