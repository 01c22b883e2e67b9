"""The code a person shows at the door."""

from django.utils import timezone

from common.exceptions import NotFound
from registrations.models import Registration, Ticket


def issue(registration: Registration) -> Ticket:
    """Return the registrant's ticket; the first call makes it."""
    ticket, _ = Ticket.objects.get_or_create(
        registration=registration, defaults={"issued_at": timezone.now()}
    )
    return ticket


def of(registration: Registration) -> Ticket:
    """Return the ticket of a confirmed place; another has none."""
    if registration.status != Registration.Status.CONFIRMED:
        raise NotFound("Only a confirmed registration has a ticket.")
    return issue(registration)


def void(*registration_ids: int) -> None:
    """Make the tickets of these registrations worthless."""
    now = timezone.now()
    Ticket.objects.filter(registration__in=registration_ids, voided_at=None).update(
        voided_at=now, updated_at=now
    )
