"""The calendar file of a place: each session, with the registrant's own way in."""

from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar
from icalendar import Event as Entry

from events.models import Event, EventSession
from registrations import guest_links
from registrations.models import Registration

TEXT_LENGTH = 2000
PRODUCT = "-//CPD Events//CPD Events//EN"


def file_for(registration: Registration) -> bytes:
    """Return the .ics of one registration; cancelled sessions tell calendars to drop them."""
    event = registration.event
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    link = guest_links.api_url(registration, "join")
    for session in event.sessions.all():
        session.event = event
        calendar.add_component(_entry(session, event, link))
    written: bytes = calendar.to_ical()
    return written


def _entry(session: EventSession, event: Event, link: str) -> Entry:
    entry = Entry()
    is_off = session.status == EventSession.Status.CANCELLED
    entry.add("uid", f"{session.uuid}@{urlsplit(settings.PUBLIC_BASE_URL).hostname}")
    entry.add("sequence", max(event.calendar_sequence, session.calendar_sequence))
    entry.add("dtstamp", session.updated_at)
    entry.add("dtstart", session.starts_at)
    entry.add("dtend", session.ends_at)
    entry.add("status", "CANCELLED" if is_off else "CONFIRMED")
    entry.add("summary", event.title if session.is_implicit else f"{event.title}: {session.title}")
    entry.add("description", event.short_description[:TEXT_LENGTH])
    online = event.format != Event.Format.IN_PERSON
    entry.add("location", session.room or event.location or (link if online else ""))
    entry.add("url", link if online else event.public_url)
    return entry
