"""What registrations tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from accounts.webhooks import Content, thing
from events.models import Event
from events.outbound import ROOT, tell
from events.outbound import SAMPLE as SAMPLE_EVENT
from registrations.models import Registration, WaitlistOffer

SAMPLE: Final = "91aa0c4e-6d2b-4f3a-8c1d-7e5f9b0a2c3d"
SAMPLE_OFFER: Final = "c0ffee00-1b2c-4d3e-8f4a-5b6c7d8e9f00"
_WHERE: Final = {"url": f"{ROOT}/events/{SAMPLE_EVENT}/registrations/{SAMPLE}/"}


def _example(status: str) -> Mapping[str, Any]:
    return {
        "object": "registration",
        "uuid": SAMPLE,
        **_WHERE,
        "event": SAMPLE_EVENT,
        "status": status,
        "user": None,
        "ticket_type": None,
        "source": "self",
    }


TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "registration.confirmed": ("Somebody has a place.", _example("confirmed")),
    "registration.cancelled": ("A place was given back.", _example("cancelled")),
    "registration.waitlisted": ("Somebody waits for a place.", _example("waitlisted")),
    "waitlist.offer_made": (
        "Somebody who waits is offered a place for a time.",
        {
            "object": "waitlist_offer",
            "uuid": SAMPLE_OFFER,
            **_WHERE,
            "registration": SAMPLE,
            "event": SAMPLE_EVENT,
            "expires_at": "2027-03-02T10:00:00Z",
        },
    ),
    "attendance.changed": (
        "Attendance that was settled has moved.",
        {
            "object": "registration",
            "uuid": SAMPLE,
            **_WHERE,
            "event": SAMPLE_EVENT,
            "registration": SAMPLE,
            "attendance_eligible": True,
            "total_attendance_minutes": 85,
        },
    ),
    "attendance.finalized": (
        "The attendance of an event is settled.",
        {
            "object": "event",
            "uuid": SAMPLE_EVENT,
            "url": f"{ROOT}/events/{SAMPLE_EVENT}/",
            "event": SAMPLE_EVENT,
            "finalized_at": "2027-03-10T11:00:00Z",
            "eligible_count": 42,
        },
    ),
}


def about_registration(row: Registration) -> Content:
    """Return what is said of a place: whose it is only by the account's uuid."""
    return thing(
        "registration",
        row,
        _path(row),
        event=row.event.uuid,
        status=row.status,
        user=row.user.uuid if row.user else None,
        ticket_type=None,
        source=row.source,
    )


def about_offer(offer: WaitlistOffer) -> Content:
    """Return what is said of an offered place."""
    row = offer.registration
    return thing(
        "waitlist_offer",
        offer,
        _path(row),
        registration=row.uuid,
        event=row.event.uuid,
        expires_at=offer.expires_at,
    )


def about_attendance(row: Registration) -> Content:
    """Return what is said of attendance that moved."""
    return thing(
        "registration",
        row,
        _path(row),
        event=row.event.uuid,
        registration=row.uuid,
        attendance_eligible=row.attendance_eligible,
        total_attendance_minutes=row.total_attendance_minutes,
    )


def about_judgement(event: Event) -> Content:
    """Return what is said of an event whose attendance is settled."""
    eligible = Registration.objects.filter(
        event=event, status=Registration.Status.CONFIRMED, attendance_eligible=True
    )
    return thing(
        "event",
        event,
        f"events/{event.uuid}/",
        event=event.uuid,
        finalized_at=event.attendance_finalized_at,
        eligible_count=eligible.count(),
    )


def tell_of_registration(event_type: str, *, registration: Registration, **_: Any) -> None:
    """Tell those who listen to the tenant of the event."""
    tell(event_type, registration.event, partial(about_registration, registration))


def tell_of_offer(event_type: str, *, offer: WaitlistOffer, **_: Any) -> None:
    """Tell those who listen to the tenant of the event."""
    tell(event_type, offer.registration.event, partial(about_offer, offer))


def tell_of_attendance(event_type: str, *, registration: Registration, **_: Any) -> None:
    """Tell those who listen to the tenant of the event."""
    tell(event_type, registration.event, partial(about_attendance, registration))


def tell_of_judgement(event_type: str, *, event: Event, **_: Any) -> None:
    """Tell those who listen to the tenant of the event."""
    tell(event_type, event, partial(about_judgement, event))


def _path(row: Registration) -> str:
    return f"events/{row.event.uuid}/registrations/{row.uuid}/"
