"""Base models, and the tables of the machinery."""

import uuid as uuids
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from common import signals
from common.fields import EncryptedTextField, LowercaseEmailField
from common.querysets import LiveManager, SoftDeleteQuerySet


class BaseModel(models.Model):
    """A row with a public uuid and two timestamps; ``id`` never leaves the server."""

    uuid = models.UUIDField(default=uuids.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.uuid}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "updated_at"}
        super().save(*args, **kwargs)


class SoftDeleteModel(BaseModel):
    """A row that is stamped instead of removed; `objects` does not show it any more."""

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)

    objects: ClassVar[models.Manager[Self]] = LiveManager.from_queryset(SoftDeleteQuerySet)()
    all_objects: ClassVar[models.Manager[Self]] = SoftDeleteQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        abstract = True
        base_manager_name = "all_objects"

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def delete(self, *_: Any, **__: Any) -> tuple[int, dict[str, int]]:
        """Stamp the row; related rows stay."""
        if self.deleted_at is None:
            self.deleted_at = timezone.now()
            self.save(update_fields=["deleted_at"])
        return 1, {self._meta.label: 1}

    @transaction.atomic
    def soft_delete(self, *, by: Any) -> None:
        """Stamp the row and say who did; a row already stamped stays as it is."""
        if self.deleted_at is None:
            self.delete()
            signals.row_deleted.send(sender=type(self), row=self, by=by)

    @transaction.atomic
    def restore(self, *, by: Any) -> None:
        """Bring the row back; raises IntegrityError when a live row took its unique value."""
        if self.deleted_at is not None:
            self.deleted_at = None
            self.save(update_fields=["deleted_at"])
            signals.row_restored.send(sender=type(self), row=self, by=by)

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Remove the row for good. For retention sweeps only."""
        return super().delete()


class OutboxTask(BaseModel):
    """A durable request for work; the broker's message is only a nudge."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    class Queue(models.TextChoices):
        DEFAULT = "default"
        MAIL = "mail"
        WEBHOOKS = "webhooks"
        SLOW = "slow"

    name = models.CharField(max_length=200)
    args = models.JSONField(default=list)
    key = models.CharField(max_length=200, null=True, blank=True)
    queue = models.CharField(max_length=20, choices=Queue.choices, default=Queue.DEFAULT)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=8)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    last_error = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["status", "due_at"], name="common_outbox_due"),
            models.Index(fields=["name", "status"], name="common_outbox_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(status="pending"),
                name="common_outboxtask_one_pending_per_key",
            ),
            models.CheckConstraint(
                name="common_outboxtask_lease_is_whole",
                condition=Q(lease_until=None, lease_token=None)
                | Q(lease_until__isnull=False, lease_token__isnull=False),
            ),
            models.CheckConstraint(
                name="common_outboxtask_finished_iff_over",
                condition=Q(status__in=["done", "failed"], finished_at__isnull=False)
                | Q(status__in=["pending", "running"], finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"


class PeriodicRun(BaseModel):
    """When a scheduled task last ran, one row per entry of the schedule."""

    name = models.CharField(max_length=100, unique=True)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return self.name


class OutgoingEmail(BaseModel):
    """One message to one recipient: queue and log in one."""

    class Category(models.TextChoices):
        SECURITY = "security"
        ACCOUNT = "account"
        REGISTRATION = "registration"
        REMINDER = "reminder"
        CERTIFICATE = "certificate"
        ORGANIZER_REGISTRATION = "organizer_registration"
        ORGANIZER_SUMMARY = "organizer_summary"
        LEARNING = "learning"
        BILLING = "billing"
        INVITATION = "invitation"
        MARKETING = "marketing"

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        OPENED = "opened"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        FAILED = "failed"
        SKIPPED = "skipped"

    kind = models.CharField(max_length=60)
    category = models.CharField(max_length=30, choices=Category.choices)
    to_email = LowercaseEmailField()
    to_name = models.CharField(max_length=255, blank=True)
    recipient_uuid = models.UUIDField(null=True, blank=True)
    from_name = models.CharField(max_length=255, blank=True)
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=500)
    text = EncryptedTextField(blank=True)
    html = EncryptedTextField(blank=True)
    attachments = models.JSONField(default=list, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    organization_uuid = models.UUIDField(null=True, blank=True)
    owner_uuid = models.UUIDField(null=True, blank=True)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_uuid = models.UUIDField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    send_after = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    skip_reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    last_error = models.CharField(max_length=1000, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["status", "send_after"], name="common_email_due"),
            models.Index(fields=["to_email"], name="common_email_to"),
            models.Index(fields=["subject_type", "subject_uuid"], name="common_email_subject"),
            models.Index(fields=["provider_message_id"], name="common_email_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.status})"


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


class AuditEntry(BaseModel):
    """Who did what to which row, and why; sealed into a hash chain, never edited."""

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

    class Meta(BaseModel.Meta):
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


class StoredFile(BaseModel):
    """A file of ours: where it lies, what it is, whose it is."""

    class Store(models.TextChoices):
        PRIVATE = "private"
        PUBLIC = "public"

    class ScanStatus(models.TextChoices):
        SKIPPED = "skipped"
        PENDING = "pending"
        CLEAN = "clean"
        INFECTED = "infected"

    key = models.CharField(max_length=500, unique=True)
    store = models.CharField(max_length=10, choices=Store.choices, default=Store.PRIVATE)
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    purpose = models.CharField(max_length=40)
    owner_uuid = models.UUIDField(null=True, blank=True)
    organization_uuid = models.UUIDField(null=True, blank=True)
    scan_status = models.CharField(
        max_length=10, choices=ScanStatus.choices, default=ScanStatus.SKIPPED
    )
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.filename


class Job(BaseModel):
    """Long work somebody waits for, with its progress."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=60)
    requested_by_uuid = models.UUIDField()
    owner_uuid = models.UUIDField(null=True, blank=True)
    organization_uuid = models.UUIDField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    total = models.PositiveIntegerField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list, blank=True)
    args = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.SET_NULL)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["requested_by_uuid", "created_at"], name="common_job_requester")
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.status})"
