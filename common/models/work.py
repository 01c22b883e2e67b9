"""Durable tasks, runs of the schedule, long work."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.models.base import BaseModel
from common.models.file import StoredFile


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
