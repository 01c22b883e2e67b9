"""The mail queue: a message is a row first, sent after commit by a task."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.template import Context, Engine
from django.utils import timezone

from common.exceptions import InvalidStatus
from common.models import BaseModel, OutgoingEmail, StoredFile
from common.outbox import after_commit, after_commit_each

Category = OutgoingEmail.Category
Gate = Callable[[OutgoingEmail], str | None]
Screen = Callable[[Sequence[OutgoingEmail]], Mapping[UUID, str]]
LinkMaker = Callable[[OutgoingEmail], str]

DELIVERY = "common.deliver_email"
BATCH = 500
HEADERS = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post", "In-Reply-To", "References"})
MAX_ATTACHMENTS_BYTES = 10 * 1024 * 1024
# Which switch of a person's settings stands for a category; the others have none.
PREFERENCES: Mapping[str, str] = {
    Category.REMINDER: "notify_event_reminders",
    Category.CERTIFICATE: "notify_certificate_issued",
    Category.ORGANIZER_REGISTRATION: "notify_new_registration",
    Category.ORGANIZER_SUMMARY: "notify_event_summary",
    Category.MARKETING: "notify_marketing",
}
UNSUBSCRIBABLE = frozenset({Category.MARKETING, Category.INVITATION})
_gates: list[Gate] = []
_screens: list[Screen] = []
_link_makers: list[LinkMaker] = []
_farewells: set[str] = set()


@dataclass(frozen=True)
class Recipient:
    """One person a message goes to."""

    email: str
    name: str = ""
    user_uuid: UUID | None = None


@dataclass(frozen=True)
class Envelope:
    """Everything about a message that is not its text.

    `part_of` is the event that `about` belongs to: who manages it finds the message in its log.
    """

    dedupe_key: str | None = None
    about: BaseModel | None = None
    part_of: BaseModel | None = None
    owner_uuid: UUID | None = None
    organization_uuid: UUID | None = None
    from_name: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[UUID, ...] = ()
    send_after: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Letter:
    """One of many messages of a kind."""

    to: Recipient
    context: Mapping[str, Any]
    envelope: Envelope


def gate(check: Gate) -> Gate:
    """Register a question asked before each sending: None to send, or the reason not to.

    A gate that raises postpones the message.
    """
    _gates.append(check)
    return check


def screen(check: Screen) -> Screen:
    """Register a question about many messages at once: the reasons not to send, by their uuid.

    For what depends on sender, address and category alone: it is asked before queuing as well,
    when nothing is composed yet, and must cost the same for one message and for five hundred.
    """
    _screens.append(check)
    return check


def unsubscribe_link(maker: LinkMaker) -> LinkMaker:
    """Register the maker of the one-click link that marketing and invitations carry."""
    _link_makers.append(maker)
    return maker


def forgotten_after_sending(kind: str) -> str:
    """Register a kind whose rows lose address and text as soon as they are sent or given up."""
    _farewells.add(kind)
    return kind


def is_farewell(message: OutgoingEmail) -> bool:
    """Tell whether the row is to be emptied once nothing more is tried."""
    return message.kind in _farewells


def refusal(message: OutgoingEmail) -> str | None:
    """Return the first reason of a screen or gate not to send the message."""
    reason = _screened([message]).get(message.uuid)
    return reason or next((reason for check in _gates if (reason := check(message))), None)


def refusals(kind: str, letters: Sequence[Letter], *, category: str) -> dict[str, str]:
    """Return why some of the letters would not be sent, by dedupe key; nothing is queued."""
    messages = {
        letter.envelope.dedupe_key or "": _queued(kind, letter.to, category, letter.envelope)
        for letter in letters
    }
    reasons = _screened(list(messages.values()))
    return {key: reasons[each.uuid] for key, each in messages.items() if each.uuid in reasons}


def send(
    kind: str,
    *,
    to: Recipient,
    category: str,
    context: Mapping[str, Any],
    envelope: Envelope | None = None,
) -> OutgoingEmail | None:
    """Queue ``templates/email/<kind>/`` for one recipient in the caller's transaction.

    Returns None when the dedupe key is taken: the message was queued before.
    """
    outside = envelope or Envelope()
    message = _queued(kind, to, category, outside)
    message.attachments = _bounded(outside.attachments)
    _compose(message, context)
    OutgoingEmail.objects.bulk_create([message], ignore_conflicts=bool(outside.dedupe_key))
    if outside.dedupe_key and not OutgoingEmail.objects.filter(uuid=message.uuid).exists():
        return None
    ask_for_delivery(message, now=timezone.now())
    return message


@transaction.atomic
def send_each(kind: str, letters: Iterable[Letter], *, category: str) -> int:
    """Queue one message for each recipient, in a constant number of statements per batch.

    Every letter needs a dedupe key; those queued before are left out. Returns how many are new.
    """
    bounded: dict[tuple[UUID, ...], list[str]] = {}
    messages = []
    for letter in letters:
        message = _queued(kind, letter.to, category, letter.envelope)
        files = letter.envelope.attachments
        if files not in bounded:
            bounded[files] = _bounded(files)
        message.attachments = bounded[files]
        _compose(message, letter.context)
        messages.append(message)
    OutgoingEmail.objects.bulk_create(messages, ignore_conflicts=True, batch_size=BATCH)
    fresh = OutgoingEmail.objects.filter(uuid__in=[message.uuid for message in messages])
    calls = {f"mail:{uuid}": (str(uuid),) for uuid in fresh.values_list("uuid", flat=True)}
    after_commit_each(DELIVERY, calls, queue="mail")
    return len(calls)


def ask_for_delivery(message: OutgoingEmail, *, now: datetime) -> None:
    """Ask for the sending at the message's time; asking twice is asking once."""
    wait = message.send_after - now
    after_commit(
        DELIVERY,
        str(message.uuid),
        key=f"mail:{message.uuid}",
        delay=wait if wait > timedelta() else None,
        queue="mail",
    )


