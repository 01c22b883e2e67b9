"""Base querysets: soft deletion."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from common.models import SoftDeleteModel

M = TypeVar("M", bound="SoftDeleteModel")


class SoftDeleteQuerySet(models.QuerySet[M]):
    """Rows that are stamped instead of removed."""

    def live(self) -> Self:
        """Leave out deleted rows."""
        return self.filter(deleted_at=None)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Stamp the rows; ``hard_delete`` removes them."""
        count = self.update(deleted_at=timezone.now(), updated_at=timezone.now())
        return count, {self.model._meta.label: count}

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Remove the rows for good. For retention sweeps only."""
        return super().delete()


class LiveManager(models.Manager[M]):
    """The default manager of soft-deleted models: deleted rows do not exist."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(deleted_at=None)
