"""The mail queue: a message is a row first, sent after commit by a task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone

from common.models import BaseModel, OutgoingEmail
from common.outbox import after_commit

Category = OutgoingEmail.Category
Gate = Callable[[OutgoingEmail], str | None]
_gates: list[Gate] = []


@dataclass(frozen=True)
class Recipient:
    """One person a message goes to."""

    email: str
    name: str = ""
    user_uuid: UUID | None = None


@dataclass(frozen=True)
class Envelope:
    """Everything about a message that is not its text."""

    dedupe_key: str | None = None
    about: BaseModel | None = None
    owner_uuid: UUID | None = None
    organization_uuid: UUID | None = None
    from_name: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[UUID, ...] = ()
    send_after: datetime | None = None
    expires_at: datetime | None = None


def gate(check: Gate) -> Gate:
    """Register a question asked before each sending: None to send, or the reason not to."""
    _gates.append(check)
    return check


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
    message = OutgoingEmail(
        kind=kind,
        category=category,
        to_email=to.email,
        to_name=to.name,
        recipient_uuid=to.user_uuid,
        subject=_one_line(render_to_string(f"email/{kind}/subject.txt", dict(context))),
        text=render_to_string(f"email/{kind}/body.txt", dict(context)),
        html=render_to_string(f"email/{kind}/body.html", dict(context)),
        from_name=outside.from_name,
        reply_to=outside.reply_to,
        headers=dict(outside.headers),
        attachments=[str(uuid) for uuid in outside.attachments],
        owner_uuid=outside.owner_uuid,
        organization_uuid=outside.organization_uuid,
        subject_type=outside.about._meta.label_lower if outside.about else "",
        subject_uuid=outside.about.uuid if outside.about else None,
        dedupe_key=outside.dedupe_key,
        send_after=outside.send_after or timezone.now(),
        expires_at=outside.expires_at,
    )
    OutgoingEmail.objects.bulk_create([message], ignore_conflicts=bool(outside.dedupe_key))
    if outside.dedupe_key and not OutgoingEmail.objects.filter(uuid=message.uuid).exists():
        return None
    wait = max(message.send_after - timezone.now(), timedelta())
    after_commit("common.deliver_email", str(message.uuid), queue="mail", delay=wait or None)
    return message


def _one_line(subject: str) -> str:
    return " ".join(subject.split())[:500]


def deliver(email_uuid: str) -> None:
    """Send one queued message; repeated calls send nothing more."""
    raise LookupError(email_uuid)
