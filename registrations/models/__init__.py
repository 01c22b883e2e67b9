"""Who has a place, who was there, and for how long."""

from registrations.models.answer import RegistrationAnswer
from registrations.models.attendance import AttendanceInterval, SessionAttendance
from registrations.models.matching import ParticipantAlias, UnmatchedParticipant
from registrations.models.meeting import MeetingInstance, MeetingRegistrant
from registrations.models.offer import WaitlistOffer
from registrations.models.order import Order
from registrations.models.registration import Registration
from registrations.models.ticket import Ticket

__all__ = [
    "AttendanceInterval",
    "MeetingInstance",
    "MeetingRegistrant",
    "Order",
    "ParticipantAlias",
    "Registration",
    "RegistrationAnswer",
    "SessionAttendance",
    "Ticket",
    "UnmatchedParticipant",
    "WaitlistOffer",
]
