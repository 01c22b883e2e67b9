"""Numbers about an event's registrations."""

from collections.abc import Collection, Mapping

from django.db.models import Count, Q

from events.models import Event, EventSession
from registrations.models import Registration, RegistrationAnswer, SessionAttendance
from registrations.models.attendance import AttendanceInterval
from registrations.querysets import TAKING_A_PLACE

Status = Registration.Status
COUNTED: Mapping[str, Q] = {
    "registration_count": Q(status=Status.CONFIRMED),
    "waitlist_count": Q(status=Status.WAITLISTED),
    "places_taken": Q(status__in=TAKING_A_PLACE),
    "attendance_count": Q(status=Status.CONFIRMED, attended=True),
}


def count(column: str, event_ids: Collection[int]) -> Mapping[int, int]:
    """Return the number of each event for one of its columns."""
    found = dict.fromkeys(event_ids, 0)
    rows = Registration.objects.filter(COUNTED[column], event__in=event_ids)
    counted = rows.order_by().values_list("event").annotate(number=Count("pk"))
    return found | dict(counted)


def count_attending(session_ids: Collection[int]) -> Mapping[int, int]:
    """Return how many confirmed registrants attended each session."""
    found = dict.fromkeys(session_ids, 0)
    rows = SessionAttendance.objects.counting().filter(
        session__in=session_ids, registration__status=Status.CONFIRMED
    )
    counted = rows.order_by().values_list("session").annotate(number=Count("pk"))
    return found | dict(counted)


def has_registrations(event: Event, live_only: bool) -> bool:
    """Tell whether anybody ever registered, or somebody holds or awaits a place."""
    if live_only:
        return Registration.objects.current().filter(event=event).exists()
    return Registration.all_objects.filter(event=event).exists()


def has_attendance(session: EventSession) -> bool:
    """Tell whether anybody was observed at the session, or said to have been there."""
    observed = AttendanceInterval.objects.countable().filter(session=session)
    decided = SessionAttendance.objects.filter(session=session, attendance_override__isnull=False)
    return observed.exists() or decided.exists()


def answered_fields(event: Event) -> frozenset[int]:
    """Return the ids of the event's custom fields that somebody answered."""
    answers = RegistrationAnswer.objects.filter(field__event=event).order_by()
    return frozenset(answers.values_list("field", flat=True).distinct())


def summary(event: Event) -> dict[str, int | None]:
    """Return how many registrations of the event are in which state, in one query."""
    wanted: dict[str, Count] = {
        "total": Count("pk"),
        **{
            status.value: Count("pk", filter=Q(status=status))
            for status in (
                Status.CONFIRMED,
                Status.PENDING_PAYMENT,
                Status.PENDING_APPROVAL,
                Status.WAITLISTED,
                Status.OFFERED,
                Status.CANCELLED,
            )
        },
        "attended": Count("pk", filter=COUNTED["attendance_count"]),
        "attendance_eligible": Count(
            "pk", filter=Q(status=Status.CONFIRMED, attendance_eligible=True)
        ),
        "certificates_issued": Count("pk", filter=Q(certificate_issued_at__isnull=False)),
        "taken": Count("pk", filter=COUNTED["places_taken"]),
    }
    numbers: dict[str, int | None] = Registration.objects.filter(event=event).aggregate(**wanted)
    return numbers | {"capacity": event.capacity}
