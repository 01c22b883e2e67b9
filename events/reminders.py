"""Reminders of a start: planned with the event, moved with it, changed by its organizers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone as clock

from accounts.models import User
from common.exceptions import Conflict, InvalidStatus, RuleViolation
from events.models import Event, EventReminder, EventSession

Type = EventReminder.Type
Status = EventReminder.Status
SkipReason = EventReminder.SkipReason
OVER = frozenset({"completed", "closed"})
WRITTEN = ("status", "skip_reason", "scheduled_for", "attempts", "updated_at")


class ReminderInPast(RuleViolation):
    """Nobody is reminded of what should have been said before now."""

    code = "REMINDER_IN_PAST"
    message = "This reminder would have been due already."


class SameReminder(Conflict):
    """One mailing per moment."""

    message = "There is a reminder at this time already."


class TooManyReminders(Conflict):
    """Registrants are reminded, not pestered."""

    code = "REMINDER_LIMIT"
    message = f"An event has at most {EventReminder.LIMIT} reminders, and one more per session."


def plan(event: Event) -> None:
    """Give a new event its reminders: a day before, and an hour before each session or the event.

    Nothing is added to an event that has some.
    """
    if event.reminders.exists():
        return
    rows = [_new(event, None, Type.BEFORE_24H)]
    if event.is_multi_session:
        rows += [_new(event, session, Type.BEFORE_1H) for session in event.sessions.standing()]
    else:
        rows.append(_new(event, None, Type.BEFORE_1H))
    EventReminder.objects.bulk_create(rows)


def plan_for(session: EventSession) -> None:
    """Give a session added later its reminder an hour before; a missed one is not sent late."""
    row = _new(session.event, session, Type.BEFORE_1H)
    _settle(row, clock.now(), is_new=True)
    EventReminder.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def add(
    event: Event,
    *,
    by: User,
    reminder_type: str,
    send_hours_before: Decimal | None = None,
    session: EventSession | None = None,
) -> EventReminder:
    """Plan one more mailing; of the same moment there is but one."""
    event.lock()
    _require_open(event, session)
    if event.reminders.count() >= EventReminder.LIMIT + event.sessions.count():
        raise TooManyReminders
    reminder = _new(event, session, reminder_type, _hours(reminder_type, send_hours_before))
    _require_ahead(reminder)
    _save(reminder)
    event.record("event.reminder_added", by, reminder=str(reminder.uuid))
    return reminder


@transaction.atomic
def change(
    reminder: EventReminder,
    *,
    by: User,
    reminder_type: str | None = None,
    send_hours_before: Decimal | None = None,
    **other: EventSession | None,
) -> None:
    """Move a mailing that has not gone out; ``session`` puts it before another start."""
    _lock(reminder)
    if reminder.status != Status.PENDING:
        raise InvalidStatus(
            "Only pending reminders can be changed.", details={"status": reminder.status}
        )
    if "session" in other:
        reminder.session = other["session"]
    _require_open(reminder.event, reminder.session)
    kind = reminder_type or reminder.reminder_type
    keeps = reminder_type is None or reminder_type == Type.CUSTOM
    hours = send_hours_before or (reminder.send_hours_before if keeps else None)
    reminder.reminder_type, reminder.send_hours_before = kind, _hours(kind, hours)
    reminder.scheduled_for = due_at(reminder)
    _require_ahead(reminder)
    _save(reminder)
    reminder.event.record("event.reminder_changed", by, reminder=str(reminder.uuid))


@transaction.atomic
def remove(reminder: EventReminder, *, by: User) -> None:
    """Take a mailing out of the plan; one that went out cannot be taken back."""
    _lock(reminder)
    if reminder.status == Status.SENT:
        raise InvalidStatus("This reminder has been sent.", details={"status": reminder.status})
    reminder.event.record("event.reminder_removed", by, reminder=str(reminder.uuid))
    reminder.delete()


def arm(event: Event, *, is_new: bool = False) -> None:
    """Bring every reminder into line with the event's and its sessions' times and states.

    ``is_new`` says that the event has just been offered: what is overdue then is not sent late.
    The caller holds the event's lock.
    """
    rows = list(event.reminders.select_related("session"))
    now = clock.now()
    for row in rows:
        row.event = event
        _settle(row, now, is_new=is_new)
        row.updated_at = now
    EventReminder.objects.bulk_update(rows, WRITTEN)


def copy(
    reminders: Iterable[EventReminder], *, onto: Event, sessions: Mapping[int, EventSession]
) -> None:
    """Plan the same mailings for a copy of the event; `sessions` tells the copy of each by id."""
    copies = [
        _new(
            onto,
            sessions[row.session_id] if row.session_id else None,
            row.reminder_type,
            row.send_hours_before,
        )
        for row in reminders
        if row.session_id is None or row.session_id in sessions
    ]
    EventReminder.objects.bulk_create(copies)


def start_of(reminder: EventReminder) -> datetime:
    """Return the start it reminds of."""
    return reminder.session.starts_at if reminder.session else reminder.event.starts_at


def due_at(reminder: EventReminder) -> datetime:
    """Return when it should go out."""
    return start_of(reminder) - timedelta(hours=float(reminder.send_hours_before))


def _new(
    event: Event, session: EventSession | None, kind: str, hours: Decimal | None = None
) -> EventReminder:
    reminder = EventReminder(
        event=event,
        session=session,
        reminder_type=kind,
        send_hours_before=hours or EventReminder.HOURS[Type(kind)],
    )
    reminder.scheduled_for = due_at(reminder)
    return reminder


def _hours(kind: str, sent: Decimal | None) -> Decimal:
    """Return the hours of the type; only a custom one chooses its own."""
    if kind == Type.CUSTOM:
        if sent is None:
            raise ValidationError({"send_hours_before": ["This field is required."]})
        return sent
    fixed = EventReminder.HOURS[Type(kind)]
    if sent is not None and sent != fixed:
        raise ValidationError({"send_hours_before": [f"{kind} is {fixed.normalize():f} hours."]})
    return fixed


def _settle(row: EventReminder, now: datetime, *, is_new: bool) -> None:
    """Set what the reminder's state is now; sent ones stay sent unless they lie ahead again."""
    before, row.scheduled_for = row.scheduled_for, due_at(row)
    if reason := _obstacle(row):
        if row.status != Status.SENT:
            row.status, row.skip_reason = Status.SKIPPED, reason
        return
    if row.scheduled_for > now or row.event.status == "draft":
        if row.status == Status.SENT and row.scheduled_for == before:
            return
        row.status, row.skip_reason, row.attempts = Status.PENDING, "", 0
    elif row.status == Status.SKIPPED or (
        row.status == Status.PENDING and (is_new or row.scheduled_for != before)
    ):
        row.status, row.skip_reason = Status.SKIPPED, SkipReason.TOO_LATE


def _obstacle(row: EventReminder) -> str:
    if row.event.status == "cancelled":
        return SkipReason.EVENT_CANCELLED
    if row.session and row.session.status == "cancelled":
        return SkipReason.SESSION_CANCELLED
    if row.event.status in OVER:
        return SkipReason.TOO_LATE
    return ""


def _require_open(event: Event, session: EventSession | None) -> None:
    if event.status not in {"draft", "published", "live"}:
        raise InvalidStatus(
            "Reminders belong to events that are still to come.", details={"status": event.status}
        )
    if session is not None and session.event_id != event.pk:
        raise ValidationError({"session": ["Not found."]})


def _require_ahead(reminder: EventReminder) -> None:
    if reminder.event.status != "draft" and reminder.scheduled_for <= clock.now():
        raise ReminderInPast


def _save(reminder: EventReminder) -> None:
    try:
        with transaction.atomic():
            reminder.save()
    except IntegrityError as error:
        raise SameReminder from error


def _lock(reminder: EventReminder) -> None:
    """Lock the event and read both anew."""
    event = reminder.event
    event.lock()
    reminder.refresh_from_db()
    reminder.event = event
