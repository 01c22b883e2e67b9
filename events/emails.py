"""Messages to the people behind events."""

import hashlib

from django.conf import settings

from accounts.models import Membership, User
from accounts.roles import CAPABILITIES, Capability
from common import mail
from common.mail import Category, Envelope, Recipient
from events.models import Event, EventSession

MANAGING_ROLES = tuple(
    role for role, held in CAPABILITIES.items() if Capability.EVENTS_MANAGE in held
)


def meeting_failed(session: EventSession) -> None:
    """Tell the managers that a session has no meeting; once per session and kind of error."""
    event = session.event
    kind = hashlib.sha256(session.meeting_error.encode()).hexdigest()[:16]
    for person in managers(event):
        mail.send(
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
            envelope=Envelope(
                dedupe_key=f"meeting_failed:{session.uuid}:{kind}:{person.uuid}",
                about=event,
                owner_uuid=event.owner.uuid,
                organization_uuid=event.organization.uuid if event.organization else None,
            ),
        )


def managers(event: Event) -> list[User]:
    """Return the people who may change the event: of an organization all its managers."""
    if event.organization_id is None:
        return [event.owner]
    held = Membership.objects.current().filter(
        organization=event.organization_id, role__in=MANAGING_ROLES
    )
    return [membership.user for membership in held.select_related("user").order_by("pk")]
