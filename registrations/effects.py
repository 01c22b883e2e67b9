"""What follows a new status: ticket, meeting links, news. Done by a task, twice without harm."""

from django.db import transaction

from common.outbox import after_commit
from events.models import EventInvitation
from registrations import emails, places, registrants, signals, tickets
from registrations.models import Registration

Status = Registration.Status


def ask(registration: Registration) -> None:
    """Ask in the verb's transaction for what follows the row's status."""
    after_commit(
        "registrations.registration_effects",
        str(registration.uuid),
        registration.status,
        key=f"registration_effects:{registration.uuid}:{registration.status}",
    )


@transaction.atomic
def apply(registration_uuid: str, status: str) -> None:
    """Carry out what follows; a row that has moved on meanwhile is left alone."""
    registration = (
        Registration.objects.select_for_update(no_key=True, of=("self",))
        .select_related("event__owner", "event__organization", "user")
        .filter(uuid=registration_uuid, status=status)
        .first()
    )
    if registration is None:
        return
    match status:
        case Status.CONFIRMED:
            _confirmed(registration)
        case Status.WAITLISTED:
            signals.registration_waitlisted.send(sender=Registration, registration=registration)
        case Status.OFFERED:
            for offer in registration.offers.filter(outcome="open"):
                signals.offer_made.send(sender=type(offer), offer=offer)
        case Status.PENDING_APPROVAL:
            emails.registration_pending_approval(registration)
            emails.approval_waiting(registration)


def _confirmed(registration: Registration) -> None:
    event = registration.event
    invitation = EventInvitation.objects.match(event, registration.email)
    invitation.mark_registered(registration.uuid)
    tickets.issue(registration)
    registrants.want(registration)
    signals.registration_confirmed.send(sender=Registration, registration=registration)
    if event.attendance_finalized_at is not None:
        after_commit("registrations.recompute_attendance", registration.pk)
    if places.room(event) == 0:
        emails.event_full(event)
