"""Telling registrants something again, one or all of them."""

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.exceptions import InvalidStatus
from events.models import Event
from registrations import emails, inbox, tickets
from registrations.models import Registration

BATCH: Final = 200


def tell_rescheduled(event_id: int) -> int:
    """Mail every live registrant the new time and place; return how many."""
    event = Event.objects.select_related("owner", "organization").filter(pk=event_id).first()
    if event is None or event.status not in {Event.Status.PUBLISHED, Event.Status.LIVE}:
        return 0
    count = last = 0
    while batch := list(_live(event, last)):
        _tell(event, batch)
        count += len(batch)
        last = batch[-1].pk
    return count


@transaction.atomic
def confirm_again(registration: Registration, *, by: User) -> None:
    """Send the confirmation once more because a manager asked for it."""
    if registration.status != Registration.Status.CONFIRMED:
        raise InvalidStatus(
            "Only confirmed registrations have a confirmation.",
            details={"status": registration.status},
        )
    tickets.issue(registration)
    emails.confirmation_again(registration, occasion=timezone.now().isoformat())
    registration.record("registration.confirmation_resent", by=by)


def _live(event: Event, after: int) -> list[Registration]:
    rows = Registration.objects.current().filter(event=event, pk__gt=after)
    return list(rows.select_related("user").order_by("pk")[:BATCH])


@transaction.atomic
def _tell(event: Event, batch: list[Registration]) -> None:
    for registration in batch:
        registration.event = event
        emails.event_rescheduled(registration)
    inbox.event_rescheduled(event, batch)
