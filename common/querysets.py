"""Base querysets: soft deletion, append-only rows."""

from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from common.models import AppendOnlyModel, SoftDeleteModel

M = TypeVar("M", bound="SoftDeleteModel")
A = TypeVar("A", bound="AppendOnlyModel")


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
    """The default manager of soft-deleted models: deleted rows do not exist.

    A model with a queryset of its own names both managers::

        objects = LiveManager.from_queryset(EventQuerySet)()
        all_objects = EventQuerySet.as_manager()

    so that both carry its methods (`visible_to`, `managed_by`).
    """

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(deleted_at=None)


class AppendOnlyQuerySet(models.QuerySet[A]):
    """Rows that are written once; only the model's `changeable` columns may be updated."""

    def update(self, **values: Any) -> int:
        fixed = set(values) - self.model.changeable - {"updated_at"}
        if fixed:
            self.model.refuse(f"{', '.join(sorted(fixed))} cannot be changed")
        return super().update(**values)

    def delete(self) -> NoReturn:
        self.model.refuse("rows cannot be deleted")
