"""Base models, and the tables of the machinery."""

from common.models.audit import AuditEntry, AuditHead
from common.models.base import AppendOnly, AppendOnlyModel, BaseModel, SoftDeleteModel
from common.models.email import OutgoingEmail
from common.models.file import StoredFile
from common.models.idempotency import IdempotencyRecord
from common.models.work import Job, OutboxTask, PeriodicRun

__all__ = [
    "AppendOnly",
    "AppendOnlyModel",
    "AuditEntry",
    "AuditHead",
    "BaseModel",
    "IdempotencyRecord",
    "Job",
    "OutboxTask",
    "OutgoingEmail",
    "PeriodicRun",
    "SoftDeleteModel",
    "StoredFile",
]
