"""Asking somebody to come to an event."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from accounts.models import User
from common import validators
from common.fields import LowercaseEmailField
from common.models import BaseModel
from events.invitation_querysets import EventInvitationQuerySet
from events.models.event import Event


class EventInvitation(BaseModel):
    """An invitation of one address to one event; the token is only in the mail."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DELIVERED = "delivered"
        OPENED = "opened"
        REGISTERED = "registered"
        BOUNCED = "bounced"
        SUPPRESSED = "suppressed"

    class Source(models.TextChoices):
        MANUAL = "manual"
        CSV = "csv"
        CONTACT_LIST = "contact_list"

    class Response(models.TextChoices):
        ACCEPTED = "accepted"
        DECLINED = "declined"
        MAYBE = "maybe"

    LIMIT = 500  # per call
    RESENDS = 3
    RESENT_AFTER = timedelta(hours=24)

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="invitations")
    email = LowercaseEmailField(db_index=True)
    full_name = models.CharField(max_length=255, blank=True, validators=[validators.plain_line])
    token_hash = models.CharField(max_length=64, null=True, blank=True, unique=True)
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.MANUAL)
    contact_list = models.UUIDField(null=True, blank=True)
    batch = models.UUIDField(db_index=True)
    message = models.TextField(max_length=2000, blank=True, validators=[validators.plain_text])
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    # Set while a mail is owed; the sweep finds it by this.
    queued_at = models.DateTimeField(null=True, blank=True)
    sends = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    registered_at = models.DateTimeField(null=True, blank=True)
    response = models.CharField(max_length=10, choices=Response.choices, blank=True)
    registration = models.UUIDField(null=True, blank=True, unique=True)

    objects = EventInvitationQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["-created_at", "email"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "email"], name="events_invitation_once_per_address"
            )
        ]
        indexes = [
            models.Index(fields=["event", "status"], name="events_invitation_status"),
            models.Index(
                fields=["queued_at"],
                condition=Q(queued_at__isnull=False),
                name="events_invitation_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.email} to {self.event}"

    def admits(self, email: str) -> bool:
        """Tell whether it was for this address; a private event takes nobody else."""
        return self.email == email.strip().lower()
