"""What registrations keep of a person, and how a place is left without its holder."""

from contextlib import suppress

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import privacy
from accounts.privacy import ERASED_NAME, Collected, Person, table
from common.personal_data import declare
from events.models import Event
from registrations import cancelling
from registrations.models import (
    AttendanceInterval,
    MeetingInstance,
    MeetingRegistrant,
    Order,
    ParticipantAlias,
    Registration,
    RegistrationAnswer,
    SessionAttendance,
    Ticket,
    UnmatchedParticipant,
)
from registrations.querysets import RegistrationQuerySet

UNSAID = "Removed with the person's data."
BATCH = 500
OVER = frozenset({*cancelling.OVER, Event.Status.CANCELLED})

declare(
    Order,
    erased="buyer_email buyer_name",
    impersonal="reference currency idempotency_principal idempotency_key idempotency_fingerprint",
)
declare(
    Registration,
    erased="email full_name professional_title organization_name cancellation_reason "
    "attendance_override_reason notes",
    impersonal="currency refund_tiers discount_code_used explanation review_codes",
)
declare(RegistrationAnswer, erased="value", impersonal="label")
declare(MeetingInstance, impersonal="zoom_uuid host_id")
declare(
    MeetingRegistrant,
    erased="zoom_registrant_id join_url pin error",
    impersonal="zoom_meeting_id",
)
declare(UnmatchedParticipant, erased="participant_key name email phone registrant_id reason")
declare(ParticipantAlias, erased="value person")
declare(AttendanceInterval, erased="identity void_reason", impersonal="provider_key")
declare(SessionAttendance, erased="attendance_override_reason")


def collect(person: Person) -> Collected:
    """Return the person's places with answers and minutes; not what organizers noted for theirs."""
    rows = _of(person)
    return Collected(
        {
            "registrations": table(
                rows, "uuid", "email", "full_name", "professional_title", "organization_name",
                "status", "source", "created_at", "confirmed_at", "cancelled_at",
                "cancellation_reason", "price_amount", "discount_amount", "amount_due",
                "currency", "payment_status", "attended", "first_join_at", "last_leave_at",
                "total_attendance_minutes", "attendance_percent", "attendance_eligible",
                "attendance_override", "attendance_override_reason", "certificate_issued_at",
                event_uuid=F("event__uuid"), event_title=F("event__title"),
                event_starts_at=F("event__starts_at"),
            ),
            "registration_answers": table(
                RegistrationAnswer.objects.filter(registration__in=rows),
                "label", "value", registration_uuid=F("registration__uuid"),
            ),
            "session_attendance": table(
                SessionAttendance.objects.filter(registration__in=rows),
                "first_join_at", "last_leave_at", "total_attendance_minutes",
                "attendance_percent", "attended", "attendance_override",
                registration_uuid=F("registration__uuid"), session_title=F("session__title"),
            ),
            "attendance_intervals": table(
                AttendanceInterval.objects.filter(registration__in=rows),
                "uuid", "source", "started_at", "ended_at", "identity", "voided_at",
                registration_uuid=F("registration__uuid"),
            ),
            "orders": table(
                _orders_of(person), "uuid", "reference", "buyer_email", "buyer_name", "amount",
                "currency", "created_at",
            ),
            "tickets": table(
                Ticket.objects.filter(registration__in=rows),
                "uuid", "issued_at", "checked_in_at", "voided_at",
                registration_uuid=F("registration__uuid"),
            ),
        }
    )  # fmt: skip


def erase(person: Person) -> dict[str, int]:
    """Cancel what is still to come by the ordinary rules, and unname what happened.

    Status, minutes and judgement stay: the provider must keep participation records.
    """
    _cancel_coming(person)
    rows = list(_of(person).order_by("pk"))
    _leave_traces(person, rows)
    counts = _erase_around(person, [row.pk for row in rows])
    for row in rows:
        _unname(row)
    Registration.all_objects.bulk_update(
        rows,
        ["email", "full_name", "professional_title", "organization_name", "cancellation_reason",
         "attendance_override_reason", "notes", "allow_public_verification", "updated_at"],
        batch_size=BATCH,
    )  # fmt: skip
    return {"registrations.Registration": len(rows), **counts}


