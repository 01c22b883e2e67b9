"""Invitations: who is asked to come, who is asked again, and what they answer."""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone as clock

from accounts.models import User
from billing import entitlements
from billing.entitlements import Limit
from common import codes
from common.exceptions import Conflict, InvalidStatus, NotFound, RateLimited
from common.models import OutgoingEmail
from common.outbox import after_commit
from events import questions
from events.models import Event, EventInvitation

Status = EventInvitation.Status
Source = EventInvitation.Source
Person = tuple[str, str]  # address and name

TASK = "events.send_invitations"
OFFERED = frozenset({Event.Status.PUBLISHED, Event.Status.LIVE})
OPEN = OFFERED | {Event.Status.DRAFT}
MAILED = frozenset({Status.SENT, Status.DELIVERED, Status.OPENED})
# What the mail log tells of a message: what becomes of its invitation, the column that keeps
# the time, and from where; other news come too late.
NEWS = {
    OutgoingEmail.Status.DELIVERED: (Status.DELIVERED, "delivered_at", {Status.SENT}),
    OutgoingEmail.Status.OPENED: (Status.OPENED, "opened_at", {Status.SENT, Status.DELIVERED}),
    OutgoingEmail.Status.BOUNCED: (Status.BOUNCED, "", {Status.SENT, Status.DELIVERED}),
}


class AlreadySent(Conflict):
    """What went out cannot be changed or taken back."""

    code = "ALREADY_SENT"
    message = "This invitation was sent already."


class ResentTooOften(RateLimited):
    """People are asked, not pestered."""

    message = f"An invitation is sent again at most {EventInvitation.RESENDS} times, a day apart."


@dataclass(frozen=True)
class Mailing:
    """What everybody of one call gets, and when; `source` tells where the addresses are from."""

    message: str = ""
    source: str = Source.MANUAL
    contact_list: UUID | None = None
    send_immediately: bool = True


@dataclass(frozen=True)
class Outcome:
    """How many were asked now, how many were asked before, and how many mails are on their way."""

    created: int
    skipped: int
    queued: int


def invite(event: Event, emails: Sequence[str] = (), *, by: User, mailing: Mailing) -> Outcome:
    """Ask these addresses, or those of one of the caller's contact lists, to the event."""
    if mailing.contact_list is None:
        return invite_people(event, [(email, "") for email in emails], by=by, mailing=mailing)
    people = _listed(mailing.contact_list, by)
    return invite_people(event, people, by=by, mailing=replace(mailing, source=Source.CONTACT_LIST))


@transaction.atomic
def invite_people(event: Event, people: Iterable[Person], *, by: User, mailing: Mailing) -> Outcome:
    """Ask everybody who was not asked before, in a number of queries that does not depend on it.

    The plan counts those who are new, all of them or none. A draft's invitations are mailed when
    it is published; those not to be sent immediately wait for `send_all`.
    """
    named = [(email.strip().lower(), name) for email, name in people]
    _hold(event)
    _require(event, OPEN)
    known = event.invitations.filter(email__in={email for email, _ in named})
    fresh = dict(reversed(named))
    for email in known.values_list("email", flat=True):
        fresh.pop(email, None)
    if fresh:
        _write(event, fresh, by=by, mailing=mailing)
    at_once = mailing.send_immediately and event.status in OFFERED
    return Outcome(
        created=len(fresh),
        skipped=len(named) - len(fresh),
        queued=len(fresh) if at_once else 0,
    )


@transaction.atomic
def send_all(event: Event, *, by: User) -> int:
    """Ask for the mails of all invitations that wait for it; return how many those are."""
    event.lock()
    _require(event, OFFERED)
    queued = _queue(event, is_asked_for=False)
    if queued:
        event.record("event.invitations_sent", by, count=queued)
    return queued


def queue_pending(event: Event) -> None:
    """Ask for the mails that waited for the event to be published. The caller holds its lock."""
    _queue(event, is_asked_for=True)


@transaction.atomic
def resend(invitation: EventInvitation, *, by: User) -> None:
    """Ask once more, with a new token; the old one opens nothing any more."""
    _lock(invitation)
    event, now = invitation.event, clock.now()
    _require(event, OFFERED)
    if invitation.status not in MAILED:
        raise InvalidStatus(
            "Only invitations that were sent and not answered by registering are sent again.",
            details={"status": invitation.status},
        )
    if invitation.queued_at or invitation.sends > EventInvitation.RESENDS:
        raise ResentTooOften
    wait = (invitation.sent_at or now) + EventInvitation.RESENT_AFTER - now
    if wait.total_seconds() > 0:
        raise ResentTooOften(retry_after=math.ceil(wait.total_seconds()))
    invitation.batch, invitation.queued_at = uuid.uuid4(), now
    invitation.save(update_fields=["batch", "queued_at"])
    _ask_for_mails(invitation.batch)
    event.record("event.invitation_resent", by, invitation=str(invitation.uuid))


