"""The rows of one call of register, written before any place is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import User
from common.exceptions import RuleViolation
from events.models import Event
from registrations import effects
from registrations.answers import Answer
from registrations.models import Order, Registration, RegistrationAnswer

Status = Registration.Status


class KeyReused(RuleViolation):
    """The key of an earlier order came with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key was used for another request."


@dataclass(frozen=True)
class Person:
    """Somebody who wants a place, as the certificate will name them."""

    email: str
    full_name: str
    user: User | None = None
    professional_title: str = ""
    organization_name: str = ""
    allow_public_verification: bool = True
    answers: Sequence[Answer] = ()


@dataclass(frozen=True)
class Origin:
    """By which way somebody comes in; an organizer passes closed doors and the waitlist."""

    source: str = Registration.Source.SELF
    registered_by: User | None = None

    @property
    def is_registrant(self) -> bool:
        return self.registered_by is None

    @property
    def is_invited(self) -> bool:
        """Whether an invitation opened the door, also of a private event."""
        return self.source == Registration.Source.INVITATION


SELF: Final = Origin()
INVITED: Final = Origin(source=Registration.Source.INVITATION)


@dataclass(frozen=True)
class Key:
    """The idempotency key under which an order was sent."""

    principal: str
    value: str
    fingerprint: str


@dataclass(frozen=True)
class Request:
    """Everything one call of register asks for."""

    event: Event
    people: Sequence[Person]
    origin: Origin = SELF
    key: Key | None = None

    @property
    def buyer(self) -> Person:
        return self.people[0]


@dataclass(frozen=True)
class Booking:
    """An order and its registrations, in the order in which people were named."""

    order: Order
    registrations: Sequence[Registration]


def write(request: Request, *, status: str, now: datetime) -> Booking:
    """Insert everything that belongs to the order, and nothing that touches the event's row."""
    order = _order(request)
    rows = {
        person.email: _registration(request, order, person, status=status, now=now)
        for person in request.people
    }
    # In ascending order of address, so that two orders never wait for each other.
    Registration.objects.bulk_create([rows[email] for email in sorted(rows)])
    RegistrationAnswer.objects.bulk_create(
        RegistrationAnswer(
            registration=rows[person.email],
            field=answer.field,
            label=answer.field.label,
            value=answer.value,
        )
        for person in request.people
        for answer in person.answers
    )
    for registration in rows.values():
        effects.ask(registration)
    buyer = rows[request.buyer.email]
    by = request.origin.registered_by or request.buyer.user
    buyer.record("registration.created", by=by, order=order.reference, count=len(rows))
    return Booking(order, [rows[person.email] for person in request.people])


def under(key: Key) -> Booking | None:
    """Return the order that was made under the key; another body than then is refused."""
    order = Order.objects.filter(
        idempotency_principal=key.principal, idempotency_key=key.value
    ).first()
    if order is None:
        return None
    if order.idempotency_fingerprint != key.fingerprint:
        raise KeyReused
    rows = order.registrations.with_position().select_related("event").order_by("pk")
    return Booking(order, sorted(rows, key=lambda row: row.email != order.buyer_email))


def _order(request: Request) -> Order:
    key, buyer = request.key, request.buyer
    return Order.objects.create(
        event=request.event,
        buyer=buyer.user,
        buyer_email=buyer.email,
        buyer_name=buyer.full_name,
        currency=request.event.currency,
        idempotency_principal=key.principal if key else None,
        idempotency_key=key.value if key else None,
        idempotency_fingerprint=key.fingerprint if key else "",
    )


def _registration(
    request: Request, order: Order, person: Person, *, status: str, now: datetime
) -> Registration:
    event, origin = request.event, request.origin
    return Registration(
        event=event,
        order=order,
        user=person.user,
        registered_by=origin.registered_by,
        source=origin.source,
        email=person.email.strip().lower(),
        full_name=person.full_name,
        professional_title=person.professional_title,
        organization_name=person.organization_name,
        allow_public_verification=person.allow_public_verification,
        currency=event.currency,
        refund_tiers=event.refund_tiers,
        status=status,
        confirmed_at=now if status == Status.CONFIRMED else None,
        waitlisted_at=now if status == Status.WAITLISTED else None,
    )
