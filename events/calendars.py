"""Calendar files (RFC 5545): one entry per session, which keeps its identity over every edit."""

from collections.abc import Callable, Iterable
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from events.models import Event, EventSession

PRODUCT = "-//CPD Events//CPD Events//EN"
TEXT_LENGTH = 2000
STATUS = {"draft": "TENTATIVE"}
Way = Callable[[EventSession], str]


def file_for(event: Event, *, join_url: Way | None = None) -> bytes:
    """Return the file of the event's sessions; `join_url` tells the reader's own way into each.

    Without it the file says nothing about how to join, and may be public.
    """
    for session in event.sessions.all():
        session.event = event
    return file_of(
        vevent(session, join_url(session) if join_url else "") for session in event.sessions.all()
    )


def file_of(entries: Iterable[Entry]) -> bytes:
    """Return the file of these entries, folded and escaped."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for entry in entries:
        calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def vevent(session: EventSession, join_url: str = "") -> Entry:
    """Return the entry of one session, whose event is loaded.

    A higher SEQUENCE tells calendars to replace what they hold under the same UID.
    """
    event = session.event
    entry = Entry()
    entry.add("uid", f"{session.uuid}@{urlsplit(settings.PUBLIC_BASE_URL).hostname}")
    entry.add("sequence", max(event.calendar_sequence, session.calendar_sequence))
    entry.add("dtstamp", max(event.updated_at, session.updated_at))
    entry.add("dtstart", session.starts_at)
    entry.add("dtend", session.ends_at)
    entry.add("status", _status(session))
    entry.add("summary", event.title if session.is_implicit else f"{event.title}: {session.title}")
    entry.add("description", _description(session)[:TEXT_LENGTH])
    entry.add("location", session.room or event.location or join_url)
    entry.add("url", join_url or event.public_url)
    entry.add("organizer", _organizer(event))
    if event.category:
        entry.add("categories", [event.category.name])
    return entry


def manager_way(session: EventSession) -> str:
    """Return how those who run the event get into the session."""
    return session.zoom_join_url or session.event.online_url


def _status(session: EventSession) -> str:
    event = session.event
    if "cancelled" in {event.status, session.status}:
        return "CANCELLED"
    return STATUS.get(event.status, "CONFIRMED")


def _description(session: EventSession) -> str:
    event = session.event
    parts = (session.description, event.short_description or event.description, event.public_url)
    return "\n\n".join(part for part in parts if part)


def _organizer(event: Event) -> vCalAddress:
    address = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    address.params["CN"] = event.organizer_name
    return address
