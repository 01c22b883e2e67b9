"""Changes to an event, as far as its status allows them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone as clock

from accounts.models import User
from billing import entitlements
from billing.entitlements import Limit
from common.exceptions import Conflict
from events import drafting, reminders, rules, schedule, signals, slugs
from events.models import Event

Changes = dict[str, Any]
CHANGEABLE = frozenset({"draft", "published"})
FIXED_ONCE_PUBLISHED = (
    "starts_at",
    "duration_minutes",
    "timezone",
    "format",
    "is_multi_session",
    "currency",
)
OPEN_WHILE_RUNNING = frozenset(
    {
        "certificates_enabled",
        "certificate_template",
        "auto_issue_certificates",
        "badges_enabled",
        "auto_issue_badges",
        "badge_template",
        "recording_enabled",
        "auto_publish_recordings",
        "recording_access_level",
    }
)
PLACE = ("location", "online_url")
MEETING = ("title", "zoom_enabled", "zoom_settings", "recording_enabled")


class CapacityTooLow(Conflict):
    """Places that are taken cannot be taken away."""

    code = "CAPACITY_TOO_LOW"
    message = "More places are taken than that."


class HasSessions(Conflict):
    """Only an event with one session can become a single event."""

    code = "HAS_SESSIONS"
    message = "The event has more than one session."


@transaction.atomic
def edit(event: Event, *, by: User, changes: Changes) -> None:
    """Change what was sent; anything its status forbids refuses all of it."""
    event.lock()
    sent = set(changes)
    parts = {name: changes.pop(name) for name in drafting.PARTS if name in changes}
    required = changes.pop("required_sessions", None)
    _require_open(event, sent)
    before = {name: getattr(event, name) for name in changes}
    changed = {name: value for name, value in changes.items() if value != before[name]}
    _require_movable(event, changed)
    for name, value in changed.items():
        setattr(event, name, value)
    _agree(event, changed)
    _save(event, changed)
    drafting.describe(event, parts)
    if required is not None:
        _require_sessions(event, required)
    if touched := sent - (changes.keys() - changed.keys()):
        event.record("event.edited", by, fields=sorted(touched))
    _announce(event, changed)


def replacing(event: Event, changes: Mapping[str, Any], names: Collection[str]) -> Changes:
    """Return the changes of a PUT: the columns that were not sent go back to their defaults."""
    columns = [
        column
        for column in Event._meta.concrete_fields
        if column.name in names and column.name not in {"title", "starts_at"}
    ]
    if event.follows_sessions:
        columns = [column for column in columns if column.name != "duration_minutes"]
    return {**{column.name: column.get_default() for column in columns}, **changes}


def _require_open(event: Event, sent: set[str]) -> None:
    open_now = {"live": OPEN_WHILE_RUNNING, "completed": OPEN_WHILE_RUNNING}
    if event.status in CHANGEABLE:
        return
    allowed = open_now.get(event.status)
    if allowed is None or sent - allowed:
        raise ValidationError({NON_FIELD_ERRORS: ["Cannot edit event in current status."]})


def _require_movable(event: Event, changed: Changes) -> None:
    if event.status == "published":
        if fixed := [name for name in FIXED_ONCE_PUBLISHED if name in changed]:
            raise ValidationError(
                {name: [f"Cannot change {name} after event is published."] for name in fixed}
            )
    elif "starts_at" in changed:
        rules.require_future(changed["starts_at"], clock.now())


def _agree(event: Event, changed: Changes) -> None:
    """Bring schedule, limits and rules into line with the new values."""
    if "is_multi_session" in changed and not event.is_multi_session:
        _become_single(event)
    event.ends_at = schedule.end(event.starts_at, event.duration_minutes)
    if event.follows_sessions:
        schedule.derive(event, list(event.sessions.all()))
    if event.status in CHANGEABLE:
        rules.check(event)
    drafting.check_references(event, [name for name in drafting.REFERENCES if name in changed])
    if event.capacity is not None and "capacity" in changed:
        if event.capacity < event.places_taken:
            raise CapacityTooLow(details={"places_taken": event.places_taken})
        account = entitlements.account_for(owner=event.owner, organization=event.organization)
        entitlements.require(account, Limit.REGISTRATIONS_PER_EVENT, used=0, adding=event.capacity)


def _become_single(event: Event) -> None:
    standing = list(event.sessions.standing())
    if len(standing) > 1:
        raise HasSessions
    only = standing[0]
    event.sessions.exclude(pk=only.pk).delete()
    only.is_implicit = True
    only.save(update_fields=["is_implicit"])
    event.starts_at, event.duration_minutes = only.starts_at, only.duration_minutes


def _save(event: Event, changed: Changes) -> None:
    fields = [*changed, "starts_at", "duration_minutes", "ends_at"]
    if event.status == "published" and any(name in changed for name in PLACE):
        event.calendar_sequence += 1
        fields.append("calendar_sequence")
    if "title" in changed and event.published_at is None:
        slugs.save_named(event, update_fields=[*fields, "slug"])
    else:
        event.save(update_fields=fields)
    schedule.mirror(event)
    if "starts_at" in changed or "is_multi_session" in changed:
        reminders.arm(event)


def _require_sessions(event: Event, uuids: list[Any]) -> None:
    if event.sessions.filter(uuid__in=uuids).count() != len(set(uuids)):
        raise ValidationError({"required_sessions": ["Not found."]})
    event.sessions.filter(uuid__in=uuids).update(is_required=True)
    event.sessions.exclude(uuid__in=uuids).update(is_required=False)


def _announce(event: Event, changed: Changes) -> None:
    if any(name in changed for name in MEETING):
        signals.meeting_affected.send(sender=Event, event=event)
    if event.status == "published" and any(name in changed for name in PLACE):
        signals.event_rescheduled.send(sender=Event, event=event)
