"""Answers kept for clients that ask twice."""

from django.db import models

from common.models.base import BaseModel


class IdempotencyRecord(BaseModel):
    """What a client's Idempotency-Key stands for, and the answer it got."""

    class State(models.TextChoices):
        IN_FLIGHT = "in_flight"
        DONE = "done"

    principal = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=500)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.IN_FLIGHT)
    lease_token = models.UUIDField()
    lease_expires_at = models.DateTimeField()
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_headers = models.JSONField(default=dict, blank=True)
    response_body = models.TextField(blank=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "key"], name="common_idempotencyrecord_one_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.state})"
