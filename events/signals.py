"""What events announces, inside the verb's transaction."""

from django.dispatch import Signal

event_published = Signal()  # event
event_unpublished = Signal()  # event
event_rescheduled = Signal()  # event; event.notify_registrants says whether to mail
event_started = Signal()  # event
event_completed = Signal()  # event
event_cancelled = Signal()  # event
session_completed = Signal()  # session