def _of(person: Person) -> RegistrationQuerySet:
    rows: RegistrationQuerySet = Registration.all_objects.filter(person.owns())
    return rows


def _orders_of(person: Person) -> QuerySet[Order]:
    return Order.objects.filter(person.owns("buyer", "buyer_email"))


def _cancel_coming(person: Person) -> None:
    coming = _of(person).live().filter(status__in=Registration.LIVE)
    coming = coming.filter(event__starts_at__gt=timezone.now()).exclude(event__status__in=OVER)
    # In the order of their events, so that two who do so never wait for each other.
    for registration in coming.order_by("event_id", "pk"):
        # Somebody may have been faster, or the event over, while we waited for its lock.
        with suppress(cancelling.AlreadyCancelled, cancelling.CannotCancel):
            cancelling.cancel(registration, by=person.user)


def _leave_traces(person: Person, rows: list[Registration]) -> None:
    """Note by what mails, audit entries and messages of Zoom refer to these rows."""
    person.rows.update(row.uuid for row in rows)
    person.names.update(row.full_name for row in rows if row.full_name != ERASED_NAME)
    meetings = MeetingRegistrant.objects.filter(registration__in=rows)
    sessions = Event.all_objects.filter(registrations__in=rows, sessions__isnull=False)
    person.meetings.update(filter(None, meetings.values_list("zoom_meeting_id", flat=True)))
    person.meetings.update(
        filter(None, sessions.values_list("sessions__zoom_meeting_id", flat=True))
    )


def _erase_around(person: Person, keys: list[int]) -> dict[str, int]:
    """Empty what hangs on the places: answers, links, observations, orders."""
    now = timezone.now()
    orders = 0
    for order in _orders_of(person):
        order.buyer_email, order.buyer_name = privacy.placeholder(order.uuid), ERASED_NAME
        order.save(update_fields=["buyer_email", "buyer_name"])
        orders += 1
    stays = AttendanceInterval.objects.filter(registration__in=keys)
    stays.exclude(void_reason="").update(void_reason=UNSAID)
    minutes = SessionAttendance.objects.filter(registration__in=keys)
    minutes.exclude(attendance_override_reason="").update(attendance_override_reason=UNSAID)
    return {
        "registrations.Order": orders,
        "registrations.AttendanceInterval": stays.update(identity={}, updated_at=now),
        "registrations.RegistrationAnswer": RegistrationAnswer.objects.filter(
            registration__in=keys
        ).delete()[0],
        "registrations.MeetingRegistrant": _drop_links(keys),
        "registrations.UnmatchedParticipant": UnmatchedParticipant.objects.filter(
            Q(registration__in=keys) | person.is_at()
        ).delete()[1].get("registrations.UnmatchedParticipant", 0),
        "registrations.ParticipantAlias": _drop_aliases(person),
    }  # fmt: skip


def _drop_links(keys: list[int]) -> int:
    """Forget the ways into meetings; one that is being taken away at Zoom needs its id till then.

    The rows stay as removed, so that nobody wishes for these links again.
    """
    removing = MeetingRegistrant.Status.REMOVING
    rows = MeetingRegistrant.objects.filter(registration__in=keys)
    rows.exclude(status=removing).update(
        status=MeetingRegistrant.Status.REMOVED, zoom_registrant_id="", join_url=""
    )
    return rows.update(pin="", error="", updated_at=timezone.now())


def _drop_aliases(person: Person) -> int:
    """Forget by what the person was recognised, and whom they recognised as organizer."""
    known = person.is_at("person") | person.is_at("value")
    if person.user is not None:
        known |= Q(owner=person.user, organization=None)
    return ParticipantAlias.objects.filter(known).delete()[0]


def _unname(row: Registration) -> None:
    row.email, row.full_name = privacy.placeholder(row.uuid), ERASED_NAME
    row.professional_title = row.organization_name = row.notes = row.cancellation_reason = ""
    if row.attendance_override_reason:
        row.attendance_override_reason = UNSAID
    row.allow_public_verification = False
    row.updated_at = timezone.now()
