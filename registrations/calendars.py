"""The calendar file of a place: each session, with the registrant's own way in."""

from events import calendars
from events.models import Event
from registrations import guest_links
from registrations.models import Registration


def file_for(registration: Registration) -> bytes:
    """Return the .ics of one registration; cancelled sessions tell calendars to drop them."""
    event = registration.event
    if event.format == Event.Format.IN_PERSON:
        return calendars.file_for(event)
    link = guest_links.api_url(registration, "join")
    return calendars.file_for(event, join_url=lambda _: link)
