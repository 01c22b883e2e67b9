"""Copies of their data that people ask for (GDPR articles 15 and 20)."""

from django.db import models
from django.db.models import Q

from accounts.models.people import User
from accounts.querysets import OwnQuerySet
from common.fields import LowercaseEmailField
from common.models import BaseModel, StoredFile


class DataExport(BaseModel):
    """One asked-for copy: of an account, or, asked by platform staff, of an address."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="data_exports")
    # The address of a person without an account; the row then belongs to the one who asked.
    email = LowercaseEmailField(blank=True)
    reason = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    file = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    error = models.CharField(max_length=200, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["user", "email"],
                condition=Q(status__in=["pending", "running"]),
                name="accounts_dataexport_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"Export for {self.user}"
