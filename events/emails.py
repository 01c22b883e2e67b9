"""Messages to the people behind events."""

import hashlib
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from accounts import notifications
from accounts.models import Membership, User
from accounts.roles import CAPABILITIES, Capability
from common import mail
from common.mail import Category, Envelope, Recipient
from events.models import Event, EventSession

# When the numbers of an event have settled enough to be told.
SUMMARY_AFTER = timedelta(hours=1)
MANAGING_ROLES = tuple(
    role for role, held in CAPABILITIES.items() if Capability.EVENTS_MANAGE in held
)


def meeting_failed(session: EventSession) -> None:
    """Tell the managers that a session has no meeting; once per session and kind of error."""
    event = session.event
    kind = hashlib.sha256(session.meeting_error.encode()).hexdigest()[:16]
    for person in managers(event):
        message = mail.send(
            "meeting_failed",
            to=Recipient(person.email, person.full_name, person.uuid),
            category=Category.ACCOUNT,
            context={
                "name": person.full_name,
                "event": event,
                "session": session,
                "error": session.meeting_error,
                "link": f"{settings.FRONTEND_URL}/events/{event.uuid}/meeting",
            },
            envelope=_about(event, f"meeting_failed:{session.uuid}:{kind}:{person.uuid}"),
        )
        path = f"/events/{event.uuid}/meeting"
        notifications.beside(message, person, action_url=path, event=event.uuid)


def event_summary(event: Event) -> None:
    """Tell the managers how the event went; once per person."""
    for person in managers(event):
        mail.send(
            "event_summary",
            to=Recipient(person.email, person.full_name, person.uuid),
            category=Category.ORGANIZER_SUMMARY,
            context={
                "name": person.full_name,
                "event": event,
                "link": f"{settings.FRONTEND_URL}/events/{event.uuid}",
            },
            envelope=_about(event, f"summary:{event.uuid}:{person.uuid}"),
        )


def event_transferred(event: Event, *, former: User, occasion: UUID) -> None:
    """Tell both owners that the event has another one now."""
    path = f"/events/{event.uuid}"
    for person in dict.fromkeys((former, event.owner)):
        message = mail.send(
            "event_transferred",
            to=Recipient(person.email, person.full_name, person.uuid),
            category=Category.ACCOUNT,
            context={
                "name": person.full_name,
                "event": event,
                "is_owner": person == event.owner,
                "organization": event.organization,
                "link": f"{settings.FRONTEND_URL}{path}",
            },
            envelope=_about(event, f"event_transferred:{occasion}:{person.uuid}"),
        )
        notifications.beside(message, person, action_url=path, event=event.uuid)


def managers(event: Event) -> list[User]:
    """Return the people who may change the event: of an organization all its managers."""
    if event.organization_id is None:
        return [event.owner]
    held = Membership.objects.current().filter(
        organization=event.organization_id, role__in=MANAGING_ROLES
    )
    return [membership.user for membership in held.select_related("user").order_by("pk")]


def _about(event: Event, dedupe_key: str) -> Envelope:
    return Envelope(
        dedupe_key=dedupe_key,
        about=event,
        part_of=event,
        owner_uuid=event.owner.uuid,
        organization_uuid=event.organization.uuid if event.organization else None,
    )
