"""What the product tells somebody inside the product."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User
from accounts.querysets import OwnQuerySet
from common.models import BaseModel


class Notification(BaseModel):
    """A notice in somebody's inbox; the dedupe key keeps it from being given twice."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    notification_type = models.CharField(max_length=60)
    title = models.CharField(max_length=255)
    message = models.CharField(max_length=2000, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    event_uuid = models.UUIDField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=200, null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["user", "dedupe_key"],
                condition=Q(dedupe_key__isnull=False),
                name="accounts_notification_once_per_key",
            )
        ]
        indexes = [
            models.Index(fields=["user", "read_at"], name="accounts_notification_unread"),
            models.Index(fields=["user", "-created_at"], name="accounts_notification_newest"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_read(self) -> bool:
        return self.read_at is not None

    def note_read(self, *, by: User) -> None:
        """Note that the person has seen it; the first time counts."""
        if self.read_at is None:
            self.read_at = timezone.now()
            self.save(update_fields=["read_at"])
