"""What is offered, when, where, and by whom."""

from events.models.custom_field import EventCustomField
from events.models.event import Event
from events.models.history import EventStatusHistory
from events.models.invitation import EventInvitation
from events.models.labels import Category, Tag
from events.models.reminder import EventReminder
from events.models.session import EventSession
from events.models.speaker import Speaker

__all__ = [
    "Category",
    "Event",
    "EventCustomField",
    "EventInvitation",
    "EventReminder",
    "EventSession",
    "EventStatusHistory",
    "Speaker",
    "Tag",
]
