"""Reactions of the machinery to its own announcements."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from common import audit, jobs, signals, triggers
from common.models import AuditEntry, OutboxTask, SoftDeleteModel

NOT_SEALED = "OLD.sequence IS NULL"
BEING_REDACTED = "OLD.redacted_at IS NULL AND NEW.redacted_at IS NOT NULL"
# SQLite since 3.32; Django assumes the 999 of older builds, which splits wide inserts.
SQLITE_PARAMETERS = 32766

triggers.append_only(
    AuditEntry,
    changes={
        "sequence": NOT_SEALED,
        "previous_hash": NOT_SEALED,
        "hash": NOT_SEALED,
        "payload": BEING_REDACTED,
        "payload_salt": BEING_REDACTED,
        "redacted_at": BEING_REDACTED,
        "updated_at": triggers.ALWAYS,
    },
)


@receiver(post_migrate)
def guard_tables(sender: AppConfig, using: str, **_: Any) -> None:
    triggers.install(connections[using], sender.label)


@receiver(connection_created)
def widen_statements(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.features.max_query_params = SQLITE_PARAMETERS


@receiver(signals.task_given_up)
def fail_job(task: OutboxTask, **_: Any) -> None:
    jobs.give_up(task)


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
