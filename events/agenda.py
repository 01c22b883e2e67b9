"""The sessions of an event with several: added, changed, moved, ordered, taken out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Case, F, Max, Value, When
from django.utils import timezone as clock

from accounts.models import User
from common.exceptions import Conflict, InvalidStatus
from events import catalogue, questions, reminders, rules, schedule, signals
from events.models import Event, EventSession
from events.models.session import LastSession, SingleSessionEvent

Changes = Mapping[str, Any]
OFFERED = frozenset({"published", "live"})
UNFINISHED = OFFERED | {"draft"}
TIMES = ("starts_at", "duration_minutes", "timezone")
OF_SINGLE = frozenset({"description", "room", "speakers"})
OF_FINISHED = frozenset({"title", "description", "speakers"})
IN_MEETING = frozenset({"title", "zoom_enabled", "session_type"})
# Beyond every number in use: SQLite checks uniqueness row by row.
ASIDE = 1000


class SessionLimit(Conflict):
    """A programme that long is several events."""

    code = "SESSION_LIMIT"
    message = f"An event has at most {EventSession.LIMIT} sessions."


class SessionHasAttendance(Conflict):
    """What people attended is not taken away from them."""

    code = "SESSION_HAS_ATTENDANCE"
    message = "Somebody attended this session. Cancel it instead."


class SessionIsOffered(Conflict):
    """People rely on what was published."""

    message = "Only sessions of drafts can be deleted. Cancel the session instead."


@transaction.atomic
def add(event: Event, *, by: User, speakers: Sequence[UUID] = (), **fields: Any) -> EventSession:
    """Add a session; the first of a draft takes the place of the stand-in."""
    event.lock()
    _require(event.status, UNFINISHED, "Sessions are added to events that are still to come.")
    if not event.is_multi_session:
        raise SingleSessionEvent
    rules.require_future(fields["starts_at"], clock.now())
    event.sessions.filter(is_implicit=True).delete()
    if event.sessions.count() >= EventSession.LIMIT:
        raise SessionLimit
    last = event.sessions.aggregate(last=Max("session_number"))["last"] or 0
    session = EventSession(
        event=event, session_number=last + 1, **{"timezone": event.timezone, **fields}
    )
    session.save()
    catalogue.set_speakers(session, speakers)
    reminders.plan_for(session)
    _agree(event)
    event.record("event.session_added", by, session=str(session.uuid))
    _announce(event)
    return session


@transaction.atomic
def change(session: EventSession, *, by: User, changes: Changes) -> None:
    """Change what was sent; anything the state of session or event forbids refuses all of it."""
    session.lock()
    sent = dict(changes)
    _require_open(session, sent.keys())
    changed = {
        name: value
        for name, value in sent.items()
        if name != "speakers" and value != getattr(session, name)
    }
    _require_movable(session, changed)
    for name, value in changed.items():
        setattr(session, name, value)
    if "speakers" in sent:
        catalogue.set_speakers(session, sent["speakers"])
    if session.event.status in OFFERED and "room" in changed:
        session.calendar_sequence += 1
        changed["calendar_sequence"] = session.calendar_sequence
    session.save(update_fields=changed)
    _agree(session.event)
    session.event.record(
        "event.session_changed", by, session=str(session.uuid), fields=sorted(sent)
    )
    if IN_MEETING & changed.keys():
        signals.meeting_affected.send(sender=Event, event=session.event)
    if "room" in changed:
        _announce(session.event)


def replacing(session: EventSession, changes: Changes, names: Collection[str]) -> Changes:
    """Return the changes of a PUT: what was not sent goes back to its default."""
    columns = [
        column
        for column in EventSession._meta.concrete_fields
        if column.name in names and column.name not in {"title", *TIMES}
    ]
    if session.is_implicit and not session.event.is_multi_session:
        columns = [column for column in columns if column.name in OF_SINGLE]
    return {**{column.name: column.get_default() for column in columns}, **changes}


@transaction.atomic
def remove(session: EventSession, *, by: User) -> None:
    """Take a session out of a draft, as if it had never been."""
    session.lock()
    _require_several(session)
    if questions.session_has_attendance(session):
        raise SessionHasAttendance
    if session.event.status != "draft":
        raise SessionIsOffered
    if not session.event.sessions.standing().exclude(pk=session.pk).exists():
        raise LastSession
    session.event.record("event.session_removed", by, session=str(session.uuid))
    event = session.event
    session.delete()
    _agree(event)


@transaction.atomic
def reorder(event: Event, *, by: User, order: Sequence[UUID]) -> None:
    """Number the sessions anew; the order names each of them once."""
    event.lock()
    _require(event.status, UNFINISHED, "The programme of this event is settled.")
    known = set(event.sessions.values_list("uuid", flat=True))
    if len(order) != len(known) or set(order) != known:
        raise ValidationError({"order": ["Name each session of the event exactly once."]})
    places = [When(uuid=uuid, then=Value(place)) for place, uuid in enumerate(order, start=1)]
    event.sessions.update(session_number=F("session_number") + ASIDE)
    event.sessions.update(session_number=Case(*places), updated_at=clock.now())
    event.touch()
    event.record("event.sessions_reordered", by)


@transaction.atomic
def reschedule(
    session: EventSession, *, by: User, reason: str = "", notify: bool = True, **to: Any
) -> None:
    """Move one session of an offered event: ``starts_at``, ``duration_minutes``, ``timezone``.

    Announced once if anything differs; ``notify=False`` only silences the mails. Opening and
    deadline of the event follow its start.
    """
    session.lock()
    event = session.event
    _require_several(session)
    _require(event.status, OFFERED, "Only sessions of published and live events are rescheduled.")
    _require(session.status, {"scheduled"}, "Only scheduled sessions can be rescheduled.")
    if "starts_at" in to:
        rules.require_future(to["starts_at"], clock.now())
    before = {name: getattr(session, name) for name in TIMES}
    moved = {name: value for name, value in to.items() if value != before[name]}
    if not moved:
        return
    for name, value in moved.items():
        setattr(session, name, value)
    session.calendar_sequence += 1
    session.save(update_fields=[*moved, "calendar_sequence"])
    _follow(event)
    event.record(
        "event.session_rescheduled", by, session=str(session.uuid), before=before, reason=reason
    )
    event.notify_registrants = notify
    _announce(event)


@transaction.atomic
def restore(session: EventSession, *, by: User) -> None:
    """Bring a cancelled session back into the programme."""
    session.lock()
    _require(session.event.status, UNFINISHED, "This event is over.")
    _require(session.status, {"cancelled"}, "Only cancelled sessions can be restored.")
    rules.require_future(session.starts_at, clock.now())
    session.status, session.cancelled_at = EventSession.Status.SCHEDULED, None
    session.cancellation_reason = ""
    session.calendar_sequence += 1
    session.save(
        update_fields=["status", "cancelled_at", "cancellation_reason", "calendar_sequence"]
    )
    _agree(session.event)
    session.event.record("event.session_restored", by, session=str(session.uuid))
    if session.event.status == "draft":
        _renumber(session.event)  # a later change must outnumber the session's own
    _announce(session.event)


def _require(status: str, allowed: Collection[str], refusal: str) -> None:
    if status not in allowed:
        raise InvalidStatus(refusal, details={"status": status})


def _require_several(session: EventSession) -> None:
    if not session.event.is_multi_session:
        raise SingleSessionEvent


def _require_open(session: EventSession, sent: Collection[str]) -> None:
    event = session.event
    if session.is_implicit and not event.is_multi_session and set(sent) - OF_SINGLE:
        raise SingleSessionEvent
    settled = event.status in {"closed", "cancelled"}
    if settled or (not session.is_open and set(sent) - OF_FINISHED):
        raise ValidationError({NON_FIELD_ERRORS: ["Cannot edit session in current status."]})


def _require_movable(session: EventSession, changed: Changes) -> None:
    if session.event.status == "draft":
        if "starts_at" in changed:
            rules.require_future(changed["starts_at"], clock.now())
    elif fixed := [name for name in TIMES if name in changed]:
        raise ValidationError(
            {name: [f"Cannot change {name} after event is published."] for name in fixed}
        )


def _agree(event: Event) -> None:
    """Bring the event's times into line with its sessions, and note that it changed."""
    if event.is_multi_session:
        before = event.starts_at, event.ends_at
        schedule.derive(event, list(event.sessions.all()))
        if (event.starts_at, event.ends_at) != before:
            rules.check(event)
    event.save(update_fields=schedule.DERIVED)
    if event.status == "draft":
        reminders.arm(event)


def _follow(event: Event) -> None:
    """Bring the event's times into line; opening and deadline keep their distance to its start."""
    start = event.starts_at
    schedule.derive(event, list(event.sessions.all()))
    distance = event.starts_at - start
    event.previous_starts_at = start if distance else event.previous_starts_at
    for name in ("registration_opens_at", "registration_deadline"):
        _shift(event, name, distance)
    rules.check(event)
    event.save(
        update_fields=[
            *schedule.DERIVED,
            "previous_starts_at",
            "registration_opens_at",
            "registration_deadline",
        ]
    )


def _shift(event: Event, name: str, distance: timedelta) -> None:
    moment = getattr(event, name)
    if moment is not None:
        setattr(event, name, moment + distance)


def _announce(event: Event) -> None:
    """Tell those who rely on the programme; a draft has nobody."""
    if event.status in OFFERED:
        _renumber(event)
        signals.event_rescheduled.send(sender=Event, event=event)


def _renumber(event: Event) -> None:
    event.calendar_sequence += 1
    event.save(update_fields=["calendar_sequence"])
