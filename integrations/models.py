"""Messages from the outside world, stored as they came."""

from django.db import models
from django.utils import timezone

from common.fields import EncryptedTextField
from common.models import BaseModel


class InboundWebhook(BaseModel):
    """One message of a provider: verified, stored once, handled in a task."""

    class Provider(models.TextChoices):
        ZOOM = "zoom"
        STRIPE = "stripe"
        MAIL = "mail"

    class Status(models.TextChoices):
        RECEIVED = "received"
        PROCESSING = "processing"
        PROCESSED = "processed"
        SKIPPED = "skipped"
        FAILED = "failed"

    provider = models.CharField(max_length=10, choices=Provider.choices)
    event_type = models.CharField(max_length=100, db_index=True)
    dedupe_key = models.CharField(max_length=255)
    event_at = models.DateTimeField(null=True, blank=True)
    account_ref = models.CharField(max_length=100, blank=True)
    subject_ref = models.CharField(max_length=100, blank=True, db_index=True)
    body = EncryptedTextField()
    headers = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RECEIVED)
    done = models.JSONField(default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    note = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "dedupe_key"], name="integrations_inboundwebhook_once"
            )
        ]
        indexes = [
            models.Index(fields=["status", "received_at"], name="integrations_inbound_due"),
            models.Index(
                fields=["provider", "event_type", "received_at"], name="integrations_inbound_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_type} ({self.status})"
