"""The Zoom meeting of each session: wished for in the verb's transaction, made by a task."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone as clock

from accounts.models import User
from common.exceptions import Conflict
from common.outbox import after_commit
from events import emails
from events.models import Event, EventSession

Status = EventSession.MeetingStatus
SYNC = "events.sync_meeting"
REMOVE = "events.remove_meeting"
DELETED = "The meeting was deleted in Zoom."
# Hosts test their rooms before.
EARLY = timedelta(minutes=60)
# Ending within the last minutes is ending; earlier the host may come back.
ALMOST_OVER = timedelta(minutes=15)


class NothingToRetry(Conflict):
    """No meeting has failed."""

    code = "NOTHING_TO_RETRY"
    message = "No meeting of this event has failed."


def reconcile(event: Event, *, renew: bool = False) -> None:
    """Wish for the meetings the event should have, and for the end of the others.

    ``renew`` brings meetings that stand up to date. Zoom is asked after the commit.
    """
    for session in event.sessions.all():
        session.event = event
        if session.wants_meeting:
            _wish(session, renew=renew)
        elif session.status != EventSession.Status.COMPLETED:
            _unwish(session)


def retry(event: Event, *, by: User, sessions: Collection[UUID] | None = None) -> int:
    """Try again where making the meeting failed; return for how many sessions."""
    with transaction.atomic():
        event.lock()
        failed = event.sessions.filter(meeting_status=Status.FAILED)
        if sessions:
            failed = failed.filter(uuid__in=sessions)
        wanted = [session for session in failed if session.wants_meeting]
        for session in wanted:
            _wish(session)
        if not wanted:
            raise NothingToRetry
        event.record("event.meeting_retried", by, sessions=[str(row.uuid) for row in wanted])
    return len(wanted)


def move(event: Event) -> None:
    """Have the coming meetings of the event made anew, by its present owner's connection.

    The old ones are removed by those who host them. The caller holds the event's lock.
    """
    for session in event.sessions.exclude(meeting_status__in=[Status.NONE, Status.REMOVED]):
        session.event = event
        if not session.wants_meeting:
            continue
        if session.zoom_meeting_id and session.zoom_connection_id:
            after_commit(REMOVE, session.zoom_connection_id, session.zoom_meeting_id)
        set_status(
            session,
            Status.NONE,
            zoom_connection=None,
            zoom_meeting_id="",
            zoom_meeting_uuid="",
            zoom_join_url="",
            zoom_passcode="",
        )
        _wish(session)


def sweep(now: datetime) -> int:
    """Ask again for every meeting that is due and that nobody works on; return how many.

    What failed for want of a connection is tried again once its host has made one.
    """
    with transaction.atomic():
        for session in EventSession.objects.failed_before_reconnecting(now):
            if session.wants_meeting:
                _wish(session)
    due = list(EventSession.objects.awaiting_meeting(now).values_list("pk", flat=True))
    for session_id in due:
        ask(session_id)
    return len(due)


def note_started(meeting_id: str, at: datetime) -> str:
    """Begin the session of a meeting that was opened; return why not, if not."""
    session = _session_of(meeting_id)
    if session is None:
        return "unknown meeting"
    if at < session.starts_at - EARLY:
        return "long before the session"
    with transaction.atomic():
        session.lock()
        if session.status != "scheduled" or session.event.status not in {"published", "live"}:
            return "the session does not wait for its start"
        session.start(by=None, at=at, reason="Zoom")
    return ""


def note_ended(meeting_id: str, at: datetime) -> str:
    """End the session of a meeting that was closed; return why not, if not."""
    session = _session_of(meeting_id)
    if session is None:
        return "unknown meeting"
    with transaction.atomic():
        session.lock()
        if session.status != "live":
            return "the session is not live"
        if at >= session.ends_at - ALMOST_OVER:
            session.complete(by=None, at=at, reason="Zoom")
        else:
            session.actual_ended_at = at
            session.save(update_fields=["actual_ended_at"])
    return ""


def note_deleted(meeting_id: str) -> str:
    """Tell the organizers that somebody deleted a meeting they need; return why not, if not."""
    session = _session_of(meeting_id)
    if session is None:
        return "unknown meeting"
    with transaction.atomic():
        session.lock()
        if not session.wants_meeting or session.meeting_status != Status.READY:
            return "the meeting is not needed"
        fail(session, DELETED, clock.now())
    return ""


def _wish(session: EventSession, *, renew: bool = False) -> None:
    settled = {Status.NONE, Status.REMOVED, Status.FAILED}
    if session.meeting_status in settled or (renew and session.meeting_status == Status.READY):
        set_status(
            session, Status.PENDING, meeting_attempts=0, meeting_retry_at=None, meeting_error=""
        )
    elif session.meeting_status == Status.REMOVING:
        # A removal may be under way: its lease stands, and it will find the new wish.
        set_status(session, Status.PENDING, meeting_error="")
    elif session.meeting_status == Status.READY:
        return
    ask(session.pk)


def _unwish(session: EventSession) -> None:
    if session.meeting_status not in {Status.PENDING, Status.READY, Status.FAILED}:
        return
    begun = session.zoom_meeting_id or session.meeting_attempts
    if not begun or (session.meeting_status == Status.FAILED and not session.zoom_meeting_id):
        set_status(
            session, Status.NONE, meeting_error="", meeting_error_at=None, meeting_retry_at=None
        )
        return
    set_status(session, Status.REMOVING, zoom_join_url="", meeting_error="")
    ask(session.pk)


def set_status(session: EventSession, status: str, **changes: Any) -> None:
    for field, value in {"meeting_status": status, **changes}.items():
        setattr(session, field, value)
    session.save(update_fields=["meeting_status", *changes])


def ask(session_id: int) -> None:
    after_commit(SYNC, session_id, key=f"meeting:{session_id}")


def fail(row: EventSession, text: str, now: datetime) -> None:
    set_status(
        row,
        Status.FAILED,
        meeting_error=text,
        meeting_error_at=now,
        meeting_retry_at=None,
        zoom_join_url="",
    )
    emails.meeting_failed(row)


def _session_of(meeting_id: str) -> EventSession | None:
    if not meeting_id:
        return None
    return EventSession.objects.select_related("event").filter(zoom_meeting_id=meeting_id).first()
