"""Base models of every app."""

import uuid as uuids
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn, Self

from django.db import models, transaction
from django.utils import timezone

from common import signals
from common.querysets import AppendOnlyQuerySet, LiveManager, SoftDeleteQuerySet


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


class AppendOnly(TypeError):
    """Code tried to change or delete what is written once."""


class AppendOnlyModel(BaseModel):
    """A row that is written once. Pair it with `triggers.append_only` in the app's receivers."""

    # Columns that a queryset may update all the same, under the conditions of the trigger.
    changeable: ClassVar[frozenset[str]] = frozenset()

    objects: ClassVar[models.Manager[Self]] = AppendOnlyQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.refuse("rows cannot be changed")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        self.refuse("rows cannot be deleted")

    @classmethod
    def refuse(cls, why: str) -> NoReturn:
        """Raise `AppendOnly` with the reason."""
        raise AppendOnly(f"{cls._meta.label}: {why}.")
