"""Those who come to an event, for the messages that events sends."""

from collections.abc import Iterator

from events.models import Event, EventSession
from events.questions import Recipient
from registrations import guest_links
from registrations.emails import cleaned
from registrations.models import Registration

BATCH = 500


def of(event: Event, _session: EventSession | None) -> Iterator[Recipient]:
    """Yield everybody whose place is sure, in pages: an event may have thousands."""
    rows = (
        Registration.objects.confirmed()
        .filter(event=event)
        .select_related("user")
        .only("uuid", "email", "full_name", "user__uuid", "user__timezone")
        .order_by("pk")
    )
    last = 0
    while page := list(rows.filter(pk__gt=last)[:BATCH]):
        yield from (_recipient(registration, event) for registration in page)
        last = page[-1].pk


def _recipient(registration: Registration, event: Event) -> Recipient:
    user = registration.user
    is_online = event.format != Event.Format.IN_PERSON
    return Recipient(
        key=str(registration.uuid),
        email=registration.email,
        name=cleaned(registration.full_name),
        user_uuid=user.uuid if user else None,
        timezone=user.timezone if user else event.timezone,
        join_url=guest_links.api_url(registration, "join") if is_online else "",
        calendar_url=guest_links.api_url(registration, "calendar"),
    )
