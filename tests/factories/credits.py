"""People who were there, ready to be awarded."""

from django.utils import timezone

from events.models import Event
from registrations.models import Registration
from tests.factories.registrations import RegistrationFactory, SessionAttendanceFactory


def attended(event: Event, *, eligible: bool = True, **facts) -> Registration:
    """Return a finalized registration of somebody who was (or was not) there long enough."""
    percent = 83 if eligible else 79
    rule = {
        "code": "attendance_percent",
        "label": "Attendance",
        "need": 80,
        "have": percent,
        "unit": "percent",
        "verdict": "met" if eligible else "unmet",
    }
    registration = RegistrationFactory(
        event=event,
        attended=True,
        attendance_percent=percent,
        total_attendance_minutes=percent * event.duration_minutes // 100,
        attendance_eligible=eligible,
        attendance_finalized_at=timezone.now(),
        explanation={"rules": [rule], "verdict": rule["verdict"]},
        **facts,
    )
    for session in event.sessions.all():
        SessionAttendanceFactory(registration=registration, session=session, attended=True)
    return registration
