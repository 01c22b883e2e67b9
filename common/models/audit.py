"""The audit log and the end of its chain."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.models.base import AppendOnlyModel, BaseModel


class AuditEntry(AppendOnlyModel):
    """Who did what to which row, and why; sealed into a hash chain, never edited."""

    changeable = frozenset(
        {"sequence", "previous_hash", "hash", "payload", "payload_salt", "redacted_at"}
    )

    class ActorType(models.TextChoices):
        USER = "user"
        API_TOKEN = "api_token"  # noqa: S105 -- a kind of actor
        SYSTEM = "system"
        WEBHOOK = "webhook"
        STAFF = "staff"

    at = models.DateTimeField(default=timezone.now)
    actor_type = models.CharField(max_length=20, choices=ActorType.choices)
    actor_uuid = models.UUIDField(null=True, blank=True)
    organization_uuid = models.UUIDField(null=True, blank=True)
    owner_uuid = models.UUIDField(null=True, blank=True)
    action = models.CharField(max_length=80)
    target_type = models.CharField(max_length=60, blank=True)
    target_uuid = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    payload_salt = models.BinaryField(max_length=16, null=True, blank=True)
    payload_digest = models.CharField(max_length=64)
    redacted_at = models.DateTimeField(null=True, blank=True)
    sequence = models.BigIntegerField(null=True, blank=True, unique=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["organization_uuid", "at"], name="common_audit_organization"),
            models.Index(fields=["target_type", "target_uuid"], name="common_audit_target"),
            models.Index(fields=["actor_uuid", "at"], name="common_audit_actor"),
            models.Index(fields=["id"], condition=Q(sequence=None), name="common_audit_unsealed"),
        ]
        constraints = [
            models.CheckConstraint(
                name="common_auditentry_redacted_iff_saltless",
                condition=Q(redacted_at=None, payload_salt__isnull=False)
                | Q(redacted_at__isnull=False, payload_salt=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M}"


class AuditHead(BaseModel):
    """The end of the audit chain; exactly one row."""

    last_sequence = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)
    last_verified_at = models.DateTimeField(null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"audit chain at {self.last_sequence}"
