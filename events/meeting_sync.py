"""Making, changing and removing meetings at Zoom; nothing here calls it inside a transaction."""

import dataclasses
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone as clock

from accounts import zoom_connections
from accounts.models import ZoomConnection
from common.exceptions import Conflict, Unavailable
from common.outbox import after_commit
from events import meetings, signals
from events.meetings import Status
from events.models import EventSession
from integrations.zoom import client
from integrations.zoom.client import Meeting, NewMeeting
from integrations.zoom.failures import (
    ZoomAuthFailed,
    ZoomFailure,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRejected,
    ZoomScopeMissing,
)

log = structlog.get_logger(__name__)

NOT_CONNECTED = "Zoom is not connected."
RECONNECT = "Zoom needs to be reconnected."
OUTAGE = "Zoom cannot be reached at the moment."
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
# Longer than any call with its repetitions; then another worker may try.
LEASE = timedelta(minutes=6)
TOPIC_LENGTH = 200
AGENDA_LENGTH = 150  # with the mark below the 250 characters that lists of Zoom show
LICENSED = frozenset({2, 3})
PASSWORD_ALPHABET = string.ascii_letters + string.digits


# Zoom's API reference, "Get a meeting": the start_url of its own users ends after two hours.
START_LINK_LIFETIME = timedelta(hours=2)


class MeetingNotReady(Conflict):
    """There is no meeting to start, not yet or not any more."""

    code = "MEETING_NOT_READY"
    message = "The meeting of this session is not ready."


class ZoomIsAway(Unavailable):
    """Zoom does not answer at the moment."""

    code = "ZOOM_UNAVAILABLE"
    message = OUTAGE


@dataclasses.dataclass(frozen=True)
class HostLink:
    """A way into the meeting as its host, and until when it is good."""

    url: str
    expires_at: datetime


def sync_meeting(session_id: int) -> None:
    """Do the one thing at Zoom that the session's wish needs. Running it again does nothing."""
    session = _claim(session_id, clock.now())
    if session is None:
        return
    try:
        if session.meeting_status == Status.REMOVING:
            _remove(session)
        else:
            _make(session)
    except ZoomFailure as failure:
        _note_failure(session, failure, clock.now())


def remove_meeting(connection_id: int, meeting_id: str) -> None:
    """Delete a meeting that no session has any more; one that is gone counts as deleted.

    What its host's connection does not allow any longer is left to the host.
    """
    connection = ZoomConnection.objects.connected().filter(pk=connection_id).first()
    if connection is None:
        return
    try:
        with _speaking_for(connection) as token:
            client.delete_meeting(meeting_id, token=token)
    except (ZoomAuthFailed, ZoomScopeMissing, ZoomRejected):
        log.info("meeting left to its host", connection=connection_id)


def host_link(session: EventSession, *, now: datetime) -> HostLink:
    """Ask Zoom for the link that starts the meeting as its host; it is kept nowhere.

    Raises MeetingNotReady, or ZoomIsAway when Zoom does not answer.
    """
    connection = _host(session)
    if session.meeting_status != Status.READY or connection is None:
        raise MeetingNotReady
    try:
        with _speaking_for(connection) as token:
            meeting = client.meeting(session.zoom_meeting_id, token=token)
    except (ZoomNotFound, ZoomAuthFailed, ZoomScopeMissing) as failure:
        raise MeetingNotReady from failure
    except ZoomFailure as failure:
        raise ZoomIsAway from failure
    return HostLink(meeting.start_url, now + START_LINK_LIFETIME)


@transaction.atomic
def _claim(session_id: int, now: datetime) -> EventSession | None:
    """Take the session for one worker: nobody else tries before the lease is over."""
    rows = EventSession.objects.select_for_update(no_key=True, of=("self",))
    session = (
        rows.select_related("event__owner", "zoom_connection")
        .filter(pk=session_id)
        .awaiting_meeting(now)
        .first()
    )
    if session is not None:
        session.meeting_attempts += 1
        session.meeting_retry_at = now + LEASE
        session.save(update_fields=["meeting_attempts", "meeting_retry_at"])
    return session


def _make(session: EventSession) -> None:
    connection = _host(session)
    if connection is None:
        _note_failure(session, None, clock.now())
        return
    wanted = _wanted(session, connection)
    with _speaking_for(connection) as token:
        meeting = _existing(session, wanted, token)
        if meeting is None:
            password = "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(8))
            fresh = dataclasses.replace(wanted, password=password)
            meeting = client.create_meeting(fresh, token=token)
    _settle_made(session, connection, wanted, meeting)


def _existing(session: EventSession, wanted: NewMeeting, token: str) -> Meeting | None:
    """Return the meeting that is there already, brought up to date; None if there is none."""
    known = session.zoom_meeting_id
    if not known and (session.meeting_attempts > 1 or session.meeting_error_at):
        # The answer of an earlier attempt may have been lost.
        found = client.find_meeting(_mark(session), token=token)
        known = found.id if found else ""
    if not known:
        return None
    try:
        client.update_meeting(known, wanted, token=token)
        return client.meeting(known, token=token)
    except ZoomNotFound:
        return None


def _remove(session: EventSession) -> None:
    connection = _host(session)
    if connection is not None:
        with _speaking_for(connection) as token:
            known = session.zoom_meeting_id
            if not known:
                found = client.find_meeting(_mark(session), token=token)
                known = found.id if found else ""
            if known:
                client.delete_meeting(known, token=token)
    _settle_removed(session)


