"""Asking somebody to come to an event."""

from django.db import models

from accounts.models import User
from common import validators
from common.fields import LowercaseEmailField
from common.models import BaseModel
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
    queued_at = models.DateTimeField(null=True, blank=True)
    sends = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    registered_at = models.DateTimeField(null=True, blank=True)
    response = models.CharField(max_length=10, choices=Response.choices, blank=True)
    registration = models.UUIDField(null=True, blank=True, unique=True)

    class Meta(BaseModel.Meta):
        ordering = ["-created_at", "email"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "email"], name="events_invitation_once_per_address"
            )
        ]
        indexes = [models.Index(fields=["event", "status"], name="events_invitation_status")]

    def __str__(self) -> str:
        return f"Invitation of {self.email} to {self.event}"
