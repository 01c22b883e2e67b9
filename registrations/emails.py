"""The messages of registrations; delivery is the mail queue's."""

import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from common import mail
from events.emails import managers
from events.models import Event, EventSession
from registrations import guest_links, inbox
from registrations.models import Registration, WaitlistOffer

NAME_LENGTH: Final = 120
ADDRESS: Final = re.compile(r"\S*(://|www\.|[\w-]+\.[a-z]{2,}/?)\S*", re.IGNORECASE)


def registration_confirmed(registration: Registration) -> None:
    """Say that the place is sure, with everything needed to come."""
    promoted = registration.promoted_from_waitlist_at
    straight = promoted is not None and promoted == registration.confirmed_at
    kind = "waitlist_promoted" if straight else "registration_confirmed"
    _to_registrant(kind, registration, ticket=registration.ticket)


def confirmation_again(registration: Registration, *, occasion: str) -> None:
    """Send the confirmation once more because somebody asked for it."""
    ticket = registration.ticket
    _to_registrant("registration_confirmed", registration, occasion=occasion, ticket=ticket)


def registration_pending_approval(registration: Registration) -> None:
    """Say that the organizer decides first."""
    _to_registrant("registration_pending_approval", registration)


def registration_rejected(registration: Registration) -> None:
    """Say that the organizer decided against it."""
    _to_registrant("registration_rejected", registration)


def registration_cancelled(registration: Registration) -> None:
    """Say that the place is given back."""
    _to_registrant("registration_cancelled", registration)


def waitlist_joined(registration: Registration, *, position: int | None) -> None:
    """Say where in the queue somebody stands."""
    _to_registrant("waitlist_joined", registration, position=position)


def waitlist_offer(offer: WaitlistOffer) -> None:
    """Offer a place that is held until it is answered."""
    registration = offer.registration
    _to_registrant(
        "waitlist_offer",
        registration,
        occasion=str(offer.uuid),
        expires_at=local(offer.expires_at, registration.event),
    )


def offer_expired(registration: Registration, offer: WaitlistOffer) -> None:
    """Say that the offer was not answered in time, and what follows."""
    waits = registration.status == Registration.Status.WAITLISTED
    _to_registrant("offer_expired", registration, occasion=str(offer.uuid), waits=waits)


def attendance_corrected(registration: Registration) -> None:
    """Say that minutes or judgement have changed after they were final."""
    occasion = registration.explanation.get("computed_at", "")
    _to_registrant("attendance_corrected", registration, occasion=occasion)


def event_cancelled(registration: Registration) -> None:
    """Say that the event does not take place."""
    _to_registrant("event_cancelled", registration)


def event_rescheduled(registration: Registration) -> None:
    """Say when or where the event takes place now."""
    occasion = str(registration.event.calendar_sequence)
    _to_registrant("event_rescheduled", registration, occasion=occasion)


def new_registration(registration: Registration) -> None:
    """Tell the organizer who has come in."""
    _to_organizers("new_registration", registration.event, str(registration.uuid), registration)


def approval_waiting(registration: Registration) -> None:
    """Tell the organizer who waits for a decision."""
    _to_organizers("approval_waiting", registration.event, str(registration.uuid), registration)


def event_full(event: Event) -> None:
    """Tell the organizer that no place is left; once for each capacity."""
    _to_organizers("event_full", event, f"{event.uuid}:{event.capacity}")


def zoom_registration_unsupported(session: EventSession) -> None:
    """Tell the organizer that Zoom makes no personal links; once per connection."""
    event = session.event
    connection = session.zoom_connection
    occasion = connection.uuid if connection else event.uuid
    message = mail.send(
        "zoom_registration_unsupported",
        to=mail.Recipient(event.owner.email, event.owner.full_name, event.owner.uuid),
        category=mail.Category.ACCOUNT,
        context={"name": event.owner.full_name, "event": event},
        envelope=_envelope(event, f"zoom_registration_unsupported:{occasion}", event),
    )
    inbox.to_organizer(message, event.owner, event)


def local(moment: Any, event: Event) -> str:
    """Return a time as people at the event read it."""
    return f"{moment.astimezone(ZoneInfo(event.timezone)):%A %-d %B %Y, %H:%M} ({event.timezone})"


def cleaned(name: str) -> str:
    """Return a name without addresses: strangers choose it, and our mails carry it."""
    return " ".join(ADDRESS.sub("", name).split())[:NAME_LENGTH]


def _to_registrant(
    kind: str, registration: Registration, *, occasion: str = "", **facts: Any
) -> None:
    event = registration.event
    context = {
        "name": cleaned(registration.full_name),
        "registration": registration,
        "event": event,
        "starts_at": local(event.starts_at, event),
        "manage_url": guest_links.manage_url(registration),
        "calendar_url": guest_links.api_url(registration, "calendar"),
        "join_url": guest_links.api_url(registration, "join"),
        **facts,
    }
    user = registration.user
    message = mail.send(
        kind,
        to=mail.Recipient(registration.email, registration.full_name, user.uuid if user else None),
        category=mail.Category.REGISTRATION,
        context=context,
        envelope=_envelope(event, f"{kind}:{registration.uuid}:{occasion}", registration),
    )
    inbox.to_registrant(message, registration)


def _to_organizers(
    kind: str, event: Event, occasion: str, registration: Registration | None = None
) -> None:
    for person in managers(event):
        context = {
            "name": person.full_name,
            "event": event,
            "starts_at": local(event.starts_at, event),
            "person": cleaned(registration.full_name) if registration else "",
            "registrations_url": f"{settings.FRONTEND_URL}/events/{event.uuid}/registrations",
        }
        key = f"{kind}:{occasion}:{person.uuid}"
        message = mail.send(
            kind,
            to=mail.Recipient(person.email, person.full_name, person.uuid),
            category=mail.Category.ORGANIZER_REGISTRATION,
            context=context,
            envelope=_envelope(event, key, registration or event),
        )
        inbox.to_organizer(message, person, event)


def _envelope(event: Event, dedupe_key: str, about: Any) -> mail.Envelope:
    return mail.Envelope(
        dedupe_key=dedupe_key,
        about=about,
        part_of=event,
        owner_uuid=event.owner.uuid,
        organization_uuid=event.organization.uuid if event.organization else None,
        from_name=event.organizer_name,
    )
