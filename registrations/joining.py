"""The way into a running session: one's own link first."""

from datetime import datetime

from common.exceptions import Conflict
from events.models import EventSession
from registrations.models import MeetingRegistrant, Registration


class MeetingNotReady(Conflict):
    """There is no way in, not yet or not any more."""

    code = "MEETING_NOT_READY"
    message = "There is no link to join this event at the moment."


def address(registration: Registration, *, now: datetime) -> str:
    """Return where a confirmed registrant joins the session that runs or comes next."""
    session = next_session(registration, now)
    if registration.status != Registration.Status.CONFIRMED or session is None:
        raise MeetingNotReady
    found = personal_link(registration, session) or registration.event.online_url
    if not found and _takes_nobody(registration, session):
        found = session.zoom_join_url
    if not found:
        raise MeetingNotReady
    return found


def next_session(registration: Registration, now: datetime) -> EventSession | None:
    """Return the session that is not over and starts first."""
    left = [
        session
        for session in registration.event.sessions.all()
        if session.ends_at > now and session.status not in {"cancelled", "completed"}
    ]
    return min(left, key=lambda session: session.starts_at, default=None)


def shown_link(registration: Registration, *, now: datetime) -> str:
    """Return the personal link for the registrant's own pages: while confirmed and not over."""
    session = next_session(registration, now)
    if registration.status != Registration.Status.CONFIRMED or session is None:
        return ""
    return personal_link(registration, session)


def can_join(registration: Registration, *, now: datetime) -> bool:
    """Tell whether the doors are open: from an hour before the session to its end."""
    session = next_session(registration, now)
    return (
        registration.status == Registration.Status.CONFIRMED
        and session is not None
        and now >= session.starts_at - Registration.JOIN_OPENS_BEFORE
    )


def personal_link(registration: Registration, session: EventSession) -> str:
    """Return the registrant's own link into this session, empty when there is none."""
    for row in registration.meeting_registrants.all():
        if row.session_id == session.pk and row.status == MeetingRegistrant.Status.PUSHED:
            return row.join_url
    return ""


def _takes_nobody(registration: Registration, session: EventSession) -> bool:
    """Tell whether Zoom makes no personal links for this meeting."""
    return any(
        row.session_id == session.pk and row.status == MeetingRegistrant.Status.UNSUPPORTED
        for row in registration.meeting_registrants.all()
    )