@transaction.atomic
def change(invitation: EventInvitation, *, by: User, **wording: str) -> None:
    """Change name or message of what has not gone out."""
    _lock(invitation)
    if invitation.status != Status.PENDING:
        raise AlreadySent
    for field, value in wording.items():
        setattr(invitation, field, value)
    invitation.save(update_fields=list(wording))
    invitation.event.record("event.invitation_changed", by, invitation=str(invitation.uuid))


@transaction.atomic
def remove(invitation: EventInvitation, *, by: User) -> None:
    """Take back what has not gone out, or never will."""
    _lock(invitation)
    if invitation.status not in {Status.PENDING, Status.SUPPRESSED}:
        raise AlreadySent
    invitation.event.record("event.invitation_removed", by, invitation=str(invitation.uuid))
    invitation.delete()


def note_opening(token: str, *, now: datetime) -> None:
    """Note that the mail with this token was looked at; an unknown token changes nothing."""
    EventInvitation.objects.filter(token_hash=codes.digest(token)).mark_opened(now)


@transaction.atomic
def respond(invitation: EventInvitation, *, response: str, now: datetime) -> None:
    """Note what the invited person says; registering is another step."""
    _require(invitation.event, OFFERED)
    mine = EventInvitation.objects.filter(pk=invitation.pk)
    mine.mark_opened(now)
    mine.update(response=response, responded_at=now, updated_at=now)
    invitation.refresh_from_db(fields=["response", "responded_at", "status"])


def note_report(message: OutgoingEmail) -> None:
    """Follow what the provider told of an invitation's mail; late news change nothing."""
    if message.subject_uuid is None or message.status not in NEWS:
        return
    status, column, sources = NEWS[OutgoingEmail.Status(message.status)]
    now = clock.now()
    stamp = {column: getattr(message, column) or now} if column else {"queued_at": None}
    EventInvitation.objects.filter(uuid=message.subject_uuid, status__in=sources).update(
        status=status, updated_at=now, **stamp
    )


def _write(event: Event, names: Mapping[str, str], *, by: User, mailing: Mailing) -> None:
    batch, now = uuid.uuid4(), clock.now()
    EventInvitation.objects.bulk_create(
        EventInvitation(
            event=event,
            email=email,
            full_name=names[email],
            source=mailing.source,
            contact_list=mailing.contact_list,
            batch=batch,
            message=mailing.message,
            invited_by=by,
            queued_at=now if mailing.send_immediately else None,
        )
        for email in sorted(names)
    )
    if mailing.send_immediately and event.status in OFFERED:
        _ask_for_mails(batch)
    event.record("event.invited", by, count=len(names), source=mailing.source)
    _count_against_plan(event, len(names))


def _listed(contact_list: UUID, user: User) -> Sequence[Person]:
    try:
        people = questions.list_addresses(contact_list, user)
    except NotFound as error:
        raise ValidationError({"contact_list": ["Not found."]}) from error
    if len(people) > EventInvitation.LIMIT:
        limit = f"Lists of more than {EventInvitation.LIMIT} people are invited in parts."
        raise ValidationError({"contact_list": [limit]})
    return people


def _hold(event: Event) -> None:
    """Lock the event and read it anew, with those whose plan counts."""
    rows = Event.all_objects.select_for_update(no_key=True, of=("self",))
    event.refresh_from_db(from_queryset=rows.select_related("owner", "organization"))


def _lock(invitation: EventInvitation) -> None:
    """Lock the event, then the invitation, and read both anew."""
    event = invitation.event
    event.lock()
    rows = EventInvitation.objects.select_for_update(no_key=True)
    try:
        invitation.refresh_from_db(from_queryset=rows)
    except EventInvitation.DoesNotExist as error:
        raise NotFound from error
    invitation.event = event


def _require(event: Event, statuses: Iterable[str]) -> None:
    if event.deleted_at is not None:
        raise NotFound
    if event.status not in statuses:
        raise InvalidStatus(
            f"Nobody is invited to a {event.status} event.", details={"status": event.status}
        )


def _queue(event: Event, *, is_asked_for: bool) -> int:
    """Make one batch of what is pending: of what was to be mailed already, or of the rest."""
    batch, now = uuid.uuid4(), clock.now()
    pending = event.invitations.filter(status=Status.PENDING, queued_at__isnull=not is_asked_for)
    count = pending.update(batch=batch, queued_at=now, updated_at=now)
    if count:
        _ask_for_mails(batch)
    return count


def _ask_for_mails(batch: UUID) -> None:
    after_commit(TASK, str(batch), key=f"invitations:{batch}")


def _count_against_plan(event: Event, number: int) -> None:
    """Count last: the subscription's lock is the last one of a transaction."""
    account = entitlements.account_for(owner=event.owner, organization=event.organization)
    entitlements.consume(account, Limit.INVITATIONS_PER_MONTH, amount=number)
