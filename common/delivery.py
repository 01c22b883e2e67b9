"""Sending of queued messages: gates, lease, transport, back-off, forgetting of bodies."""

import uuid
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from common import files, mail, signals
from common.models import OutgoingEmail, StoredFile

log = structlog.get_logger(__name__)
Status = OutgoingEmail.Status

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
MAX_ATTEMPTS = len(BACK_OFF) + 1
GATE_PAUSE = timedelta(minutes=5)
SWEEP_SIZE = 500
PERMANENT = range(500, 600)  # SMTP: trying again is useless
UNDER_WAY = frozenset({Status.SENDING, Status.SENT, Status.DELIVERED})
# What a provider may report: the column that keeps the time, and the states it can follow.
# A report can be faster than our own note that the message was sent.
REPORTS = {
    Status.DELIVERED: ("delivered_at", UNDER_WAY - {Status.DELIVERED}),
    Status.OPENED: ("opened_at", UNDER_WAY),
    Status.BOUNCED: ("bounced_at", UNDER_WAY),
    Status.COMPLAINED: ("", UNDER_WAY),
}


def deliver(email_uuid: uuid.UUID | str, *, now: datetime) -> None:
    """Send one message that is due; repeated calls send nothing more.

    Between the transport's answer and the note of it lies the only moment in which a crash can
    double a message; both copies carry the same Message-ID.
    """
    message = _claim(email_uuid, now)
    if message is None:
        return
    try:
        reason = _reason_to_skip(message, now)
    except Exception as error:
        log.exception("mail gate failed", mail=str(message.uuid))
        message.attempts -= 1
        _postpone(message, error, GATE_PAUSE, now)
        return
    if reason:
        _close(message, now, status=Status.SKIPPED, skip_reason=reason[:60])
    else:
        _transmit(message, now)


def sweep(now: datetime) -> int:
    """Ask again for messages that are due or whose sender is gone; return how many."""
    due = OutgoingEmail.objects.filter(_claimable(now)).only("uuid", "send_after")
    messages = list(due.order_by("send_after")[:SWEEP_SIZE])
    for message in messages:
        mail.ask_for_delivery(message, now=now)
    return len(messages)


@transaction.atomic
def report(message: OutgoingEmail, status: str, *, at: datetime) -> bool:
    """Note what the provider says became of a message; late and repeated news change nothing.

    Raises KeyError for a state that providers do not report.
    """
    column, sources = REPORTS[Status(status)]
    news = {"status": status, "updated_at": timezone.now()} | ({column: at} if column else {})
    moved = OutgoingEmail.objects.filter(pk=message.pk, status__in=sources).update(**news)
    if moved:
        message.refresh_from_db()
        signals.mail_reported.send(sender=OutgoingEmail, message=message)
    return bool(moved)


def message_for(row: OutgoingEmail) -> EmailMultiAlternatives:
    """Return the message as the transport takes it."""
    platform, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMultiAlternatives(
        subject=row.subject,
        body=row.text or "",
        from_email=str(Address(row.from_name or platform, addr_spec=address)),
        to=[str(Address(row.to_name, addr_spec=row.to_email))],
        reply_to=[row.reply_to] if row.reply_to else None,
        headers={**row.headers, "Message-ID": f"<{row.uuid}@{address.rpartition('@')[2]}>"},
    )
    message.attach_alternative(row.html or "", "text/html")
    for stored in StoredFile.objects.filter(uuid__in=row.attachments).order_by("pk"):
        message.attach(stored.filename, files.read(stored), stored.content_type)
    # Providers group their figures by tag; the development mailbox shows it as the kind.
    message.tags = [row.kind]  # type: ignore[attr-defined]  # an attribute of anymail's
    return message


def is_permanent(error: Exception) -> bool:
    """Tell whether trying again is useless: the server said so, or the message cannot be built."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code in PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return error.smtp_code in PERMANENT
    return isinstance(error, ValueError)


def _claimable(now: datetime) -> Q:
    return Q(status=Status.QUEUED, send_after__lte=now) | Q(
        status=Status.SENDING, lease_until__lt=now
    )


def _claim(email_uuid: uuid.UUID | str, now: datetime) -> OutgoingEmail | None:
    claimed = OutgoingEmail.objects.filter(_claimable(now), uuid=email_uuid).update(
        status=Status.SENDING,
        lease_until=now + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 60),
        attempts=F("attempts") + 1,
        updated_at=now,
    )
    if not claimed:
        return None
    message = OutgoingEmail.objects.get(uuid=email_uuid)
    if message.attempts > MAX_ATTEMPTS:  # the sender died at every attempt
        _close(message, now, status=Status.FAILED)
        return None
    return message


def _reason_to_skip(message: OutgoingEmail, now: datetime) -> str | None:
    if message.expires_at is not None and message.expires_at <= now:
        return "expired"
    return mail.refusal(message)


def _transmit(message: OutgoingEmail, now: datetime) -> None:
    try:
        outgoing = message_for(message)
        outgoing.send()
    except Exception as error:
        log.exception("mail not sent", mail=str(message.uuid), attempt=message.attempts)
        if is_permanent(error) or message.attempts >= MAX_ATTEMPTS:
            _close(message, now, status=Status.FAILED, last_error=_described(error))
        else:
            _postpone(message, error, BACK_OFF[message.attempts - 1], now)
        return
    report = getattr(outgoing, "anymail_status", None)
    identity = getattr(report, "message_id", None) or outgoing.extra_headers["Message-ID"]
    changes: dict[str, Any] = {
        "sent_at": now,
        "provider_message_id": str(identity)[:255],
        "last_error": "",
    }
    if message.category == mail.Category.SECURITY:
        changes |= {"text": None, "html": None}
    _close(message, now, status=Status.SENT, **changes)
    log.info("mail sent", mail=str(message.uuid), kind=message.kind)


def _postpone(message: OutgoingEmail, error: Exception, wait: timedelta, now: datetime) -> None:
    OutgoingEmail.objects.filter(pk=message.pk, status=Status.SENDING).update(
        status=Status.QUEUED,
        lease_until=None,
        attempts=message.attempts,
        send_after=now + wait,
        last_error=_described(error),
        updated_at=now,
    )


def _close(message: OutgoingEmail, now: datetime, *, status: str, **changes: object) -> None:
    """Write the outcome; a state that a provider's report has moved on stays there."""
    mine = OutgoingEmail.objects.filter(pk=message.pk)
    if mail.is_farewell(message):
        changes |= {"to_email": "", "to_name": "", "subject": "", "text": None, "html": None}
    mine.filter(status=Status.SENDING).update(status=status)
    mine.update(lease_until=None, updated_at=now, **changes)


def _described(error: Exception) -> str:
    """Return class and code only: a server's words may hold an address."""
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
