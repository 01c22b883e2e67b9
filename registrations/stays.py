"""From Zoom's messages to stays: any order, repetition or late arrival ends in the same rows."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, QuerySet

from events.models import Event, EventSession
from integrations.zoom.payloads import MeetingMessage, ParticipantMessage
from registrations import judging, matching
from registrations.models import AttendanceInterval, MeetingInstance

UNKNOWN_MEETING: Final = "unknown meeting"
NO_TIME: Final = "no time"
# A missing departure is awaited this long after the scheduled end.
PATIENCE: Final = timedelta(minutes=30)


def note_start(message: MeetingMessage) -> str:
    """Note that a run of the meeting began; return why not, or nothing."""
    instance = _instance(message)
    if instance is None:
        return UNKNOWN_MEETING
    if instance.started_at is None:
        instance.started_at = message.start_time
        instance.save(update_fields=["started_at"])
    return ""


def note_end(message: MeetingMessage) -> str:
    """End every stay of this run that nobody has ended; return why not, or nothing."""
    instance = _instance(message)
    if instance is None:
        return UNKNOWN_MEETING
    ended_at = message.end_time or message.sent_at
    if ended_at is None:
        return NO_TIME
    if instance.ended_at is None:
        instance.ended_at = ended_at
        instance.save(update_fields=["ended_at"])
    _end(instance.intervals.open(), instance.session, ended_at)
    return ""


def note_arrival(message: ParticipantMessage) -> str:
    """Open the stay, or give it the beginning that came late; return why not, or nothing."""
    instance = _instance(message.meeting)
    if instance is None:
        return UNKNOWN_MEETING
    if message.at is None:
        return NO_TIME
    stay = _known(message) or _new(instance, message)
    if stay.started_at is not None:
        return ""
    stay.started_at = message.at
    if stay.ended_at is None and instance.ended_at is not None:
        stay.ended_at = max(instance.ended_at, message.at)
        stay.is_estimated = True
    _keep(stay, message)
    return ""


def note_departure(message: ParticipantMessage) -> str:
    """Close the stay, also one whose beginning comes later; return why not, or nothing."""
    instance = _instance(message.meeting)
    if instance is None:
        return UNKNOWN_MEETING
    left_at = message.at or message.meeting.sent_at
    if left_at is None:
        return NO_TIME
    stay = _known(message) or _new(instance, message)
    if stay.ended_at is not None and not stay.is_estimated:
        return ""
    stay.ended_at = left_at
    stay.is_estimated = message.at is None
    _keep(stay, message)
    return ""


def note_binding(message: ParticipantMessage) -> str:
    """Note that a telephone and a computer are one person; return why not, or nothing."""
    instance = _instance(message.meeting)
    if instance is None:
        return UNKNOWN_MEETING
    for registration_id in matching.bind(instance, message):
        _ask(instance.session, registration_id)
    return ""


def end_open(event: Event, *, now: datetime) -> None:
    """End the open stays of an event that is over; a departure that comes late corrects it."""
    for session in event.sessions.all():
        _end(_open_of(session), session, min(session.ends_at, now))


def close_stale(now: datetime) -> int:
    """End stays whose session ended half an hour ago without a word; return how many sessions."""
    stale = AttendanceInterval.objects.open().filter(session__ends_at__lte=now - PATIENCE)
    keys = stale.order_by().values_list("session", flat=True).distinct()
    sessions = EventSession.objects.select_related("event").filter(pk__in=keys)
    for session in sessions:
        _end(_open_of(session), session, session.ends_at)
    return len(sessions)


def _instance(message: MeetingMessage) -> MeetingInstance | None:
    """Return the run of a meeting with its row locked; None when the meeting is not ours.

    Without the lock an arrival handled beside the meeting's end would never be closed.
    """
    rows = MeetingInstance.objects.select_related("session__event").select_for_update(
        no_key=True, of=("self",)
    )
    found = rows.filter(zoom_uuid=message.uuid).first()
    if found is not None or not message.uuid or not message.meeting_id:
        return found
    session = EventSession.objects.filter(zoom_meeting_id=message.meeting_id).first()
    if session is None:
        return None
    fresh = MeetingInstance(session=session, zoom_uuid=message.uuid, host_id=message.host_id)
    MeetingInstance.objects.bulk_create([fresh], ignore_conflicts=True)
    return rows.get(zoom_uuid=message.uuid)


def _known(message: ParticipantMessage) -> AttendanceInterval | None:
    return AttendanceInterval.objects.filter(
        source=AttendanceInterval.Source.ZOOM_WEBHOOK, provider_key=message.provider_key
    ).first()


def _new(instance: MeetingInstance, message: ParticipantMessage) -> AttendanceInterval:
    return AttendanceInterval(
        instance=instance,
        session=instance.session,
        source=AttendanceInterval.Source.ZOOM_WEBHOOK,
        provider_key=message.provider_key,
        identity=matching.identity_of(message),
    )


def _keep(stay: AttendanceInterval, message: ParticipantMessage) -> None:
    """Store the stay under the person it belongs to, as far as the messages tell."""
    told = matching.identity_of(message)
    stay.identity = told | {key: value for key, value in stay.identity.items() if value}
    if stay.registration_id is None and stay.unmatched_id is None:
        matching.assign(stay)
    stay.save()
    if stay.unmatched is not None:
        matching.measure(stay.unmatched)
    _ask(stay.session, stay.registration_id)


def _open_of(session: EventSession) -> QuerySet[AttendanceInterval]:
    return AttendanceInterval.objects.open().filter(session=session)


def _end(stays: QuerySet[AttendanceInterval], session: EventSession, ended_at: datetime) -> None:
    """Write the estimated end; whoever came after it was there for no time at all."""
    registrations = list(stays.values_list("registration", flat=True).distinct().order_by())
    stays.filter(started_at__gte=ended_at).update(ended_at=F("started_at"), is_estimated=True)
    stays.filter(started_at__lt=ended_at).update(ended_at=ended_at, is_estimated=True)
    for registration_id in registrations:
        _ask(session, registration_id)


def _ask(session: EventSession, registration_id: int | None) -> None:
    """Before finalizing nobody is computed one by one: that comes for all at once."""
    if session.event.attendance_finalized_at is not None:
        judging.ask(registration_id)
