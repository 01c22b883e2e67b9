"""New events: always drafts, always with at least one session."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone as clock

from accounts.exceptions import EmailNotVerified
from accounts.models import Organization, User, ZoomConnection
from accounts.roles import Capability, reach
from billing import acting, entitlements
from billing.entitlements import Limit
from common.exceptions import NotAllowed
from common.scopes import PersonalData
from events import catalogue, custom_fields, questions, reminders, rules, schedule, slugs
from events.models import Event, EventSession

Fields = Mapping[str, Any]
REFERENCES = tuple(questions.check_reference)
PARTS: Sequence[str] = ("tags", "speakers", "custom_fields")


class OrganizerRequired(NotAllowed):
    """An attendee's account offers nothing."""

    message = "Organizer account required."


@transaction.atomic
def create(
    *,
    by: User,
    organization: Organization | None = None,
    sessions: Sequence[Fields] = (),
    **sent: Any,
) -> Event:
    """Draft an event with its sessions, questions, tags and speakers.

    Counts against the plan of whoever pays; a refusal counts nothing.
    """
    require_right(by, organization)
    account = entitlements.account_for(owner=by, organization=organization)
    entitlements.require_active(account)
    parts = {name: sent.pop(name) for name in PARTS if name in sent}
    event = _draft(by, organization, sessions, sent)
    check_references(event, REFERENCES)
    rules.check(event)
    if event.capacity is not None:
        entitlements.require(account, Limit.REGISTRATIONS_PER_EVENT, used=0, adding=event.capacity)
    slugs.save_named(event)
    add_sessions(event, sessions)
    reminders.plan(event)
    describe(event, parts)
    event.status_history.create(from_status="", to_status=event.status, changed_by=by)
    event.record("event.created", by)
    # The last lock of the transaction, by the product's lock order.
    entitlements.consume(account, Limit.EVENTS_PER_MONTH)
    return event


def may_create(user: User) -> bool:
    """Tell whether the person may draft an event, alone or in some organization."""
    return user.email_verified and acting.acts_somewhere(user, Capability.EVENTS_CREATE)


def add_sessions(event: Event, sessions: Sequence[Fields]) -> None:
    """Give a new event the sessions named, or the implicit one that stands in for them."""
    if not (event.is_multi_session and sessions):
        event.sessions.create(
            title=event.title,
            session_number=1,
            starts_at=event.starts_at,
            duration_minutes=event.duration_minutes,
            timezone=event.timezone,
            is_implicit=True,
        )
        return
    for number, fields in enumerate(sessions, start=1):
        speakers = fields.get("speakers", ())
        columns = {name: value for name, value in fields.items() if name != "speakers"}
        session = EventSession(
            event=event, session_number=number, **{"timezone": event.timezone, **columns}
        )
        session.save()
        catalogue.set_speakers(session, speakers)


def describe(event: Event, parts: Fields) -> None:
    """Write the parts of an event that are rows of their own; those not named stay."""
    if "tags" in parts:
        catalogue.tag(event, parts["tags"])
    if "speakers" in parts:
        catalogue.set_speakers(event, parts["speakers"])
    if "custom_fields" in parts:
        custom_fields.replace(event, parts["custom_fields"])
    catalogue.refresh_search_text(event)


def check_references(event: Event, names: Sequence[str]) -> None:
    """Refuse templates that the event may not use."""
    for name in names:
        uuid = getattr(event, name, None)
        if name not in questions.check_reference or uuid is None:
            continue
        try:
            questions.check_reference[name](uuid, event)
        except questions.UnknownReference as error:
            raise ValidationError({name: [error.text]}) from error


def _draft(
    by: User, organization: Organization | None, sessions: Sequence[Fields], sent: Fields
) -> Event:
    event = Event(owner=by, organization=organization, **sent)
    now = clock.now()
    if event.is_multi_session and sessions:
        for fields in sessions:
            rules.require_future(fields["starts_at"], now, field="sessions")
        schedule.derive(
            event,
            [
                EventSession(
                    starts_at=fields["starts_at"], duration_minutes=fields["duration_minutes"]
                )
                for fields in sessions
            ],
        )
    elif event.starts_at is None:
        raise ValidationError({"starts_at": ["This field is required."]})
    else:
        event.ends_at = schedule.end(event.starts_at, event.duration_minutes)
    rules.require_future(event.starts_at, now)
    if "zoom_enabled" not in sent:
        event.zoom_enabled = _can_host(event)
    return event


def _can_host(event: Event) -> bool:
    connected = ZoomConnection.objects.connected().filter(user=event.owner_id, is_active=True)
    return event.format != Event.Format.IN_PERSON and connected.exists()


def require_right(by: User, organization: Organization | None) -> None:
    """Refuse whoever may offer nothing here: for the organization, or for themselves."""
    if not by.email_verified:
        raise EmailNotVerified
    if organization is None:
        if not reach(by).personal:
            raise PersonalData
        allowed = by.is_organizer or reach(by).sees_everything(Capability.EVENTS_CREATE)
        if not allowed:
            raise OrganizerRequired
        return
    if not reach(by).may(Capability.EVENTS_CREATE, owner_id=None, organization_id=organization.pk):
        raise NotAllowed
