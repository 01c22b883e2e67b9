"""What registrations announces."""

from django.dispatch import Signal

registration_confirmed = Signal()  # registration
registration_cancelled = Signal()  # registration
registration_waitlisted = Signal()  # registration
offer_made = Signal()  # offer
attendance_changed = Signal()  # registration
attendance_finalized = Signal()  # event
registrations_linked = Signal()  # user
