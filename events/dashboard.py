"""What the people behind events look at first."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.lookups import GreaterThanOrEqual

from accounts.models import Organization, User
from accounts.roles import Capability, reach
from billing import entitlements
from events import room
from events.figures import Period, figures
from events.models import Event
from events.querysets import EventQuerySet

UPCOMING: Final = 5
LOOKED_BACK: Final = timedelta(days=30)
SOON: Final = timedelta(days=7)
NEARLY: Final = 90  # percent of the capacity
AT_MOST: Final = 10  # of each kind that needs attention
MESSAGES: Final = {
    "meeting_failed": "A session has no Zoom meeting.",
    "draft_starting_soon": "This draft starts within a week and is not published.",
    "almost_full": "Nearly all places are taken.",
    "reminder_failed": "A reminder could not be sent.",
}


def overview(
    events: QuerySet[Event], summaries: EventQuerySet, *, by: User, now: datetime
) -> dict[str, Any]:
    """Return how things stand with the events; ``summaries`` loads the same as lists show them."""
    zone = ZoneInfo(by.timezone)
    recent = figures(events, Period(zone, now - LOOKED_BACK, now))
    ended = events.filter(ends_at__gte=now - LOOKED_BACK, ends_at__lt=now)
    attended = ended.aggregate(all=Sum("attendance_count", default=0))["all"]
    upcoming = list(summaries.upcoming(now).order_by("starts_at", "pk")[:UPCOMING])
    room.load(upcoming)
    return {
        "counts": _counts(events),
        "upcoming": upcoming,
        "needs_attention": _needs(events, now),
        "totals": {
            "registrations": recent.confirmed,
            "attendance": attended,
            "certificates": recent.certificates,
        },
        "plan": _plan(by),
    }


def _counts(events: QuerySet[Event]) -> dict[str, int]:
    known = dict(events.order_by().values_list("status").annotate(number=Count("pk")))
    return {status: known.get(status, 0) for status in Event.Status.values}


def _needs(events: QuerySet[Event], now: datetime) -> list[dict[str, Any]]:
    offered = Q(status__in=["published", "live"], ends_at__gt=now)
    conditions = {
        "meeting_failed": offered & Q(sessions__meeting_status="failed"),
        "draft_starting_soon": Q(status="draft", starts_at__gte=now, starts_at__lte=now + SOON),
        "almost_full": offered
        & Q(GreaterThanOrEqual(F("places_taken") * 100, F("capacity") * NEARLY)),
        "reminder_failed": offered & Q(reminders__status="failed"),
    }
    return [
        {"kind": kind, "event": event, "message": MESSAGES[kind]}
        for kind, condition in conditions.items()
        for event in _first(events, condition)
    ]


def _first(events: QuerySet[Event], condition: Q) -> QuerySet[Event]:
    # A subquery, so that an event with two bad sessions is named once.
    concerned = events.filter(pk__in=Event.objects.filter(condition).order_by().values("pk"))
    return concerned.only("uuid", "title", "starts_at").order_by("starts_at", "pk")[:AT_MOST]


def _plan(by: User) -> dict[str, dict[str, int | None]]:
    """Return the use of the plan that pays for what the person offers."""
    if by.is_organizer and reach(by).personal:
        return entitlements.usage(entitlements.account_for(owner=by))
    places = reach(by).organizations_with(Capability.EVENTS_CREATE)
    organization = Organization.objects.filter(pk__in=places).order_by("pk").first()
    if organization is None:
        return {}
    return entitlements.usage(entitlements.account_for(owner=by, organization=organization))
