"""What one registers for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from django.utils import timezone as clock

from accounts.models import Organization, User
from billing import entitlements
from common import audit, codes
from common.exceptions import Conflict, InvalidStatus
from common.fields import MinorUnitsField
from events import questions, readiness, registration_state, room, schedule, signals
from events.models.description import EventDescription
from events.models.moves import MOVES
from events.querysets import LISTED, EventManager, EventQuerySet


class EventHasRegistrations(Conflict):
    """Somebody holds a place."""

    code = "EVENT_HAS_REGISTRATIONS"
    message = "An event with registrations cannot be unpublished. Cancel it instead."


class EventNotDeletable(Conflict):
    """Only what nobody relies on may disappear."""

    code = "EVENT_NOT_DELETABLE"
    message = "Only drafts without registrations and cancelled events can be deleted."


class Event(EventDescription):
    """What one registers for; it may have several sessions."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        LIVE = "live"
        COMPLETED = "completed"
        CLOSED = "closed"
        CANCELLED = "cancelled"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="events"
    )
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    slug = models.SlugField(max_length=220)
    public_code = models.CharField(max_length=8, unique=True, default=codes.public_code)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancellation_reason = models.TextField(max_length=2000, blank=True)
    ends_at = models.DateTimeField()
    previous_starts_at = models.DateTimeField(null=True, blank=True)
    actual_started_at = models.DateTimeField(null=True, blank=True)
    actual_ended_at = models.DateTimeField(null=True, blank=True)
    duplicated_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="duplicates"
    )
    registration_count = models.PositiveIntegerField(default=0)
    attendance_count = models.PositiveIntegerField(default=0)
    certificate_count = models.PositiveIntegerField(default=0)
    waitlist_count = models.PositiveIntegerField(default=0)
    places_taken = models.PositiveIntegerField(default=0)
    lowest_price_amount = MinorUnitsField()
    highest_price_amount = MinorUnitsField()
    calendar_sequence = models.PositiveIntegerField(default=0)
    attendance_finalized_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, editable=False)

    objects = EventManager()  # type: ignore[misc]  # the base declares it
    all_objects = EventQuerySet.as_manager()  # type: ignore[misc]  # the same

    # What the payer's plan allows, where it has been looked up; see `room`.
    plan_capacity: int | None
    # What the sessions' meetings tell, where a list has asked the database for it.
    meeting_news: str | None
    # Whether it was asked for with the token of an invitation to it.
    is_invited = False
    # Told along with `event_rescheduled`: False silences the mails of that one change.
    notify_registrants = True

    class Meta(EventDescription.Meta):
        ordering = ["-starts_at", "id"]
        indexes = [
            models.Index(fields=["owner", "status"], name="events_event_owner"),
            models.Index(fields=["organization", "status"], name="events_event_organization"),
            models.Index(
                fields=["visibility", "status", "starts_at"], name="events_event_catalogue"
            ),
            models.Index(fields=["status", "starts_at"], name="events_event_start"),
            models.Index(fields=["status", "ends_at"], name="events_event_end"),
            # The orders of the public catalogue, at any depth and for any of its times.
            *(
                models.Index(fields=[column, "id"], name=f"events_listed_{name}", condition=LISTED)
                for name, column in (
                    ("start", "starts_at"),
                    ("created", "created_at"),
                    ("title", "title"),
                    ("price", "lowest_price_amount"),
                )
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "slug"], name="events_event_slug_per_owner"),
            models.CheckConstraint(
                name="events_event_capacity_is_positive",
                condition=Q(capacity=None) | Q(capacity__gte=1),
            ),
            models.CheckConstraint(
                name="events_event_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="events_event_waitlist_needs_capacity",
                condition=Q(waitlist_enabled=False) | Q(capacity__isnull=False),
            ),
            models.CheckConstraint(
                name="events_event_cancelled_iff_dated",
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | ~Q(status="cancelled") & Q(cancelled_at=None, cancellation_reason=""),
            ),
            models.CheckConstraint(
                name="events_event_offered_is_dated",
                condition=Q(status="draft") | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="events_event_closed_iff_dated",
                condition=Q(status="closed", closed_at__isnull=False)
                | ~Q(status="closed") & Q(closed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def registration_state(self) -> str:
        """Whether somebody can register now, or why not; a private event takes who is invited."""
        return registration_state.of(
            self, clock.now(), invited=self.is_invited, plan_capacity=room.in_force(self)
        )

    @property
    def can_register(self) -> bool:
        return self.registration_state in registration_state.WELCOMING

    @property
    def spots_remaining(self) -> int | None:
        """Capacity in force minus what is taken, never negative; None for unlimited. Advisory."""
        capacity = room.in_force(self)
        return None if capacity is None else max(0, capacity - self.places_taken)

    @property
    def is_past(self) -> bool:
        return self.ends_at < clock.now()

    @property
    def is_free(self) -> bool:
        return self.highest_price_amount == 0

    @property
    def public_url(self) -> str:
        return f"{settings.FRONTEND_URL}/events/{self.slug}-{self.public_code}"

    @property
    def organizer_name(self) -> str:
        return self.organization.name if self.organization else self.owner.public_name

    @property
    def organizer_uuid(self) -> UUID | None:
        """Where the organizer's public profile is found, if there is one."""
        if self.organization:
            return self.organization.uuid if self.organization.is_public else None
        return self.owner.uuid if self.owner.is_organizer_profile_public else None

    @property
    def follows_sessions(self) -> bool:
        """Whether start and length are derived from real sessions."""
        return self.is_multi_session and not any(
            session.is_implicit for session in self.sessions.all()
        )

    @property
    def meeting_status(self) -> str:
        """The worst news of its sessions' meetings."""
        if "meeting_news" in vars(self):  # loaded with the row of a list
            return self.meeting_news or "none"
        found = {session.meeting_status for session in self.sessions.all()}
        return next((news for news in ("failed", "pending", "ready") if news in found), "none")

    def lock(self) -> None:
        """Lock the row and read it anew, so that two verbs on one event take turns."""
        # A plain FOR UPDATE would make the foreign-key check of every new child row wait.
        self.refresh_from_db(from_queryset=Event.all_objects.select_for_update(no_key=True))

    def touch(self) -> None:
        """Note a change of what is shown inside the event, so that its version changes too."""
        self.save(update_fields=[])

    @transaction.atomic
    def publish(self, *, by: User) -> None:
        """Offer the event. Zoom is asked later and is never a condition."""
        self._require_move("publish")
        entitlements.require_active(
            entitlements.account_for(owner=self.owner, organization=self.organization)
        )
        now = clock.now()
        readiness.require(self, now)
        if self.is_multi_session:
            # Whoever published the stand-in meant it: from now on it is session 1.
            self.sessions.filter(is_implicit=True).update(is_implicit=False)
        self._become("publish", by, signals.event_published, published_at=self.published_at or now)

    @transaction.atomic
    def unpublish(self, *, by: User, reason: str = "") -> None:
        """Take the event back, as long as nobody relies on it."""
        self._require_move("unpublish")
        if self.starts_at <= clock.now():
            raise EventHasRegistrations("An event that has begun cannot be unpublished.")
        if questions.has_registrations(self, True):
            raise EventHasRegistrations
        self._become("unpublish", by, signals.event_unpublished, reason)

    @transaction.atomic
    def start(self, *, by: User | None, reason: str = "") -> None:
        """Begin by hand: the earliest scheduled session begins too."""
        self._require_move("start")
        now = clock.now()
        first = self.sessions.filter(status="scheduled").order_by("starts_at").first()
        if first is not None:
            first.begin(at=now)
        self.go_live(by=by, at=now, reason=reason)

    def go_live(self, *, by: User | None, at: datetime, reason: str = "") -> None:
        """Follow a session that has begun. The caller holds the lock."""
        self._become(
            "start",
            by,
            signals.event_started,
            reason,
            actual_started_at=self.actual_started_at or at,
        )

    @transaction.atomic
    def complete(self, *, by: User | None, at: datetime | None = None, reason: str = "") -> None:
        """End the event: sessions that have begun are over, later ones do not happen."""
        self._require_move("complete")
        now = at or clock.now()
        self._end_sessions(now)
        self._become(
            "complete",
            by,
            signals.event_completed,
            reason,
            completed_at=now,
            actual_ended_at=self.actual_ended_at or now,
        )

    @transaction.atomic
    def cancel(self, *, by: User | None, reason: str = "") -> None:
        """Call the event off, for good."""
        self._require_move("cancel")
        now = clock.now()
        for session in self.sessions.open():
            session.call_off(at=now, reason=reason)
        self._become(
            "cancel",
            by,
            signals.event_cancelled,
            reason,
            cancelled_at=now,
            cancellation_reason=reason,
            calendar_sequence=self.calendar_sequence + 1,
        )

    @transaction.atomic
    def close(self, *, by: User) -> None:
        """Settle the books: no more issuing, no more changes of attendance."""
        self._require_move("close")
        self._become("close", by, closed_at=clock.now())

    @transaction.atomic
    def reopen(self, *, by: User, reason: str) -> None:
        """Open the books again; the completion is not announced a second time."""
        self._require_move("reopen")
        self._become("reopen", by, reason=reason, closed_at=None)

    @transaction.atomic
    def soft_delete(self, *, by: models.Model | None) -> None:
        """Hide a draft nobody ever registered for, or a cancelled event; its slug stays taken."""
        self.lock()
        untouched = self.status == "draft" and not questions.has_registrations(self, False)
        if not untouched and self.status != "cancelled":
            raise EventNotDeletable
        super().soft_delete(by=by)

    @transaction.atomic
    def restore(self, *, by: models.Model | None) -> None:
        """Bring a deleted event back as it was; its slug was kept for it."""
        self.lock()
        super().restore(by=by)

    def record(self, action: str, by: User | None, **payload: Any) -> None:
        """Write an audit entry about the event for those who may read its tenant's log."""
        audit.record(
            action,
            target=self,
            by=by,
            organization=self.organization,
            owner=self.owner,
            **payload,
        )

    def _end_sessions(self, now: datetime) -> None:
        coming = []
        for session in self.sessions.open():
            if session.status == "live" or session.starts_at <= now:
                session.finish(at=now)
            else:
                session.call_off(at=now)
                coming.append(session)
        if coming:  # they leave every total, and every calendar
            schedule.derive(self, list(self.sessions.all()))
            self.calendar_sequence += 1
            self.save(update_fields=[*schedule.DERIVED, "calendar_sequence"])

    def _require_move(self, verb: str) -> None:
        self.lock()
        move = MOVES[verb]
        if self.status not in move.sources or self.deleted_at is not None:
            raise InvalidStatus(move.refusal, details={"status": self.status})

    def _become(
        self,
        verb: str,
        by: User | None,
        announce: Signal | None = None,
        reason: str = "",
        **changes: Any,
    ) -> None:
        before, self.status = self.status, MOVES[verb].target
        for field, value in changes.items():
            setattr(self, field, value)
        self.save(update_fields=["status", *changes])
        self.status_history.create(
            from_status=before, to_status=self.status, changed_by=by, reason=reason
        )
        self.record(f"event.{MOVES[verb].past}", by, from_status=before, reason=reason)
        if announce is not None:
            announce.send(sender=Event, event=self)
