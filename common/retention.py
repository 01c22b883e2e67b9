"""What is forgotten, and when: apps register their rules, one nightly task applies them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, QuerySet

from common import files, uploads
from common.models import Job, OutboxTask, OutgoingEmail, StoredFile

log = structlog.get_logger(__name__)

BATCH = 1000
Rows = Callable[[datetime], QuerySet[Any]]
Removal = Callable[[QuerySet[Any]], object]


def delete(rows: QuerySet[Any]) -> object:
    """Remove the rows for good, also those that would only be stamped."""
    return rows.hard_delete() if hasattr(rows, "hard_delete") else rows.delete()


@dataclass(frozen=True)
class Rule:
    """Rows that are old enough, and what becomes of them. The rows left must not match again."""

    name: str
    days: int
    rows: Rows
    removal: Removal = field(default=delete)

    @property
    def kept_for(self) -> timedelta:
        """Return the time that rows are kept; `RETENTION_<NAME>_DAYS` overrides it."""
        return timedelta(days=settings.RETENTION_DAYS.get(self.name, self.days))


_rules: dict[str, Rule] = {}


def rule(name: str, *, days: int, removal: Removal = delete) -> Callable[[Rows], Rows]:
    """Register the rows (a function of the cutoff) that go once they are this many days old."""

    def register(rows: Rows) -> Rows:
        _rules[name] = Rule(name, days, rows, removal)
        return rows

    return register


def apply(now: datetime) -> Mapping[str, int]:
    """Apply every rule in batches, each in its own transaction; return how many rows went."""
    counts = {}
    for each in _rules.values():
        counts[each.name] = _apply(each, now - each.kept_for)
    log.info("retention applied", **counts)
    return counts


def _apply(each: Rule, cutoff: datetime) -> int:
    count = 0
    while True:
        rows = each.rows(cutoff)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not keys:
            return count
        with transaction.atomic():
            each.removal(rows.filter(pk__in=keys))
        count += len(keys)


def _forget_bodies(messages: QuerySet[OutgoingEmail]) -> int:
    return messages.update(text=None, html=None)


def _discard(rows: QuerySet[StoredFile]) -> None:
    for stored in rows:
        files.discard(stored)


@rule("outbox_done", days=14)
def outbox_done(cutoff: datetime) -> QuerySet[OutboxTask]:
    return OutboxTask.objects.filter(status=OutboxTask.Status.DONE, finished_at__lt=cutoff)


@rule("outbox_failed", days=90)
def outbox_failed(cutoff: datetime) -> QuerySet[OutboxTask]:
    return OutboxTask.objects.filter(status=OutboxTask.Status.FAILED, finished_at__lt=cutoff)


@rule("email_bodies", days=30, removal=_forget_bodies)
def email_bodies(cutoff: datetime) -> QuerySet[OutgoingEmail]:
    waiting = (OutgoingEmail.Status.QUEUED, OutgoingEmail.Status.SENDING)
    old = OutgoingEmail.objects.filter(created_at__lt=cutoff).exclude(status__in=waiting)
    return old.exclude(text__isnull=True, html__isnull=True)


@rule("emails", days=365)
def emails(cutoff: datetime) -> QuerySet[OutgoingEmail]:
    return OutgoingEmail.objects.filter(created_at__lt=cutoff)


@rule("jobs", days=30)
def jobs(cutoff: datetime) -> QuerySet[Job]:
    return Job.objects.filter(created_at__lt=cutoff)


@rule("expired_files", days=0, removal=_discard)
def expired_files(cutoff: datetime) -> QuerySet[StoredFile]:
    return StoredFile.objects.filter(expires_at__lt=cutoff)


@rule("orphaned_files", days=1, removal=_discard)
def orphaned_files(cutoff: datetime) -> QuerySet[StoredFile]:
    """Return uploads to which no row of any app refers."""
    rows = StoredFile.objects.filter(created_at__lt=cutoff, purpose__in=uploads.purposes())
    for relation in StoredFile._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel):
            key = relation.remote_field
            referring: QuerySet[Any] = QuerySet(relation.related_model).filter(
                **{key.attname: OuterRef("pk")}
            )
            rows = rows.filter(~Exists(referring))
    return rows
