"""Which events and sessions may be reached, are on offer, or are due."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from django.db import connections, models
from django.db.models import F, Q, Value

from accounts.roles import is_platform_staff
from common.querysets import LiveManager, SoftDeleteQuerySet
from events import search
from events.access import Action, condition

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from events.models import (
        Category,
        Event,
        EventCustomField,
        EventReminder,
        EventSession,
        Speaker,
    )

    Caller: TypeAlias = User | AnonymousUser

# Zoom is given this long to say that the host has opened the meeting.
MEETING_PATIENCE = timedelta(minutes=15)
# What runs over is not cut off.
OVERRUN = timedelta(minutes=30)

# What the public catalogue may show.
LISTED = Q(
    deleted_at=None,
    visibility="public",
    status__in=["published", "live", "completed", "closed"],
)

# So many found events are looked up by their keys; of more, the words are asked again.
FEW = 1000

# What the summary prints and what the rules behind it read.
SHOWN_IN_LISTS = (
    "uuid", "title", "slug", "public_code", "event_type", "format", "visibility", "status",
    "starts_at", "duration_minutes", "timezone", "ends_at", "capacity", "cpd_enabled",
    "cpd_credit_type", "cpd_credit_value", "is_multi_session", "registration_count",
    "attendance_count", "certificate_count", "waitlist_count", "places_taken",
    "highest_price_amount", "registration_enabled", "registration_opens_at",
    "registration_deadline", "allow_late_registration", "waitlist_enabled", "waitlist_max",
    "deleted_at", "created_at", "updated_at", "owner", "organization", "cover_image",
)  # fmt: skip
SHOWN_OF_OTHERS = (
    "owner__uuid", "owner__full_name", "owner__email",
    "organization__uuid", "organization__name", "organization__slug",
)  # fmt: skip
# What the public catalogue prints and what the rules behind it read.
SHOWN_IN_CATALOGUE = (
    "uuid", "title", "slug", "public_code", "event_type", "format", "visibility", "status",
    "starts_at", "duration_minutes", "timezone", "ends_at", "capacity", "cpd_enabled",
    "cpd_credit_type", "cpd_credit_value", "cpd_accreditation_note", "is_multi_session",
    "short_description", "description", "learning_objectives", "location", "registration_enabled",
    "allow_guest_registration", "registration_opens_at", "registration_deadline",
    "allow_late_registration", "registration_approval_required", "waitlist_enabled",
    "waitlist_max", "waitlist_count", "places_taken", "allow_self_cancellation", "refund_tiers",
    "currency", "lowest_price_amount", "highest_price_amount", "certificates_enabled",
    "minimum_attendance_percent", "minimum_attendance_minutes",
    "require_feedback_for_certificate", "minimum_engagement_percent", "completion_type",
    "minimum_sessions_required", "minimum_attendance_percent_total", "deleted_at",
    "owner", "organization", "category", "cover_image",
)  # fmt: skip
SHOWN_OF_ORGANIZERS = (
    "owner__uuid", "owner__full_name", "owner__organizer_display_name",
    "owner__is_organizer_profile_public",
    "organization__uuid", "organization__name", "organization__is_public",
    "category__uuid", "category__name", "category__slug",
)  # fmt: skip


class WorstMeetingNews(models.Func):
    """What `Event.meeting_status` tells, without a query for the sessions.

    The bad news come first in the alphabet, as it happens.
    """

    template = (
        "(SELECT MIN(meeting_status) FROM events_eventsession WHERE event_id = %(expressions)s"
        " AND meeting_status IN ('failed', 'pending', 'ready'))"
    )
    output_field = models.CharField()


class EventQuerySet(SoftDeleteQuerySet["Event"]):
    """Events."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those the user may see as one of the people behind them."""
        return self.filter(condition(user, Action.SEE))

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those the user may change, or what else the capability says."""
        return self.filter(condition(user, capability))

    def listed(self) -> Self:
        """Keep what the public catalogue may show."""
        return self.filter(LISTED)

    def reachable(self, *, invited_to: "models.QuerySet[Any, Any] | None" = None) -> Self:
        """Keep what everybody with the link may open; a cancelled event explains itself.

        ``invited_to`` selects ids of events of which private ones are shown too, as to a guest.
        """
        shown = Q(visibility__in=["public", "unlisted"])
        rows = self.live().exclude(status="draft")
        if invited_to is None:
            return rows.filter(shown)
        invited = rows.annotate(is_invited=Value(value=True))
        return invited.filter(shown | Q(pk__in=invited_to))

    def upcoming(self, now: datetime) -> Self:
        """Keep published events that have not begun."""
        return self.filter(status="published", starts_at__gte=now)

    def running(self) -> Self:
        """Keep those that go on right now."""
        return self.filter(status="live")

    def past(self, now: datetime) -> Self:
        """Keep those that are over."""
        return self.filter(Q(status__in=["completed", "closed"]) | Q(ends_at__lt=now))

    def due_to_start(self, now: datetime) -> Self:
        """Keep published and live events with a session whose time has come."""
        sessions = Q(sessions__status="scheduled", sessions__starts_at__lte=now)
        hosted = Q(sessions__meeting_status="ready")
        patience = Q(sessions__starts_at__gt=now - MEETING_PATIENCE)
        return self.filter(
            sessions & ~(hosted & patience), status__in=["published", "live"]
        ).distinct()

    def due_to_complete(self, now: datetime) -> Self:
        """Keep live events with a session that should have ended half an hour ago."""
        return self.filter(
            Q(sessions__status="live", sessions__ends_at__lte=now - OVERRUN)
            | Q(ends_at__lte=now - OVERRUN),
            status="live",
        ).distinct()

    def matching(self, text: str) -> Self:
        """Keep those in which every word of the text is found, or else nearly so in the title.

        On PostgreSQL that asks at once what the words find among these rows: a few are known by
        their keys from then on, and only where there are none are the titles compared.
        """
        words = search.words_of(text)
        if not words:
            return self.none()
        if connections[self.db].vendor != "postgresql":
            return self.filter(search.by_comparison(words))
        found = self.filter(search.by_words(words))
        few = list(found.prefetch_related(None).order_by().values_list("pk", flat=True)[: FEW + 1])
        if not few:
            return self.filter(search.by_likeness(words))
        return self.filter(search.by_keys(few)) if len(few) <= FEW else found

    def for_summaries(self) -> Self:
        """Load with each event what lists show of it, and no other column."""
        return (
            self.select_related("owner", "organization", "cover_image")
            .only(*SHOWN_IN_LISTS, *SHOWN_OF_OTHERS)
            .annotate(meeting_news=WorstMeetingNews("id"))
        )

    def for_catalogue(self) -> Self:
        """Load with each event what the public catalogue shows of it."""
        return (
            self.select_related("owner", "organization", "cover_image", "category")
            .only(*SHOWN_IN_CATALOGUE, *SHOWN_OF_ORGANIZERS)
            .annotate(price=F("lowest_price_amount"))
            .prefetch_related("tags", "speakers")
        )

    def for_showing(self) -> Self:
        """Load the same as `for_details`, without the columns that no answer shows."""
        own = [field.name for field in self.model._meta.concrete_fields]
        own.remove("search_text")
        return self.for_details().only(*own, *SHOWN_OF_OTHERS, "duplicated_from__uuid")

    def for_details(self) -> Self:
        """Load with each event everything its own page shows."""
        return self.select_related(
            "owner", "organization", "cover_image", "category", "duplicated_from"
        ).prefetch_related("custom_fields", "tags", "speakers", "sessions__speakers")


EventManager = LiveManager.from_queryset(EventQuerySet)


class EventSessionQuerySet(models.QuerySet["EventSession"]):
    """Sessions of events."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of events the user may see as one of the people behind them."""
        return self.filter(condition(user, Action.SEE, path="event__"), event__deleted_at=None)

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those of events the user may change."""
        return self.filter(condition(user, capability, path="event__"), event__deleted_at=None)

    def standing(self) -> Self:
        """Leave out cancelled sessions."""
        return self.exclude(status="cancelled")

    def open(self) -> Self:
        """Keep those that are still to be held or are being held."""
        return self.filter(status__in=["scheduled", "live"])

    def due_to_start(self, now: datetime) -> Self:
        """Keep those whose time has come; where a meeting stands, Zoom may say so first."""
        return self.filter(status="scheduled", starts_at__lte=now).exclude(
            meeting_status="ready", starts_at__gt=now - MEETING_PATIENCE
        )

    def due_to_complete(self, now: datetime) -> Self:
        """Keep those that should have ended half an hour ago."""
        return self.filter(status="live", ends_at__lte=now - OVERRUN)

    def awaiting_meeting(self, now: datetime) -> Self:
        """Keep those whose meeting is to be made, changed or removed now."""
        return self.filter(
            Q(meeting_retry_at=None) | Q(meeting_retry_at__lte=now),
            meeting_status__in=["pending", "removing"],
        )

    def failed_before_reconnecting(self, now: datetime) -> Self:
        """Keep coming sessions whose meeting failed before their host connected Zoom anew."""
        return self.select_related("event").filter(
            meeting_status="failed",
            ends_at__gt=now,
            meeting_error_at__lt=F("event__owner__zoom_connection__connected_at"),
            event__owner__zoom_connection__is_active=True,
            event__owner__zoom_connection__disconnected_at=None,
        )


class EventReminderQuerySet(models.QuerySet["EventReminder"]):
    """Reminders of events."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of events the user may change: nobody else is told of them."""
        return self.managed_by(user)

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those of events the user may change."""
        return self.filter(condition(user, capability, path="event__"), event__deleted_at=None)

    def due(self, now: datetime) -> Self:
        """Keep those whose time has come, of events that are offered and go on."""
        return self.filter(
            status="pending",
            scheduled_for__lte=now,
            event__status__in=["published", "live"],
            event__deleted_at=None,
        )


class SpeakerQuerySet(models.QuerySet["Speaker"]):
    """Libraries of speakers."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of tenants whose events the user may see."""
        return self.managed_by(user, Action.SEE)

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those of tenants whose events the user may change."""
        return self.filter(condition(user, capability))


class CategoryQuerySet(models.QuerySet["Category"]):
    """Subjects of the catalogue."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those in use; the people of the platform see all."""
        return self.all() if is_platform_staff(user) else self.filter(is_active=True)

    def managed_by(self, user: "Caller", _capability: str = "") -> Self:
        """Keep what the people of the platform may change, nobody else."""
        return self.all() if is_platform_staff(user) else self.none()


class EventCustomFieldQuerySet(models.QuerySet["EventCustomField"]):
    """Questions of registration forms."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of events the user may see."""
        return self.managed_by(user, Action.SEE)

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those of events the user may change."""
        return self.filter(condition(user, capability, path="event__"), event__deleted_at=None)
