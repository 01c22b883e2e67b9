"""Reactions of the machinery to its own announcements."""

from typing import Any

from django.db.models import Model
from django.dispatch import receiver

from common import audit, signals
from common.models import SoftDeleteModel


@receiver(signals.row_deleted)
def note_deletion(row: SoftDeleteModel, by: Model | None, **_: Any) -> None:
    audit.record(f"{row._meta.model_name}.deleted", target=row, by=by, **_belongings(row))


@receiver(signals.row_restored)
def note_restoration(row: SoftDeleteModel, by: Model | None, **_: Any) -> None:
    audit.record(f"{row._meta.model_name}.restored", target=row, by=by, **_belongings(row))


def _belongings(row: SoftDeleteModel) -> dict[str, Any]:
    """Return who may read the entry, as far as the row says."""
    return {
        "organization": getattr(row, "organization", None),
        "owner": getattr(row, "owner", None),
    }
