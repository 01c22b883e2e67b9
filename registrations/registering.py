"""How people get in: register, approve, reject."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from common.exceptions import (
    Conflict,
    DomainError,
    InvalidStatus,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleViolation,
)
from common.transactions import retrying
from events import admission, registration_state
from events.models import Event
from registrations import cancelling, effects, emails, orders, places
from registrations.models import Registration
from registrations.orders import INVITED, SELF, Booking, Origin, Person, Request
from registrations.places import EventIsFull

ATTEMPTS = 5  # at a reference that nobody has
Status = Registration.Status


class AlreadyRegistered(Conflict):
    """One address, one live place."""

    code = "ALREADY_REGISTERED"
    message = "This address is already registered for the event."


class RegistrationClosed(RuleViolation):
    """The event takes nobody now."""

    code = "REGISTRATION_CLOSED"
    message = "Registration for this event is not open."


class InvitationRequired(NotAllowed):
    """A private event admits whom it invited."""

    code = "INVITATION_REQUIRED"
    message = "This event is open to invited people only."


REFUSALS: Mapping[str, type[DomainError]] = {
    "not_published": NotFound,
    "invitation_only": InvitationRequired,
    "full": EventIsFull,
}


class _NoRoom(Exception):
    """Undo the rows: the guarded UPDATE found no place for them."""


def register(event: Event, person: Person, *, origin: Origin = SELF) -> Registration:
    """Register one person and return their row: confirmed, awaiting approval or waitlisted."""
    return register_all(Request(event, [person], origin)).registrations[0]


def register_all(request: Request) -> Booking:
    """Register everybody of one order, or nobody; a single person may land on the waitlist.

    The same key again answers with the same order. No look-up comes first: unique columns refuse.
    """
    require_open(request.event, user=request.buyer.user, origin=request.origin)
    for remaining in reversed(range(ATTEMPTS)):
        try:
            return _register(request)
        except IntegrityError:
            if request.key and (booking := orders.under(request.key)):
                return booking
            if taken := _addresses_taken(request):
                raise AlreadyRegistered(details={"emails": taken}) from None
            if not remaining:
                raise
    raise AssertionError("unreachable")


def require_open(event: Event, *, user: User | None, origin: Origin = SELF) -> None:
    """Refuse whom the event does not take now."""
    if not origin.is_registrant:
        if event.status not in places.OPEN_TO_MANAGERS:
            raise InvalidStatus("People are added from publishing to closing.")
        return
    state = registration_state.of(event, timezone.now(), invited=origin.is_invited)
    if state in REFUSALS:
        raise REFUSALS[state]
    if state not in registration_state.WELCOMING:
        raise RegistrationClosed(details={"state": state})
    if user is None and not event.allow_guest_registration:
        raise NotAuthenticated("Please sign in to register for this event.")


def origin_of(event: Event, *, token: str, emails: Iterable[str]) -> Origin:
    """Return by which way these people come, who showed this token or none.

    A private event admits nobody but the address that was invited; elsewhere a token that is
    another's opens nothing and is no harm.
    """
    if admission.admits(event, token, *emails, now=timezone.now()):
        return INVITED
    if event.visibility == Event.Visibility.PRIVATE:
        raise InvitationRequired
    return SELF


@retrying
def approve(registration: Registration, *, by: User) -> None:
    """Give the place that was kept while somebody decided."""
    event = places.lock_with(registration)
    _require_pending(registration)
    registration.status = Status.CONFIRMED
    registration.confirmed_at = timezone.now()
    registration.save(update_fields=["status", "confirmed_at"])
    places.recount(event)
    registration.record("registration.approved", by=by)
    effects.ask(registration)


@retrying
def reject(registration: Registration, *, by: User, reason: str) -> None:
    """Refuse the request and free the place that was kept for it."""
    event = places.lock_with(registration)
    _require_pending(registration)
    cancelling.release(registration, by=by, reason=reason, tell=emails.registration_rejected)
    places.recount(event)
    registration.record("registration.rejected", by=by, reason=reason)
    places.ask_to_fill(event)


def _require_pending(registration: Registration) -> None:
    if registration.status != Status.PENDING_APPROVAL:
        raise InvalidStatus(
            "Only registrations that wait for approval can be decided.",
            details={"status": registration.status},
        )


@retrying
def _register(request: Request) -> Booking:
    event, now = request.event, timezone.now()
    approval = event.registration_approval_required and request.origin.is_registrant
    status = Status.PENDING_APPROVAL if approval else Status.CONFIRMED
    state = registration_state.of(event, now, invited=request.origin.is_invited)
    if request.origin.is_registrant and state == "waitlist":
        return _join_line(request, now)
    try:
        with transaction.atomic():
            booking = orders.write(request, status=status, now=now)
            _take_places(request, len(booking.registrations), status)
    except _NoRoom:
        event.refresh_from_db()
        require_open(event, user=request.buyer.user, origin=request.origin)
        return _join_line(request, now)
    return booking


def _take_places(request: Request, number: int, status: str) -> None:
    """Take the places; the last statement of the transaction, because it locks the event."""
    taken = places.take(
        request.event,
        number,
        confirmed=number if status == Status.CONFIRMED else 0,
        by_registrant=request.origin.is_registrant,
    )
    if not taken:
        raise _NoRoom


def _join_line(request: Request, now: datetime) -> Booking:
    event = request.event
    if len(request.people) > 1 or not event.waitlist_enabled:
        left = 0 if event.waitlist_count else event.spots_remaining or 0
        raise EventIsFull(details={"places_left": left})
    booking = orders.write(request, status=Status.WAITLISTED, now=now)
    if not places.join_line(event):
        raise EventIsFull(details={"places_left": 0})
    places.ask_to_fill(event)
    first = booking.registrations[0]
    first.waitlist_position = places.position(first)
    return booking


def _addresses_taken(request: Request) -> Sequence[str]:
    wanted = [person.email for person in request.people]
    held = Registration.objects.current().filter(event=request.event, email__in=wanted)
    return sorted(held.values_list("email", flat=True))
