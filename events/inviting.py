"""Mailing the invitations that wait: in bulk, once each, and not to those who said no."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone as clock

from common import codes, mail
from common.outbox import after_commit
from events import invitations
from events.models import Event, EventInvitation
from events.reminding import local
from events.signals import invitation_sent

Status = EventInvitation.Status
KIND = "event_invitation"
# So many in one transaction; writing five hundred messages would hold up others for seconds.
AT_ONCE = 100
SWEEP_SIZE = 500
# So long a worker may take before the sweep asks for its batch again.
PATIENCE = timedelta(minutes=5)
WRITTEN = ("status", "token_hash", "sends", "queued_at", "sent_at", "updated_at")


def send(batch: str) -> int:
    """Queue the mails of a batch; return how many.

    Two workers take turns at the rows, and the second finds nothing left: nobody is asked twice.
    """
    count = 0
    while rows := _send_some(batch, clock.now()):
        count += rows
    return count


def sweep(now: datetime) -> int:
    """Ask again for the batches that nobody has mailed; return how many."""
    forgotten = EventInvitation.objects.waiting(now).filter(queued_at__lte=now - PATIENCE)
    batches = list(forgotten.order_by().values_list("batch", flat=True).distinct()[:SWEEP_SIZE])
    with transaction.atomic():
        for batch in batches:
            after_commit(invitations.TASK, str(batch), key=f"invitations:{batch}")
    return len(batches)


@transaction.atomic
def _send_some(batch: str, now: datetime) -> int:
    waiting = EventInvitation.objects.waiting(now).filter(batch=batch)
    rows = list(waiting.select_for_update(no_key=True, of=("self",)).order_by("pk")[:AT_ONCE])
    _name_event(rows)
    secrets = [codes.token() for _ in rows]
    letters = [_letter(row, secret) for row, secret in zip(rows, secrets, strict=True)]
    refused = mail.refusals(KIND, letters, category=mail.Category.INVITATION)
    mailed = [_key(row) not in refused for row in rows]
    mail.send_each(
        KIND,
        [letter for letter, wanted in zip(letters, mailed, strict=True) if wanted],
        category=mail.Category.INVITATION,
    )
    for row, secret, wanted in zip(rows, secrets, mailed, strict=True):
        _note(row, secret if wanted else "", now)
    EventInvitation.objects.bulk_update(rows, WRITTEN)
    _announce([row for row, wanted in zip(rows, mailed, strict=True) if wanted])
    return len(rows)


def _name_event(rows: Sequence[EventInvitation]) -> None:
    """Give the rows their event, which is the same for all of a batch, once."""
    if rows:
        events = Event.objects.select_related("owner", "organization")
        event = events.get(pk=rows[0].event_id)
        for row in rows:
            row.event = event


def _note(row: EventInvitation, secret: str, now: datetime) -> None:
    """Write into the row what has become of it; without a secret it was not to be mailed.

    One that is sent again keeps what is known of it: it may have been opened long ago.
    """
    row.queued_at, row.updated_at = None, now
    if secret:
        row.token_hash, row.sent_at, row.sends = codes.digest(secret), now, row.sends + 1
    if row.status == Status.PENDING:
        row.status = Status.SENT if secret else Status.SUPPRESSED


def _announce(rows: Sequence[EventInvitation]) -> None:
    for row in rows:
        invitation_sent.send(sender=EventInvitation, invitation=row)


def _key(row: EventInvitation) -> str:
    return f"invitation:{row.uuid}:{row.sends + 1}"


def _letter(row: EventInvitation, secret: str) -> mail.Letter:
    event = row.event
    return mail.Letter(
        to=mail.Recipient(row.email, row.full_name),
        context={
            "name": row.full_name,
            "event": event,
            "starts_at": local(event.starts_at, event.timezone),
            "message": row.message,
            "link": f"{settings.FRONTEND_URL}/invitations/{secret}",
            "image": f"{settings.PUBLIC_BASE_URL}/api/v1/public/invitations/{secret}/open.gif",
        },
        envelope=mail.Envelope(
            dedupe_key=_key(row),
            about=row,
            part_of=event,
            owner_uuid=event.owner.uuid,
            organization_uuid=event.organization.uuid if event.organization else None,
            from_name=event.organizer_name,
            expires_at=event.ends_at,
        ),
    )
