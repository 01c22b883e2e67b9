"""The queue for freed places: who is next, who was offered one, and until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from common.exceptions import Conflict
from common.transactions import retrying
from events.models import Event
from registrations import cancelling, effects, emails, places
from registrations.models import Registration, WaitlistOffer
from registrations.places import EventIsFull

BATCH: Final = 100
LAPSES: Final = 2  # an offer that expired so often is not repeated
NO_OFFERS_BEFORE_START: Final = timedelta(hours=1)
Status = Registration.Status
Outcome = WaitlistOffer.Outcome


class NotWaitlisted(Conflict):
    """Only who waits can be given a place."""

    code = "NOT_WAITLISTED"
    message = "This registration is not on the waitlist."


class EmptyWaitlist(Conflict):
    """Nobody waits."""

    code = "EMPTY_WAITLIST"
    message = "Nobody is on the waitlist."


class OfferExpired(Conflict):
    """The chance has passed, or was never given."""

    code = "OFFER_EXPIRED"
    message = "There is no open offer for this registration."


@retrying
def fill(event_id: int, *, now: datetime) -> int:
    """Give free places to those who are next; return how many got one or an offer."""
    event = places.lock_if_there(event_id)
    if event is None or not (event.waitlist_auto_promote and places.may_fill(event, now)):
        return 0
    if _needs_offer(event) and not _offers_end_at(event, now):
        return 0
    return len(_promote(event, _next(event, places.room(event)), now=now))


@retrying
def promote(registration: Registration, *, by: User) -> None:
    """Give a free place to this person, whoever stands before them."""
    event = places.lock_with(registration)
    if registration.status != Status.WAITLISTED:
        raise NotWaitlisted(details={"status": registration.status})
    if places.room(event) == 0:
        raise EventIsFull("No places are left.")
    _promote(event, [registration], now=timezone.now())
    registration.record("registration.promoted", by=by)


@retrying
def promote_next(event: Event, *, count: int, by: User) -> Sequence[Registration]:
    """Give free places to the first in line, at most ``count``; return who got one."""
    event = places.lock(event.pk)
    free = places.room(event)
    first = _next(event, count)
    if not first:
        raise EmptyWaitlist
    if free == 0:
        raise EventIsFull("No places are left.")
    promoted = _promote(event, first[:free], now=timezone.now())
    for registration in promoted:
        registration.record("registration.promoted", by=by)
    return promoted


@retrying
def accept(registration: Registration, *, by: User | None) -> None:
    """Take the place that is offered."""
    event = places.lock_with(registration)
    now = timezone.now()
    offer = _open_offer(registration)
    if offer.expires_at <= now:
        raise OfferExpired("The offer has expired.")
    _answer(offer, Outcome.ACCEPTED, now)
    registration.status = Status.CONFIRMED
    registration.confirmed_at = now
    registration.save(update_fields=["status", "confirmed_at"])
    places.recount(event)
    registration.record("registration.offer_accepted", by=by)
    effects.ask(registration)


@retrying
def decline(registration: Registration, *, by: User | None) -> None:
    """Leave the place that is offered to the next in line, and the queue."""
    event = places.lock_with(registration)
    _answer(_open_offer(registration), Outcome.DECLINED, timezone.now())
    cancelling.release(registration, by=by)
    places.recount(event)
    registration.record("registration.offer_declined", by=by)
    places.ask_to_fill(event)


@retrying
def prioritise(registration: Registration, *, by: User, priority: int) -> None:
    """Move somebody in the queue: higher numbers come first."""
    places.lock_with(registration)
    if registration.status != Status.WAITLISTED:
        raise NotWaitlisted(details={"status": registration.status})
    registration.waitlist_priority = priority
    registration.save(update_fields=["waitlist_priority"])
    registration.record("registration.prioritised", by=by, priority=priority)


def expire_offers(now: datetime) -> int:
    """Take back what was offered and not answered in time; return how many."""
    late = WaitlistOffer.objects.filter(outcome=Outcome.OPEN, expires_at__lte=now)
    return sum(_expire(offer, now=now) for offer in late.select_related("registration"))


def sweep(now: datetime) -> int:
    """Serve the queues of events with free places: capacity was raised, or a message was lost."""
    waiting = Event.objects.filter(
        Q(capacity=None) | Q(places_taken__lt=F("capacity")),
        status__in=places.OPEN,
        waitlist_count__gt=0,
    )
    return sum(fill(event_id, now=now) for event_id in waiting.values_list("pk", flat=True))


def close(event: Event, *, now: datetime) -> None:
    """Leave no dead rows behind when the event is over. The caller holds the event's lock."""
    left = Registration.objects.filter(
        event=event, status__in=[Status.PENDING_APPROVAL, Status.WAITLISTED, Status.OFFERED]
    )
    keys = list(left.values_list("pk", flat=True))
    WaitlistOffer.objects.filter(registration__in=keys, outcome=Outcome.OPEN).update(
        outcome=Outcome.WITHDRAWN, answered_at=now, updated_at=now
    )
    Registration.objects.filter(pk__in=keys).update(status=Status.EXPIRED, updated_at=now)


