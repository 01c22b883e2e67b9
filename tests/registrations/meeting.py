"""The session of the provider fixtures: eight registrants, one meeting, signed messages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from common import outbox
from common.models import OutboxTask
from events.models import Event, EventSession
from integrations.models import InboundWebhook
from registrations import attendance
from registrations.models import Registration
from tests.factories.events import EventFactory
from tests.factories.registrations import MeetingRegistrantFactory, RegistrationFactory
from tests.integrations import zoom_bodies as zoom

STARTS_AT = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
PEOPLE = (
    *("Jo Example", "Sam Sample", "Ana Prueba", "Kim Lee", "Kim Lee"),
    *("Bo Break", "Max Missing", "Olu Order"),
)


@dataclass
class Scene:
    """One event with its session, and R1 to R8."""

    event: Event
    session: EventSession

    def person(self, number: int) -> Registration:
        return Registration.objects.get(event=self.event, email=address(number))

    def send(self, *messages: Any) -> None:
        """Post the messages, signed, and let the worker handle them."""
        client = APIClient()
        for message in messages:
            assert zoom.post(client, message).json() == {"status": "received"}
        work()

    def finalize(self) -> None:
        """Complete the event, unless the meeting's end has done so, and judge everybody."""
        EventSession.objects.filter(event=self.event).update(status="completed")
        Event.objects.filter(pk=self.event.pk).update(
            status="completed", completed_at=self.session.ends_at
        )
        attendance.finalize(self.event.pk, now=timezone.now())
        work()
        self.event.refresh_from_db()
        assert self.event.attendance_finalized_at is not None

    def minutes(self, number: int) -> tuple[int, int]:
        row = self.person(number)
        return row.total_attendance_minutes, row.attendance_percent


def scene(**changes: Any) -> Scene:
    """Make the session of 90 minutes with its meeting and eight confirmed registrants."""
    event = EventFactory(
        live=True, starts_at=STARTS_AT, duration_minutes=90, implicit_session=False, **changes
    )
    session = EventSession.objects.create(
        event=event,
        title="Ethics update",
        session_number=1,
        starts_at=STARTS_AT,
        duration_minutes=90,
        is_implicit=True,
        status="live",
        zoom_meeting_id=zoom.MEETING,
        meeting_status="ready",
    )
    for number, name in enumerate(PEOPLE, start=1):
        person = RegistrationFactory(event=event, full_name=name, email=address(number))
        MeetingRegistrantFactory(
            registration=person,
            session=session,
            status="pushed",
            zoom_registrant_id=zoom.registrant_id(number),
        )
    return Scene(event, session)


def address(number: int) -> str:
    return f"r{number}@example.org"


def work() -> None:
    """Do everything that was asked for."""
    while outbox.run_due(timezone.now()):
        continue
    failed = OutboxTask.objects.exclude(last_error="").values_list("name", "last_error")
    assert list(failed) == []
    assert not InboundWebhook.objects.exclude(error="").exists()
