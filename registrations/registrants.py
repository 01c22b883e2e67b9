"""Everybody's own way into a meeting: wished for in the verb's transaction, made by a task."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import zoom_connections
from common.outbox import after_commit
from events.models import Event, EventSession
from integrations.zoom import client
from integrations.zoom.failures import ZoomFailure, ZoomRateLimited, ZoomRejected
from integrations.zoom.payloads import RegistrantMessage
from registrations import emails
from registrations.models import MeetingRegistrant, Registration

BATCH: Final = 200
CALLS_PER_SECOND: Final = 5  # shared by the whole Zoom account
TRIES_PER_DAY: Final = 2  # for one address and meeting; Zoom allows three
BACK_OFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
LEASE: Final = timedelta(minutes=6)
NO_REGISTRATION: Final = 404  # Zoom's code for a meeting that takes no registrants
Status = MeetingRegistrant.Status


def want(registration: Registration) -> None:
    """Wish for a link to every coming session of the event whose meeting stands."""
    for session in _ready(Q(event=registration.event_id)):
        _wish(session, [registration.pk])


def want_all(session: EventSession, *, retry: bool = False) -> int:
    """Wish for a link for every confirmed registrant who has none; return for how many.

    Links to a meeting that was replaced are wished for again; with ``retry`` those that failed.
    """
    confirmed = Registration.objects.filter(event=session.event_id).confirmed()
    replaced = Q(status__in=[Status.PUSHED, Status.UNSUPPORTED]) & ~Q(
        zoom_meeting_id=session.zoom_meeting_id
    )
    worthless = MeetingRegistrant.objects.filter(
        replaced | Q(status=Status.FAILED) if retry else replaced,
        session=session,
        registration__in=confirmed,
    )
    again = worthless.update(
        status=Status.WANTED,
        zoom_registrant_id="",
        attempts=0,
        next_attempt_at=None,
        updated_at=timezone.now(),
    )
    if again:
        ask(session)
    missing = confirmed.exclude(meeting_registrants__session=session)
    return again + _wish(session, list(missing.values_list("pk", flat=True)))


def release(rows: Sequence[Registration]) -> None:
    """Take the links of cancelled registrations away; a meeting that is off took them along."""
    mine = MeetingRegistrant.objects.filter(registration__in=[row.pk for row in rows])
    now = timezone.now()
    off = Q(registration__event__status=Event.Status.CANCELLED) | Q(zoom_registrant_id="")
    mine.filter(off).update(status=Status.REMOVED, updated_at=now)
    pushed = mine.exclude(status=Status.REMOVED)
    keys = list(pushed.values_list("pk", flat=True))
    pushed.update(status=Status.REMOVING, attempts=0, next_attempt_at=None, updated_at=now)
    for key in keys:
        after_commit("registrations.remove_registrant", key, key=f"registrant:{key}")


def push(session_id: int) -> int:
    """Make the links that are wished for, 200 at a time; return how many were tried."""
    session = _ready(Q(pk=session_id)).select_related("zoom_connection").first()
    if session is None or session.zoom_connection is None:
        return 0
    due = MeetingRegistrant.objects.due(timezone.now()).filter(session=session, status="wanted")
    keys = list(due.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not keys:
        return 0
    token = zoom_connections.token_for(session.zoom_connection)
    pace = _Pace()
    for key in keys:
        row = _claim(key, Status.WANTED)
        if row is not None:
            pace.wait()
            _push(row, session, token)
    if len(keys) == BATCH:
        ask(session)
    return len(keys)


def remove(registrant_id: int) -> None:
    """Take one link away at Zoom. Running it again does nothing."""
    row = _claim(registrant_id, Status.REMOVING)
    if row is None:
        return
    connection = row.session.zoom_connection
    try:
        if connection is not None and _is_mine_alone(row):
            client.cancel_registrant(
                row.zoom_meeting_id,
                registrant_id=row.zoom_registrant_id,
                email=row.registration.email,
                token=zoom_connections.token_for(connection),
            )
    except ZoomFailure as failure:
        _note_failure(row, failure, given_up=Status.REMOVED)
    else:
        _settle(row, status=Status.REMOVED, join_url="")


def sweep(now: datetime) -> int:
    """Ask for every link that is owed: wished for, due again, or never wished for."""
    sessions = list(_ready(Q(ends_at__gt=now)))
    for session in sessions:
        want_all(session)
    late = MeetingRegistrant.objects.due(now)
    waiting = late.filter(status=Status.WANTED, session__meeting_status="ready")
    for key in waiting.values_list("session", flat=True).distinct().order_by():
        after_commit("registrations.push_registrants", key, key=f"registrants:{key}")
    for key in late.filter(status=Status.REMOVING).values_list("pk", flat=True):
        after_commit("registrations.remove_registrant", key, key=f"registrant:{key}")
    return len(sessions)


def adopt(message: RegistrantMessage) -> str:
    """Take over a link that Zoom made for an address we know; return why not, or nothing."""
    row = _told_of(message)
    if row is None:
        return "nobody waits for this link"
    if row.zoom_registrant_id or row.status not in {Status.WANTED, Status.FAILED}:
        return "this link is known"
    _settle(
        row,
        status=Status.PUSHED,
        zoom_registrant_id=message.registrant_id,
        zoom_meeting_id=message.meeting.meeting_id,
        join_url=message.join_url,
    )
    return ""


def note_cancelled(message: RegistrantMessage) -> str:
    """Wish again, once, for the link of a live place that was cancelled at Zoom."""
    row = _told_of(message)
    if row is None or row.zoom_registrant_id != message.registrant_id:
        return "nobody has this link"
    if row.status != Status.PUSHED or row.attempts_today >= TRIES_PER_DAY:
        return "the link is not wanted any more"
    _settle(row, status=Status.WANTED, zoom_registrant_id="", join_url="")
    ask(row.session)
    return ""


def ask(session: EventSession) -> None:
    """Ask for the links of a session to be made."""
    key = f"registrants:{session.pk}"
    after_commit("registrations.push_registrants", session.pk, key=key)


def _ready(which: Q) -> QuerySet[EventSession]:
    rows = EventSession.objects.filter(which, meeting_status="ready")
    return rows.exclude(zoom_meeting_id="").exclude(status__in=["completed", "cancelled"])


def _wish(session: EventSession, registration_ids: Sequence[int]) -> int:
    MeetingRegistrant.objects.bulk_create(
        [MeetingRegistrant(registration_id=key, session=session) for key in registration_ids],
        ignore_conflicts=True,
    )
    if registration_ids:
        ask(session)
    return len(registration_ids)


def _claim(key: int, status: str) -> MeetingRegistrant | None:
    """Take the row for one worker: nobody else tries it before the lease is over."""
    now = timezone.now()
    rows = MeetingRegistrant.objects.select_related(
        "registration", "session__zoom_connection", "session__event__owner"
    )
    row = rows.filter(pk=key, status=status).due(now).first()
    if row is None:
        return None
    today = row.attempts_today if row.updated_at.date() == now.date() else 0
    taken = MeetingRegistrant.objects.filter(
        pk=key, status=status, next_attempt_at=row.next_attempt_at, attempts=row.attempts
    ).update(
        attempts=row.attempts + 1,
        attempts_today=today + 1,
        next_attempt_at=now + LEASE,
        updated_at=now,
    )
    row.attempts, row.attempts_today = row.attempts + 1, today + 1
    return row if taken else None


def _push(row: MeetingRegistrant, session: EventSession, token: str) -> None:
    person = row.registration
    try:
        made = client.add_registrant(
            session.zoom_meeting_id, email=person.email, full_name=person.full_name, token=token
        )
    except ZoomFailure as failure:
        _note_failure(row, failure, given_up=Status.FAILED)
        return
    _settle(
        row,
        status=Status.PUSHED,
        zoom_registrant_id=made.registrant_id,
        zoom_meeting_id=session.zoom_meeting_id,
        join_url=made.join_url,
        pin=made.pin,
    )


@transaction.atomic
def _settle(row: MeetingRegistrant, **changes: str) -> None:
    """Write what Zoom answered; a place that was cancelled meanwhile gives its link back."""
    rows = MeetingRegistrant.objects.select_for_update(no_key=True, of=("self",))
    current = rows.select_related("registration").get(pk=row.pk)
    for field, value in changes.items():
        setattr(current, field, value)
    lost = current.registration.status != Registration.Status.CONFIRMED
    if current.status == Status.PUSHED and lost:
        current.status = Status.REMOVING
        after_commit("registrations.remove_registrant", row.pk, key=f"registrant:{row.pk}")
    current.error, current.next_attempt_at = "", None
    current.save()


def _note_failure(row: MeetingRegistrant, failure: ZoomFailure, *, given_up: str) -> None:
    now = timezone.now()
    if _takes_nobody(failure) and row.status == Status.WANTED:
        _give_up_links(row, now)
    elif isinstance(failure, ZoomRejected) or row.attempts > len(BACK_OFF):
        row.status = given_up
    row.error = str(failure)[:500]
    row.next_attempt_at = _next_attempt(row, failure, now)
    row.save(update_fields=["status", "error", "next_attempt_at"])


def _give_up_links(row: MeetingRegistrant, now: datetime) -> None:
    """Leave everybody of the session to the general link, and tell the organizer once."""
    session = row.session
    row.status = Status.UNSUPPORTED
    row.zoom_meeting_id = session.zoom_meeting_id
    row.save(update_fields=["zoom_meeting_id"])
    MeetingRegistrant.objects.filter(session=session, status=Status.WANTED).update(
        status=Status.UNSUPPORTED,
        zoom_meeting_id=session.zoom_meeting_id,
        next_attempt_at=None,
        updated_at=now,
    )
    emails.zoom_registration_unsupported(session)


def _is_mine_alone(row: MeetingRegistrant) -> bool:
    """Tell whether nobody else lives on this link: Zoom gives a returning address the old one."""
    others = MeetingRegistrant.objects.filter(
        session=row.session, zoom_registrant_id=row.zoom_registrant_id, status=Status.PUSHED
    )
    return bool(row.zoom_meeting_id) and not others.exists()


def _takes_nobody(failure: ZoomFailure) -> bool:
    return isinstance(failure, ZoomRejected) and failure.code == NO_REGISTRATION


def _next_attempt(row: MeetingRegistrant, failure: ZoomFailure, now: datetime) -> datetime | None:
    if row.status not in {Status.WANTED, Status.REMOVING}:
        return None
    due = now + BACK_OFF[row.attempts - 1]
    if isinstance(failure, ZoomRateLimited):
        due = max(due, failure.retry_at)
    if row.status == Status.WANTED and row.attempts_today >= TRIES_PER_DAY:
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        due = max(due, tomorrow)
    return due


def _told_of(message: RegistrantMessage) -> MeetingRegistrant | None:
    rows = MeetingRegistrant.objects.select_related("registration", "session")
    return rows.filter(
        session__zoom_meeting_id=message.meeting.meeting_id,
        registration__email=message.email,
        registration__status=Registration.Status.CONFIRMED,
        registration__deleted_at=None,
    ).first()


class _Pace:
    """Five calls a second and no more; the first five do not wait."""

    def __init__(self) -> None:
        self._calls = 0
        self._since = time.monotonic()

    def wait(self) -> None:
        if self._calls and self._calls % CALLS_PER_SECOND == 0:
            time.sleep(max(0.0, 1 - (time.monotonic() - self._since)))
            self._since = time.monotonic()
        self._calls += 1