@retrying
def _expire(offer: WaitlistOffer, *, now: datetime) -> int:
    registration = offer.registration
    event = places.lock_with(registration)
    open_still = WaitlistOffer.objects.filter(pk=offer.pk, outcome=Outcome.OPEN)
    if not open_still.update(outcome=Outcome.EXPIRED, answered_at=now, updated_at=now):
        return 0
    lapses = registration.offers.filter(outcome=Outcome.EXPIRED).count()
    registration.status = Status.EXPIRED if lapses >= LAPSES else Status.WAITLISTED
    registration.waitlisted_at = now
    registration.waitlist_priority = 0
    registration.save(update_fields=["status", "waitlisted_at", "waitlist_priority"])
    places.recount(event)
    registration.record("registration.offer_expired", offer=offer.uuid)
    emails.offer_expired(registration, offer)
    places.ask_to_fill(event)
    return 1


def _next(event: Event, number: int | None) -> list[Registration]:
    """Lock and return the first in line. The caller holds the event's lock."""
    rows = Registration.objects.select_for_update(no_key=True, of=("self",)).filter(event=event)
    limit = BATCH if number is None else min(number, BATCH)
    return list(rows.in_line()[:limit]) if limit else []


def _promote(
    event: Event, rows: Sequence[Registration], *, now: datetime
) -> Sequence[Registration]:
    """Give each row its place, or the offer of one; in few statements for many rows."""
    if not rows:
        return rows
    ends_at = _offers_end_at(event, now) if _needs_offer(event) else None
    changes = {"status": _promoted_to(event, ends_at), "promoted_from_waitlist_at": now}
    if changes["status"] == Status.CONFIRMED:
        changes["confirmed_at"] = now
    keys = [registration.pk for registration in rows]
    Registration.objects.filter(pk__in=keys).update(**changes, updated_at=now)
    if ends_at is not None and changes["status"] == Status.OFFERED:
        WaitlistOffer.objects.bulk_create(
            WaitlistOffer(registration=registration, made_at=now, expires_at=ends_at)
            for registration in rows
        )
    for registration in rows:
        registration.event = event
        for field, value in changes.items():
            setattr(registration, field, value)
        effects.ask(registration)
    places.recount(event)
    if len(rows) == BATCH:
        places.ask_to_fill(event)
    return rows


def _promoted_to(event: Event, ends_at: datetime | None) -> str:
    if event.registration_approval_required:
        return Status.PENDING_APPROVAL
    return Status.OFFERED if ends_at else Status.CONFIRMED


def _needs_offer(event: Event) -> bool:
    return event.waitlist_confirmation_required and not event.registration_approval_required


def _offers_end_at(event: Event, now: datetime) -> datetime | None:
    """Return when an offer made now expires; None when it is too late for offers."""
    last = event.starts_at - NO_OFFERS_BEFORE_START
    return min(now + timedelta(hours=event.offer_hours), last) if now < last else None


def _open_offer(registration: Registration) -> WaitlistOffer:
    offer = registration.offers.filter(outcome=Outcome.OPEN).first()
    if offer is None or registration.status != Status.OFFERED:
        raise OfferExpired
    return offer


def _answer(offer: WaitlistOffer, outcome: str, now: datetime) -> None:
    offer.outcome = outcome
    offer.answered_at = now
    offer.save(update_fields=["outcome", "answered_at"])
