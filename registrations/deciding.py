"""What people decide about participants whom nobody recognised."""

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from common.exceptions import Conflict, NotFound, RuleViolation
from common.transactions import retrying
from registrations import judging, matching, places
from registrations.models import ParticipantAlias, Registration, UnmatchedParticipant

Status = UnmatchedParticipant.Status


class AlreadyMatched(Conflict):
    """Somebody has decided; reopen it first."""

    code = "ALREADY_MATCHED"
    message = "This participant has been decided about already."


class NotDecided(Conflict):
    """There is nothing to take back."""

    code = "NOT_DECIDED"
    message = "Nobody has decided about this participant yet."


class RegistrationNotConfirmed(RuleViolation):
    """Minutes belong to confirmed places only."""

    code = "REGISTRATION_NOT_CONFIRMED"
    message = "Only a confirmed registration can be matched."


@retrying
def match(
    participant: UnmatchedParticipant,
    *,
    registration: Registration,
    by: User,
    remember: bool = True,
    reason: str = "",
) -> None:
    """Give all stays of a participant to a registration."""
    _lock(participant)
    if registration.event_id != participant.event_id:
        raise NotFound
    if registration.status != Registration.Status.CONFIRMED:
        raise RegistrationNotConfirmed
    participant.intervals.update(registration=registration)
    _decide(participant, Status.MATCHED, by=by, reason=reason, registration=registration)
    if remember:
        _remember(participant, registration, by=by)
    judging.ask(registration.pk)


@retrying
def ignore(participant: UnmatchedParticipant, *, by: User, reason: str = "") -> None:
    """Leave a participant out of everything."""
    _lock(participant)
    _decide(participant, Status.IGNORED, by=by, reason=reason)


@retrying
def mark_host(participant: UnmatchedParticipant, *, by: User, reason: str = "") -> None:
    """Count a participant among those who run the meeting."""
    _lock(participant)
    _decide(participant, Status.HOST, by=by, reason=reason)


@retrying
def reopen(participant: UnmatchedParticipant, *, by: User, reason: str = "") -> None:
    """Take a decision back, with what it gave and what was learned from it."""
    _lock(participant, decided=True)
    registration = participant.registration
    participant.intervals.update(registration=None)
    if registration is not None:
        _aliases(participant, registration.email).delete()
        judging.ask(registration.pk)
    _decide(participant, Status.OPEN, by=by, reason=reason)


def auto_match(event_id: int) -> int:
    """Try the strong keys again for everybody nobody has decided about; return the hits."""
    waiting = UnmatchedParticipant.objects.open().filter(event=event_id).order_by("pk")
    return sum(_try(participant) for participant in waiting.select_related("session__event"))


@retrying
def _try(participant: UnmatchedParticipant) -> int:
    event = places.lock(participant.event_id)
    judging.require_changeable(event)
    for stay in participant.intervals.standing().select_related("session__event"):
        registration, _ = matching.identify(stay)
        if registration is not None:
            participant.intervals.update(registration=registration)
            _decide(participant, Status.MATCHED, by=None, reason="", registration=registration)
            judging.ask(registration.pk)
            return 1
    return 0


def _lock(participant: UnmatchedParticipant, *, decided: bool = False) -> None:
    judging.require_changeable(places.lock(participant.event_id))
    participant.refresh_from_db(
        from_queryset=UnmatchedParticipant.objects.select_for_update(no_key=True, of=("self",))
    )
    if (participant.status != Status.OPEN) != decided:
        raise NotDecided if decided else AlreadyMatched


def _decide(
    participant: UnmatchedParticipant,
    status: str,
    *,
    by: User | None,
    reason: str,
    registration: Registration | None = None,
) -> None:
    before = participant.status
    is_open = status == Status.OPEN
    participant.status = status
    participant.reason = reason
    participant.registration = registration
    participant.decided_by = None if is_open else by
    participant.decided_at = None if is_open else timezone.now()
    participant.save(update_fields=["status", "reason", "registration", "decided_by", "decided_at"])
    about = registration or participant.event
    about.record(
        f"participant.{'reopened' if is_open else status}",
        by=by,
        participant=participant.uuid,
        from_status=before,
        reason=reason,
    )


def _remember(participant: UnmatchedParticipant, registration: Registration, *, by: User) -> None:
    """Learn by what this organizer may recognise the person another time."""
    event = participant.event
    now = timezone.now()
    ParticipantAlias.objects.bulk_create(
        [
            ParticipantAlias(
                owner=event.owner,
                organization=event.organization,
                kind=kind,
                value=value,
                person=registration.email,
                confirmed_by=by,
                confirmed_at=now,
            )
            for kind, value in _marks(participant).items()
        ],
        ignore_conflicts=True,
    )


def _marks(participant: UnmatchedParticipant) -> dict[str, str]:
    stay = participant.intervals.first()
    zoom_user = stay.identity.get("zoom_user_id", "") if stay else ""
    marks = {
        ParticipantAlias.Kind.EMAIL.value: participant.email,
        ParticipantAlias.Kind.PHONE.value: participant.phone,
        ParticipantAlias.Kind.ZOOM_USER.value: zoom_user,
        ParticipantAlias.Kind.NAME.value: participant.name.casefold(),
    }
    return {kind: value for kind, value in marks.items() if value}


def _aliases(participant: UnmatchedParticipant, person: str) -> QuerySet[ParticipantAlias]:
    values = _marks(participant).values()
    rows = ParticipantAlias.objects.of_tenant(participant.event)
    return rows.filter(person=person, value__in=values)
