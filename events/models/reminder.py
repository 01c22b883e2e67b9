"""Mails that remind registrants of a start."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from events.models.event import Event
from events.models.session import EventSession
from events.querysets import EventReminderQuerySet


class EventReminder(BaseModel):
    """One mailing so many hours before the event, or one of its sessions, starts."""

    class Type(models.TextChoices):
        BEFORE_24H = "before_24h"
        BEFORE_1H = "before_1h"
        BEFORE_15M = "before_15m"
        CUSTOM = "custom"

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        SKIPPED = "skipped"
        FAILED = "failed"

    class SkipReason(models.TextChoices):
        TOO_LATE = "too_late"
        EVENT_CANCELLED = "event_cancelled"
        SESSION_CANCELLED = "session_cancelled"
        NOBODY = "nobody"

    HOURS = {
        Type.BEFORE_24H: Decimal("24.00"),
        Type.BEFORE_1H: Decimal("1.00"),
        Type.BEFORE_15M: Decimal("0.25"),
    }
    LIMIT = 20  # per event, beside one for each session

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="reminders")
    session = models.ForeignKey(
        EventSession, null=True, blank=True, on_delete=models.CASCADE, related_name="reminders"
    )
    reminder_type = models.CharField(max_length=12, choices=Type.choices)
    send_hours_before = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.25")), MaxValueValidator(720)],
    )
    scheduled_for = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    skip_reason = models.CharField(max_length=20, choices=SkipReason.choices, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    recipient_count = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = EventReminderQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["scheduled_for", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "send_hours_before"],
                condition=Q(session=None),
                name="events_reminder_once_per_event",
            ),
            models.UniqueConstraint(
                fields=["event", "session", "send_hours_before"],
                condition=Q(session__isnull=False),
                name="events_reminder_once_per_session",
            ),
        ]
        indexes = [models.Index(fields=["status", "scheduled_for"], name="events_reminder_due")]

    def __str__(self) -> str:
        return f"{self.send_hours_before} h before {self.session or self.event}"
