"""Whose stay was it: the first unique strong key wins, a name decides nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.zoom.payloads import ParticipantMessage
from registrations.minutes import tally
from registrations.models import (
    AttendanceInterval,
    MeetingInstance,
    MeetingRegistrant,
    ParticipantAlias,
    Registration,
    UnmatchedParticipant,
)

NOT_CONFIRMED: Final = "registration_not_confirmed"
SEVERAL: Final = "several_candidates"
Status = UnmatchedParticipant.Status
# Who somebody says to be, as the provider gave it; blank is "not given".
Identity = Mapping[str, Any]
# What names a person within one run of a meeting, strongest first; the name never does.
KEYS: Final = (
    "registrant_id",
    "customer_key",
    "zoom_user_id",
    "email",
    "participant_uuid",
    "user_id",
)


def identity_of(message: ParticipantMessage) -> dict[str, Any]:
    """Return what a message tells about the person."""
    return {
        "user_id": message.user_id,
        "participant_uuid": message.participant_uuid,
        "zoom_user_id": message.zoom_user_id,
        "registrant_id": message.registrant_id,
        "customer_key": message.customer_key,
        "name": message.name,
        "email": message.email,
        "phone_number": message.phone_number,
        "is_host": message.is_host,
        "is_webinar": message.meeting.event.startswith("webinar."),
    }


def participant_key(identity: Identity) -> str:
    """Return the name of a person within one run of a meeting."""
    kind = next((key for key in KEYS if identity.get(key)), "user_id")
    return f"{kind}:{identity.get(kind, '')}"[:255]


def assign(stay: AttendanceInterval) -> None:
    """Give an unassigned stay to a registration, else to a participant somebody decides about."""
    participant = UnmatchedParticipant.objects.filter(
        instance=stay.instance, participant_key=participant_key(stay.identity)
    ).first()
    if participant is not None and participant.status != Status.OPEN:
        stay.unmatched = participant
        stay.registration = participant.registration
        return
    if stay.identity.get("is_host"):
        stay.unmatched = _participant(stay, status=Status.HOST)
        return
    registration, reason = identify(stay)
    if registration is None:
        stay.unmatched = participant or _participant(stay, reason=reason)
        return
    stay.registration = registration
    _look_for_sharing(registration, stay.identity)


def identify(stay: AttendanceInterval) -> tuple[Registration | None, str]:
    """Return the one confirmed registration that the keys name, or why there is none."""
    reason = ""
    for step in STEPS:
        found = list(step(stay)[:3])
        confirmed = [row for row in found if row.status == Registration.Status.CONFIRMED]
        if len(confirmed) > 1:
            return None, SEVERAL
        if confirmed:
            return confirmed[0], ""
        if found:
            reason = NOT_CONFIRMED
        if found and step is _by_registrant:
            break
    return None, reason


def bind(instance: MeetingInstance, message: ParticipantMessage) -> Iterator[int]:
    """Make a telephone and a computer one person; yield the registrations that gained by it."""
    registration = _bound_registration(instance, message)
    if registration is None:
        return
    pairs = (
        (message.participant_uuid, message.user_id),
        (message.bind_participant_uuid, message.bind_user_id),
    )
    for participant_uuid, user_id in pairs:
        identity = {"participant_uuid": participant_uuid, "user_id": user_id}
        if not (participant_uuid or user_id):
            continue
        participant, _ = UnmatchedParticipant.objects.update_or_create(
            instance=instance,
            participant_key=participant_key(identity),
            defaults={
                "event": instance.session.event,
                "session": instance.session,
                "phone": message.phone_number[:50],
                "status": Status.MATCHED,
                "decided_at": timezone.now(),
                "registration": registration,
            },
        )
        stays = instance.intervals.filter(_told(identity), registration=None)
        if stays.update(registration=registration, unmatched=participant):
            yield registration.pk


def measure(participant: UnmatchedParticipant) -> None:
    """Write when a participant came and left, and for how long."""
    session = participant.session
    found = tally(participant.intervals.standing(), session, session.event)
    participant.joined_at = found.first_join_at
    participant.left_at = found.last_leave_at
    participant.minutes = found.minutes
    participant.save(update_fields=["joined_at", "left_at", "minutes"])


def _registrations(stay: AttendanceInterval) -> QuerySet[Registration]:
    return Registration.objects.filter(event=stay.session.event_id).order_by("pk")


def _by_registrant(stay: AttendanceInterval) -> QuerySet[Registration]:
    key = stay.identity.get("registrant_id")
    if not key:
        return Registration.objects.none()
    registrants = MeetingRegistrant.objects.filter(session=stay.session, zoom_registrant_id=key)
    return _registrations(stay).filter(pk__in=registrants.values("registration"))


def _by_customer_key(stay: AttendanceInterval) -> QuerySet[Registration]:
    try:
        uuid = UUID(hex=stay.identity.get("customer_key") or "")
    except ValueError:
        return Registration.objects.none()
    return _registrations(stay).filter(uuid=uuid)


def _by_account(stay: AttendanceInterval) -> QuerySet[Registration]:
    key = stay.identity.get("zoom_user_id")
    if not key:
        return Registration.objects.none()
    return _registrations(stay).filter(user__zoom_connection__zoom_user_id=key)


def _by_email(stay: AttendanceInterval) -> QuerySet[Registration]:
    identity = stay.identity
    proven = identity.get("registrant_id") or identity.get("zoom_user_id")
    # Guests of a webinar type any address at the door.
    if not identity.get("email") or (identity.get("is_webinar") and not proven):
        return Registration.objects.none()
    return _registrations(stay).filter(email=identity["email"])


def _by_alias(stay: AttendanceInterval) -> QuerySet[Registration]:
    identity, event = stay.identity, stay.session.event
    known = {
        ParticipantAlias.Kind.EMAIL: identity.get("email"),
        ParticipantAlias.Kind.ZOOM_USER: identity.get("zoom_user_id"),
        ParticipantAlias.Kind.PHONE: identity.get("phone_number"),
    }
    conditions = [Q(kind=kind, value=value) for kind, value in known.items() if value]
    if not conditions:
        return Registration.objects.none()
    wanted = conditions[0]
    for condition in conditions[1:]:
        wanted |= condition
    aliases = ParticipantAlias.objects.of_tenant(event).filter(wanted)
    return _registrations(stay).filter(email__in=aliases.values("person"))


STEPS: Final[tuple[Callable[[AttendanceInterval], QuerySet[Registration]], ...]] = (
    _by_registrant,
    _by_customer_key,
    _by_account,
    _by_email,
    _by_alias,
)


def _participant(
    stay: AttendanceInterval, *, status: str = Status.OPEN, reason: str = ""
) -> UnmatchedParticipant:
    """Return the participant the stay hangs on until somebody decides; made once."""
    identity = stay.identity
    participant, _ = UnmatchedParticipant.objects.get_or_create(
        instance=stay.instance,
        participant_key=participant_key(identity),
        defaults={
            "event_id": stay.session.event_id,
            "session": stay.session,
            "name": identity.get("name", ""),
            "email": identity.get("email", "")[:254],
            "phone": identity.get("phone_number", "")[:50],
            "registrant_id": identity.get("registrant_id", "")[:100],
            "status": status,
            "reason": reason,
            "decided_at": None if status == Status.OPEN else timezone.now(),
        },
    )
    return participant


def _look_for_sharing(registration: Registration, identity: Identity) -> None:
    """Mark a personal link that somebody else seems to have used."""
    email = identity.get("email")
    if not email or email == registration.email:
        return
    if Registration.objects.filter(event=registration.event_id, email=email).exists():
        registration.add_review_code(Registration.ReviewCode.SHARED_LINK)


def _bound_registration(
    instance: MeetingInstance, message: ParticipantMessage
) -> Registration | None:
    probe = AttendanceInterval(
        instance=instance,
        session=instance.session,
        identity={"registrant_id": message.registrant_id},
    )
    registration, _ = identify(probe)
    if registration is not None:
        return registration
    either = _told({"participant_uuid": message.participant_uuid, "user_id": message.user_id})
    either |= _told(
        {
            "participant_uuid": message.bind_participant_uuid,
            "user_id": message.bind_user_id,
        }
    )
    matched = instance.intervals.filter(either, registration__isnull=False)
    stay = matched.select_related("registration").first()
    return stay.registration if stay else None


def _told(identity: Identity) -> Q:
    """Return the condition for stays that carry one of these keys."""
    wanted = Q(pk__in=())
    for key, value in identity.items():
        if value:
            wanted |= Q(**{f"identity__{key}": value})
    return wanted