@contextmanager
def _speaking_for(connection: ZoomConnection) -> Iterator[str]:
    """Give a token, and keep the connection's record of what came of it."""
    token = zoom_connections.token_for(connection)
    try:
        yield token
    except (ZoomAuthFailed, ZoomScopeMissing) as failure:
        zoom_connections.note_failure(connection, str(failure))
        raise
    zoom_connections.note_success(connection)


def _host(session: EventSession) -> ZoomConnection | None:
    """Return the connection that hosts the meeting: its own while it works, else the owner's."""
    own = session.zoom_connection
    if own is not None and own.is_active and own.disconnected_at is None:
        return own
    return ZoomConnection.objects.connected().filter(user=session.event.owner_id).first()


def _wanted(session: EventSession, connection: ZoomConnection) -> NewMeeting:
    event = session.event
    topic = f"{event.title}: {session.title}" if event.is_multi_session else event.title
    records = event.recording_enabled and connection.zoom_user_type in LICENSED
    return NewMeeting(
        topic=topic[:TOPIC_LENGTH],
        starts_at=session.starts_at,
        duration_minutes=session.duration_minutes,
        timezone=session.timezone,
        agenda=f"{event.short_description[:AGENDA_LENGTH]}\n{_mark(session)}".strip(),
        settings={
            "approval_type": client.APPROVE_AUTOMATICALLY,
            "registration_type": 1,
            "registrants_email_notification": False,
            "registrants_confirmation_email": False,
            "close_registration": False,
            "allow_multiple_devices": True,
            "meeting_authentication": False,
            "waiting_room": True,
            "join_before_host": False,
            "mute_upon_entry": True,
            "auto_recording": "cloud" if records else "none",
            **event.zoom_settings,
        },
    )


def _mark(session: EventSession) -> str:
    return f"ref:{session.uuid}"


@transaction.atomic
def _settle_made(
    session: EventSession, connection: ZoomConnection, made: NewMeeting, meeting: Meeting
) -> None:
    row = _locked(session)
    row.zoom_connection = connection
    row.zoom_meeting_id, row.zoom_meeting_uuid = meeting.id, meeting.uuid
    row.zoom_join_url, row.zoom_passcode = meeting.join_url, meeting.passcode
    row.meeting_retry_at = None
    still_wanted = row.meeting_status == Status.PENDING
    if still_wanted and _wanted(row, connection) == made:
        row.meeting_status = Status.READY
        row.meeting_error, row.meeting_error_at = "", None
        row.save()
        signals.meeting_ready.send(sender=EventSession, session=row)
        return
    # The wish has changed while Zoom was busy.
    row.zoom_join_url = meeting.join_url if still_wanted else ""
    row.save()
    meetings.ask(row.pk)


@transaction.atomic
def _settle_removed(session: EventSession) -> None:
    row = _locked(session)
    row.zoom_join_url, row.zoom_passcode = "", ""
    row.meeting_retry_at = None
    if row.meeting_status == Status.REMOVING:
        row.meeting_status = Status.REMOVED
        row.meeting_error, row.meeting_error_at = "", None
    row.save()
    if row.meeting_status == Status.PENDING:
        meetings.ask(row.pk)


@transaction.atomic
def _note_failure(session: EventSession, failure: ZoomFailure | None, now: datetime) -> None:
    row = _locked(session)
    text = _in_words(failure)
    if row.meeting_status not in {Status.PENDING, Status.REMOVING}:
        return
    if text == OUTAGE and row.meeting_attempts <= len(BACK_OFF):
        _try_later(row, failure, now)
    elif row.meeting_status == Status.PENDING:
        meetings.fail(row, text, now)
    elif row.meeting_status == Status.REMOVING and text != OUTAGE:
        # Zoom will not let us; the meeting is the host's to delete.
        meetings.set_status(
            row, Status.REMOVED, meeting_error=text, meeting_error_at=now, meeting_retry_at=None
        )
    else:
        meetings.set_status(
            row, row.meeting_status, meeting_error=text, meeting_retry_at=now + BACK_OFF[-1]
        )


def _try_later(row: EventSession, failure: ZoomFailure | None, now: datetime) -> None:
    row.meeting_retry_at = now + BACK_OFF[row.meeting_attempts - 1]
    if isinstance(failure, ZoomRateLimited):
        row.meeting_retry_at = max(row.meeting_retry_at, failure.retry_at)
    row.meeting_error, row.meeting_error_at = OUTAGE, now
    row.save(update_fields=["meeting_retry_at", "meeting_error", "meeting_error_at"])
    # A key of its own: a new wish must not wait for this one's time.
    after_commit(
        meetings.SYNC, row.pk, key=f"meeting-retry:{row.pk}", delay=row.meeting_retry_at - now
    )


def _in_words(failure: ZoomFailure | None) -> str:
    """Say what went wrong without a token or the provider's body."""
    if failure is None:
        return NOT_CONNECTED
    if isinstance(failure, ZoomAuthFailed | ZoomScopeMissing):
        return RECONNECT
    if isinstance(failure, ZoomRejected):
        return f"Zoom refused the meeting: {failure.reason.rstrip('.')}."
    return OUTAGE


def _locked(session: EventSession) -> EventSession:
    rows = EventSession.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("event__owner", "event__organization").get(pk=session.pk)
