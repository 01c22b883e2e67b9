"""Where integrators want to be told, and what was told them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models.organizations import Organization
from accounts.models.people import User
from accounts.webhook_querysets import WebhookDeliveryQuerySet, WebhookEndpointQuerySet
from common import validators
from common.fields import EncryptedTextField
from common.models import BaseModel


class WebhookEndpoint(BaseModel):
    """An address of an integrator, told of the types it asked for."""

    class DisabledReason(models.TextChoices):
        GONE = "gone"
        FAILING = "failing"
        OWNER = "owner"

    ALL_TYPES = "*"
    # How many messages may be on their way to one endpoint, and to one that fails.
    IN_FLIGHT = 4
    IN_FLIGHT_FAILING = 1

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhook_endpoints")
    organization = models.ForeignKey(
        Organization,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="webhook_endpoints",
    )
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True, validators=[validators.plain_line])
    event_types = models.JSONField(default=list)
    secret = EncryptedTextField()
    previous_secret = EncryptedTextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    api_version = models.CharField(max_length=10, default="v1")
    last_sequence = models.PositiveBigIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["user", "is_active"], name="accounts_endpoint_personal"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def secret_hint(self) -> str:
        """Enough of the secret to tell which one it is."""
        return self.secret[-4:]

    @property
    def most_in_flight(self) -> int:
        return self.IN_FLIGHT if self.failing_since is None else self.IN_FLIGHT_FAILING

    def wants(self, event_type: str) -> bool:
        return event_type in self.event_types or self.ALL_TYPES in self.event_types

    def secrets_at(self, now: datetime) -> Sequence[str]:
        """Return what signs now, newest first: for a while after rotating, the old one as well."""
        overlaps = self.previous_secret_until is not None and self.previous_secret_until > now
        return (self.secret, self.previous_secret) if overlaps else (self.secret,)


class WebhookDelivery(BaseModel):
    """One message to one endpoint, tried until taken or given up."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"
        CANCELLED = "cancelled"

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    message_id = models.CharField(max_length=40)
    type = models.CharField(max_length=60)
    payload = models.TextField()
    sequence = models.PositiveBigIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_response = models.CharField(max_length=1024, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "message_id"], name="accounts_delivery_one_per_message"
            )
        ]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="accounts_delivery_due"),
            models.Index(fields=["endpoint", "created_at"], name="accounts_delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def content(self) -> Any:
        """The payload as data; what is sent and signed are its very characters."""
        return json.loads(self.payload)


class WebhookAttempt(BaseModel):
    """One try of a delivery, as it went."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="attempts_log"
    )
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Try {self.number}"
