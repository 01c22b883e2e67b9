"""Files of ours."""

from django.db import models

from common.models.base import BaseModel


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
