"""What events announces, inside the verb's transaction."""

from django.dispatch import Signal

event_published = Signal()  # event
event_unpublished = Signal()  # event
event_rescheduled = Signal()  # event; event.notify_registrants says whether to mail
event_started = Signal()  # event
event_completed = Signal()  # event
event_cancelled = Signal()  # event
meeting_affected = Signal()  # event; something Zoom shows or obeys was edited
session_completed = Signal()  # session
invitation_sent = Signal()  # invitation; its mail was queued
meeting_ready = Signal()  # session; made or changed at Zoom, registrants may be pushed
