"""An event once more: everything that was written about it, nothing that happened at it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone as clock

from accounts.models import User
from billing import entitlements
from billing.entitlements import Limit
from common.models import SoftDeleteModel
from events import catalogue, drafting, questions, references, reminders, rules, schedule, slugs
from events.models import Event, EventCustomField, EventSession
from events.models.description import EventDescription

Shift = Callable[[datetime], datetime]
TITLE_LENGTH: Final = 200
WEEK: Final = timedelta(days=7)
# A copy should not surprise anybody by beginning tomorrow morning.
NOTICE: Final = timedelta(hours=24)
_OF_ROWS = frozenset(field.name for field in SoftDeleteModel._meta.local_fields)
WRITTEN = tuple(
    field.name for field in EventDescription._meta.local_fields if field.name not in _OF_ROWS
)
OF_SESSIONS = (
    "title",
    "description",
    "duration_minutes",
    "timezone",
    "room",
    "session_type",
    "is_implicit",
    "is_required",
    "cpd_credit_value_override",
    "zoom_enabled",
)
OF_FIELDS = (
    "label",
    "field_type",
    "required",
    "placeholder",
    "help_text",
    "default_value",
    "options",
    "min_value",
    "max_value",
    "order",
    "show_on_certificate",
)


@transaction.atomic
def duplicate(
    event: Event, *, by: User, title: str = "", starts_at: datetime | None = None
) -> Event:
    """Draft a copy of the event; it counts against the plan as any new event does.

    Without a start it takes place at the same wall-clock time, whole weeks later. Everything
    else keeps its distance from the start in days and local time.
    """
    event.lock()
    drafting.require_right(by, event.organization)
    account = entitlements.account_for(owner=by, organization=event.organization)
    entitlements.require_active(account)
    if starts_at is not None:
        rules.require_future(starts_at, clock.now())
    move = _shift(event, starts_at or next_start(event, clock.now()))
    copy = _draft(event, by, title or f"Copy of {event.title}"[:TITLE_LENGTH].rstrip(), move)
    sessions = _copied_sessions(event, copy, move)
    schedule.derive(copy, list(sessions.values()))
    rules.check(copy)
    if copy.capacity is not None:
        entitlements.require(account, Limit.REGISTRATIONS_PER_EVENT, used=0, adding=copy.capacity)
    slugs.save_named(copy)
    _copy_parts(event, copy, sessions)
    copy.status_history.create(from_status="", to_status=copy.status, changed_by=by)
    copy.record("event.duplicated", by, original=event.uuid)
    # The last lock of the transaction, by the product's lock order.
    entitlements.consume(account, Limit.EVENTS_PER_MONTH)
    return copy


def next_start(event: Event, now: datetime) -> datetime:
    """Return the event's wall-clock time a week later, or as many weeks as give a day's notice."""
    zone = ZoneInfo(event.timezone)
    local = event.starts_at.astimezone(zone) + WEEK
    local += WEEK * max(0, (now + NOTICE - local) // WEEK)
    while local < now + NOTICE:
        local += WEEK
    return local


def _shift(event: Event, starts_at: datetime) -> Shift:
    """Return how moments of the event move with its start, by the clocks of its zone."""
    zone = ZoneInfo(event.timezone)
    before = event.starts_at.astimezone(zone).replace(tzinfo=None)
    distance = starts_at.astimezone(zone).replace(tzinfo=None) - before

    def move(moment: datetime) -> datetime:
        if moment == event.starts_at:
            return starts_at
        local = moment.astimezone(zone).replace(tzinfo=None) + distance
        return local.replace(tzinfo=zone).astimezone(UTC)

    return move


def _draft(event: Event, by: User, title: str, move: Shift) -> Event:
    written = {name: getattr(event, name) for name in WRITTEN}
    copy = Event(
        **written | {"title": title},
        owner=by,
        organization=event.organization,
        duplicated_from=event,
    )
    copy.starts_at = move(event.starts_at)
    copy.ends_at = schedule.end(copy.starts_at, copy.duration_minutes)
    for name in ("registration_opens_at", "registration_deadline"):
        if moment := getattr(event, name):
            setattr(copy, name, move(moment))
    references.drop_foreign_templates(copy)
    return copy


def _copied_sessions(event: Event, copy: Event, move: Shift) -> Mapping[int, EventSession]:
    """Return, by the id of each session that is to be held again, its copy; not saved yet."""
    return {
        session.pk: EventSession(
            **{name: getattr(session, name) for name in OF_SESSIONS},
            event=copy,
            session_number=number,
            starts_at=move(session.starts_at),
        )
        for number, session in enumerate(_held(event), start=1)
    }


def _held(event: Event) -> QuerySet[EventSession]:
    """Return the sessions that were to be held, also where the whole event was called off."""
    sessions = event.sessions.order_by("session_number")
    if event.status == Event.Status.CANCELLED:
        return sessions.exclude(cancelled_at__lt=F("event__cancelled_at"))
    return sessions.standing()


def _copy_parts(event: Event, copy: Event, sessions: Mapping[int, EventSession]) -> None:
    for session in sessions.values():
        session.event = copy
        session.save()
    schedule.mirror(copy)
    for original in EventSession.objects.filter(pk__in=list(sessions)).prefetch_related("speakers"):
        sessions[original.pk].speakers.set(original.speakers.all())
    EventCustomField.objects.bulk_create(
        EventCustomField(event=copy, **{name: getattr(field, name) for name in OF_FIELDS})
        for field in event.custom_fields.all()
    )
    copy.tags.set(event.tags.all())
    copy.speakers.set(event.speakers.all())
    references.drop_foreign_speakers(copy)
    catalogue.refresh_search_text(copy)
    reminders.copy(event.reminders.all(), onto=copy, sessions=sessions)
    questions.copy_parts(event, copy)
