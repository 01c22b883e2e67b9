"""What registrants and organizers find in the product; each notice stands beside a mail."""

from collections.abc import Iterable, Mapping
from typing import Final

from accounts import notifications
from accounts.models import User
from common.models import OutgoingEmail
from events.models import Event
from registrations.models import Registration

TYPES: Final[Mapping[str, str]] = {
    "registration_confirmed": "You have a place at an event.",
    "registration_pending_approval": "The organizer decides about your registration.",
    "registration_rejected": "The organizer did not accept your registration.",
    "registration_cancelled": "Your registration is cancelled.",
    "waitlist_joined": "You are on the waitlist of an event.",
    "waitlist_offer": "A place is held for you until you answer.",
    "waitlist_promoted": "You have moved up from the waitlist.",
    "offer_expired": "A place held for you was given on.",
    "attendance_corrected": "Your attendance was corrected.",
    "event_cancelled": "An event you registered for does not take place.",
    "event_rescheduled": "An event you registered for takes place at another time.",
    "new_registration": "Somebody registered for your event.",
    "approval_waiting": "A registration for your event waits for your decision.",
    "event_full": "Your event has no place left.",
    "zoom_registration_unsupported": "Zoom makes no personal links for your event.",
}
# Told to all at once: by `event_cancelled` and `event_rescheduled`.
TO_ALL: Final = frozenset({"event_cancelled", "event_rescheduled"})


def to_registrant(message: OutgoingEmail | None, registration: Registration) -> None:
    """Tell the registrant what the mail says; a guest has no inbox."""
    if message is not None and message.kind not in TO_ALL:
        notifications.beside(
            message,
            registration.user,
            action_url=f"/registrations/{registration.uuid}",
            event=registration.event.uuid,
        )


def to_organizer(message: OutgoingEmail | None, user: User, event: Event) -> None:
    """Tell somebody who runs the event what the mail says."""
    path = f"/events/{event.uuid}/registrations"
    notifications.beside(message, user, action_url=path, event=event.uuid)


def event_cancelled(event: Event, told: Iterable[Registration]) -> None:
    """Tell registrants that the event does not take place."""
    _to_all(
        "event_cancelled",
        event,
        told,
        title=f"{event.title} is cancelled",
        message=event.cancellation_reason,
    )


def event_rescheduled(event: Event, told: Iterable[Registration]) -> None:
    """Tell registrants of another time or place."""
    _to_all(
        "event_rescheduled",
        event,
        told,
        title=f"{event.title} has been rescheduled",
        occasion=f":{event.calendar_sequence}",
    )


def _to_all(
    kind: str,
    event: Event,
    told: Iterable[Registration],
    *,
    title: str,
    message: str = "",
    occasion: str = "",
) -> None:
    notifications.notify_many(
        [registration.user_id for registration in told],
        kind,
        title=title,
        message=message,
        action_url=f"/events/{event.uuid}",
        event=event.uuid,
        dedupe_key=f"{kind}:{event.uuid}{occasion}",
    )
