"""The parts of an event."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone as clock

from accounts.models import User, ZoomConnection
from common import validators
from common.exceptions import Conflict, InvalidStatus
from common.fields import EncryptedTextField, HttpUrlField, TimezoneField
from common.models import BaseModel
from events import schedule, signals
from events.models.event import Event
from events.models.speaker import Speaker
from events.querysets import EventSessionQuerySet


class LastSession(Conflict):
    """An event without a session is no event."""

    code = "LAST_SESSION"
    message = "This is the last session. Cancel the event instead."


class SingleSessionEvent(Conflict):
    """The session of a single event follows its event."""

    code = "SINGLE_SESSION_EVENT"
    message = "This event has a single session, which follows the event."


class EventSession(BaseModel):
    """One sitting of an event; attendance, meetings and recordings hang on it.

    A single event has exactly one, implicit, which mirrors the event's title, start and length.
    """

    class Type(models.TextChoices):
        LIVE = "live"
        RECORDED = "recorded"
        HYBRID = "hybrid"

    class Status(models.TextChoices):
        SCHEDULED = "scheduled"
        LIVE = "live"
        COMPLETED = "completed"
        CANCELLED = "cancelled"

    class MeetingStatus(models.TextChoices):
        NONE = "none"
        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"
        REMOVING = "removing"
        REMOVED = "removed"

    OPEN = frozenset({Status.SCHEDULED, Status.LIVE})
    LIMIT = 50  # per event

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="sessions")
    title = models.CharField(max_length=200, validators=[validators.plain_line])
    description = models.TextField(max_length=5000, blank=True, validators=[validators.plain_text])
    session_number = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveIntegerField(
        validators=[MinValueValidator(15), MaxValueValidator(480)]
    )
    ends_at = models.DateTimeField(editable=False)
    timezone = TimezoneField()
    room = models.CharField(max_length=200, blank=True, validators=[validators.plain_line])
    speakers = models.ManyToManyField(Speaker, blank=True, related_name="sessions")
    session_type = models.CharField(max_length=10, choices=Type.choices, default=Type.LIVE)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    actual_started_at = models.DateTimeField(null=True, blank=True)
    actual_ended_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancellation_reason = models.TextField(max_length=2000, blank=True)
    is_implicit = models.BooleanField(default=False)
    is_required = models.BooleanField(default=False)
    cpd_credit_value_override = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    zoom_enabled = models.BooleanField(null=True, blank=True)
    zoom_connection = models.ForeignKey(
        ZoomConnection, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    zoom_meeting_id = models.CharField(max_length=20, blank=True)
    zoom_meeting_uuid = models.CharField(max_length=100, blank=True)
    zoom_join_url = HttpUrlField(max_length=2000, blank=True)
    zoom_passcode = EncryptedTextField(blank=True)
    meeting_status = models.CharField(
        max_length=10, choices=MeetingStatus.choices, default=MeetingStatus.NONE
    )
    meeting_error = models.CharField(max_length=500, blank=True)
    meeting_error_at = models.DateTimeField(null=True, blank=True)
    meeting_attempts = models.PositiveIntegerField(default=0)
    meeting_retry_at = models.DateTimeField(null=True, blank=True)
    attendance_count = models.PositiveIntegerField(default=0)
    calendar_sequence = models.PositiveIntegerField(default=0)

    objects = EventSessionQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["session_number"]
        indexes = [
            models.Index(fields=["status", "starts_at"], name="events_session_start"),
            models.Index(fields=["status", "ends_at"], name="events_session_end"),
            models.Index(fields=["meeting_status", "meeting_retry_at"], name="events_session_sync"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "session_number"], name="events_eventsession_number_once"
            ),
            models.UniqueConstraint(
                fields=["event"],
                condition=Q(is_implicit=True),
                name="events_eventsession_one_implicit",
            ),
            models.UniqueConstraint(
                fields=["zoom_meeting_id"],
                condition=~Q(zoom_meeting_id=""),
                name="events_eventsession_meeting_once",
            ),
            models.CheckConstraint(
                name="events_eventsession_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(
                name="events_eventsession_cancelled_iff_dated",
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | ~Q(status="cancelled") & Q(cancelled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it is still to be held or is being held."""
        return self.status in self.OPEN

    @property
    def wants_meeting(self) -> bool:
        """Whether there should be a meeting at Zoom for it; needs the event loaded."""
        enabled = self.event.zoom_enabled if self.zoom_enabled is None else self.zoom_enabled
        return (
            enabled
            and self.is_open
            and self.session_type != self.Type.RECORDED
            and self.event.format != Event.Format.IN_PERSON
            and self.event.status in {Event.Status.PUBLISHED, Event.Status.LIVE}
            and self.event.deleted_at is None
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.ends_at = schedule.end(self.starts_at, self.duration_minutes)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "ends_at"}
        super().save(*args, **kwargs)

    def lock(self) -> None:
        """Lock the event and read both anew; sessions take turns with their event."""
        self.event.lock()
        event = self.event
        self.refresh_from_db()
        self.event = event

    @transaction.atomic
    def start(self, *, by: User | None, at: datetime | None = None, reason: str = "") -> None:
        """Begin; a published event goes live with its first session."""
        self.lock()
        if self.event.status not in {"published", "live"}:
            raise InvalidStatus(
                "Sessions start in published and live events only.",
                details={"status": self.event.status},
            )
        self._require(self.Status.SCHEDULED, "Only scheduled sessions can be started.")
        now = at or clock.now()
        self.begin(at=now)
        if self.event.status == "published":
            self.event.go_live(by=by, at=now, reason=reason)
        else:
            self.event.touch()

    @transaction.atomic
    def complete(self, *, by: User | None, at: datetime | None = None, reason: str = "") -> None:
        """End; after the last open session the event is over too."""
        self.lock()
        self._require(self.Status.LIVE, "Only live sessions can be completed.")
        now = at or clock.now()
        self.finish(at=now)
        self.event.touch()
        self._complete_event(by=by, at=now, reason=reason)

    @transaction.atomic
    def cancel(self, *, by: User, reason: str = "") -> None:
        """Take the session out of the event; it leaves every total."""
        self.lock()
        if self.is_implicit and not self.event.is_multi_session:
            raise SingleSessionEvent
        if not self.is_open:
            raise InvalidStatus(
                "Only scheduled and live sessions can be cancelled.",
                details={"status": self.status},
            )
        if not self.event.sessions.standing().exclude(pk=self.pk).exists():
            raise LastSession
        self.call_off(at=clock.now(), reason=reason)
        schedule.derive(self.event, list(self.event.sessions.all()))
        self.event.calendar_sequence += 1
        self.event.save(
            update_fields=["starts_at", "ends_at", "duration_minutes", "calendar_sequence"]
        )
        self.event.record("event.session_cancelled", by, session=str(self.uuid), reason=reason)
        if self.event.status in {"published", "live"}:
            signals.event_rescheduled.send(sender=Event, event=self.event)
        self._complete_event(by=by, at=clock.now())

    def begin(self, *, at: datetime) -> None:
        """Mark the session live. The caller holds the event's lock."""
        self.status = self.Status.LIVE
        self.actual_started_at = at
        self.save(update_fields=["status", "actual_started_at"])

    def finish(self, *, at: datetime) -> None:
        """Mark the session completed. The caller holds the event's lock."""
        self.status = self.Status.COMPLETED
        self.actual_ended_at = self.actual_ended_at or at
        self.save(update_fields=["status", "actual_ended_at"])
        signals.session_completed.send(sender=EventSession, session=self)

    def call_off(self, *, at: datetime, reason: str = "") -> None:
        """Mark the session cancelled. The caller holds the event's lock."""
        self.status = self.Status.CANCELLED
        self.cancelled_at = at
        self.cancellation_reason = reason
        self.calendar_sequence += 1
        self.save(
            update_fields=["status", "cancelled_at", "cancellation_reason", "calendar_sequence"]
        )

    def _require(self, status: str, refusal: str) -> None:
        if self.status != status:
            raise InvalidStatus(refusal, details={"status": self.status})

    def _complete_event(self, *, by: User | None, at: datetime, reason: str = "") -> None:
        if self.event.status == "live" and not self.event.sessions.open().exists():
            self.event.complete(by=by, at=at, reason=reason)
