"""Notices inside the product: who is told what, once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Required, TypedDict, Unpack
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator

from accounts.models import Notification, User
from common.models import OutgoingEmail

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
    _give([(user.pk, notice)] if user and has_inbox else [], notification_type)


def notify_many(
    user_ids: Iterable[int | None], notification_type: str, **notice: Unpack[Notice]
) -> None:
    """Tell many people the same, in the caller's transaction and in two queries for 500.

    Accounts that ended are passed over.
    """
    notify_each(dict.fromkeys(user_ids, notice).items(), notification_type)


def notify_each(notices: Iterable[tuple[int | None, Notice]], notification_type: str) -> None:
    """Tell each person of these something of their own, else as `notify_many`."""
    told = [(user_id, notice) for user_id, notice in notices if user_id is not None]
    people = {user_id for user_id, _ in told}
    alive = set(User.objects.filter(pk__in=people).values_list("pk", flat=True)) if told else set()
    _give([each for each in told if each[0] in alive], notification_type)


def beside(
    message: OutgoingEmail | None,
    user: User | None,
    *,
    action_url: str = "",
    event: UUID | None = None,
) -> None:
    """Tell in the product what this mail says; one that was queued before told it already.

    The type is the mail's kind, the title its subject.
    """
    if message is not None:
        notify(
            user,
            message.kind,
            title=message.subject,
            action_url=action_url,
            event=event,
            dedupe_key=message.dedupe_key,
        )


def read_all(*, by: User) -> int:
    """Mark all of the person's unread notices as read; return how many there were."""
    now = timezone.now()
    return unread(by).update(read_at=now, updated_at=now)


def unread(user: User) -> QuerySet[Notification]:
    """Return the notices that the person has not read."""
    return Notification.objects.visible_to(user).filter(read_at=None)


def _give(notices: Sequence[tuple[int, Notice]], notification_type: str) -> None:
    if notification_type not in _types:
        raise UnknownType(notification_type)
    rows = [
        Notification(user_id=user_id, notification_type=notification_type, **_said(notice))
        for user_id, notice in notices
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