@transaction.atomic
def retry(message: OutgoingEmail) -> None:
    """Queue a failed message again, with all its attempts."""
    now = timezone.now()
    changed = OutgoingEmail.objects.filter(
        pk=message.pk, status=OutgoingEmail.Status.FAILED
    ).update(
        status=OutgoingEmail.Status.QUEUED,
        attempts=0,
        send_after=now,
        last_error="",
        updated_at=now,
    )
    if not changed:
        raise InvalidStatus("Only failed messages can be sent again.")
    message.refresh_from_db()
    ask_for_delivery(message, now=now)


def _screened(messages: Sequence[OutgoingEmail]) -> dict[UUID, str]:
    reasons: dict[UUID, str] = {}
    for check in _screens:
        reasons = {**check(messages), **reasons}
    return reasons


def _queued(kind: str, to: Recipient, category: str, outside: Envelope) -> OutgoingEmail:
    return OutgoingEmail(
        kind=kind,
        category=category,
        to_email=to.email,
        to_name=_one_line(to.name)[:255],
        recipient_uuid=to.user_uuid,
        from_name=_one_line(outside.from_name)[:255],
        reply_to=outside.reply_to,
        headers=_allowed(outside.headers),
        owner_uuid=outside.owner_uuid,
        organization_uuid=outside.organization_uuid,
        subject_type=outside.about._meta.label_lower if outside.about else "",
        subject_uuid=outside.about.uuid if outside.about else None,
        part_of_uuid=outside.part_of.uuid if outside.part_of else None,
        dedupe_key=outside.dedupe_key,
        send_after=outside.send_after or timezone.now(),
        expires_at=outside.expires_at,
    )


def _compose(message: OutgoingEmail, facts: Mapping[str, Any]) -> None:
    """Render the three parts; values are escaped in HTML and nowhere else."""
    values = {**_links(message), **facts}
    message.subject = _one_line(_part(message.kind, "subject.txt", values))[:500]
    message.text = _part(message.kind, "body.txt", values)
    message.html = _part(message.kind, "body.html", values)


def _links(message: OutgoingEmail) -> dict[str, str]:
    """Return the links of the base layout, and put the one-click link into the headers."""
    links = {}
    if message.category in PREFERENCES and message.recipient_uuid:
        links["preferences_url"] = f"{settings.FRONTEND_URL}/settings/notifications"
    if message.category in UNSUBSCRIBABLE and _link_makers:
        links["unsubscribe_url"] = _link_makers[0](message)
        message.headers |= {
            "List-Unsubscribe": f"<{links['unsubscribe_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return links


def _part(kind: str, name: str, values: Mapping[str, Any]) -> str:
    template = Engine.get_default().get_template(f"email/{kind}/{name}")
    return template.render(Context(dict(values), autoescape=name.endswith(".html"))).strip()


def _allowed(headers: Mapping[str, str]) -> dict[str, str]:
    unknown = set(headers) - HEADERS
    if unknown:
        raise ValueError(f"Headers that messages do not carry: {', '.join(sorted(unknown))}.")
    return dict(headers)


def _bounded(attachments: tuple[UUID, ...]) -> list[str]:
    if attachments:
        size = StoredFile.objects.filter(uuid__in=attachments).aggregate(all=Sum("size"))["all"]
        if (size or 0) > MAX_ATTACHMENTS_BYTES:
            raise ValueError("The attachments of a message are larger than 10 MB together.")
    return [str(uuid) for uuid in attachments]


def _one_line(text: str) -> str:
    """Return the text without line breaks and other control characters: it becomes a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
