"""What an activity offers. A provider who fills in three simple fields never meets the rest."""

from events import schedule
from events.models import Event
from learning.credits.arithmetic import Mode
from learning.credits.models import ActivityCredit, CreditScheme
from registrations import completion

SIMPLE = "SIMPLE"
DELIVERY_METHODS = {
    Event.Format.ONLINE: "group_internet",
    Event.Format.IN_PERSON: "group_live",
    Event.Format.HYBRID: "group_live",
}


def of_event(event: Event) -> list[ActivityCredit]:
    """Return the designations of an event; the implicit one is made or brought up to date."""
    known = list(
        ActivityCredit.objects.of(event)
        .select_related("event", "session")
        .prefetch_related("scheme__versions")
        .order_by("id")
    )
    if any(not designation.is_implicit for designation in known):
        return [designation for designation in known if not designation.is_implicit]
    offered = _implicit(event, known[0] if known else None)
    return [offered] if offered else []


def _implicit(event: Event, known: ActivityCredit | None) -> ActivityCredit | None:
    total = event.cpd_credit_value
    if not event.cpd_enabled or not total:
        return None
    sessions = completion.counted(event.sessions.all())
    worth = schedule.session_credits(event, sessions) if len(sessions) > 1 else {}
    values = {str(session.uuid): worth[session.pk] for session in sessions if worth}
    overridden = any(session.cpd_credit_value_override is not None for session in sessions)
    designation = known or ActivityCredit(event=event, scheme=_simple())
    designation.credit_type = event.cpd_credit_type.strip()
    designation.designated_value = sum(values.values()) if values and overridden else total
    designation.mode = Mode.PER_SESSION if values else Mode.ALL_OR_NOTHING
    designation.session_values = {uuid: str(value) for uuid, value in values.items()}
    designation.delivery_method = DELIVERY_METHODS[Event.Format(event.format)]
    designation.statement_override = event.cpd_accreditation_note
    designation.is_implicit = True
    designation.save()
    return designation


def _simple() -> CreditScheme:
    presets = CreditScheme.objects.prefetch_related("versions")
    return presets.get(code=SIMPLE, owner=None, organization=None)
