"""What the machinery's own tables keep of a person, and how they forget it.

Who the person is, the apps above say: by uuid, by address, by the rows of theirs that messages and
audit entries are about.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from common import files, uploads
from common.models import (
    AuditEntry,
    AuditHead,
    IdempotencyRecord,
    Job,
    OutboxTask,
    OutgoingEmail,
    PeriodicRun,
    StoredFile,
)
from common.personal_data import declare

Status = OutgoingEmail.Status
# Beside the person's uploads, these go: copies made for them.
MADE_FOR_ONE = frozenset({"generated", "data_export"})

declare(AuditEntry, erased="payload", impersonal="action target_type request_id payload_digest "
        "previous_hash hash")  # fmt: skip
declare(AuditHead, impersonal="last_hash")
declare(
    OutgoingEmail,
    erased="to_email to_name from_name reply_to subject text html headers",
    impersonal="kind attachments subject_type dedupe_key skip_reason provider_message_id "
    "last_error",
)
declare(StoredFile, erased="key filename", impersonal="content_type sha256 purpose")
declare(
    IdempotencyRecord,
    erased="path response_body response_headers",
    impersonal="principal key method fingerprint",
)
declare(OutboxTask, impersonal="name args key last_error request_id")
declare(PeriodicRun, impersonal="name last_error")
declare(Job, erased="errors args result", impersonal="kind")


@dataclass(frozen=True)
class Traces:
    """By what somebody is recognised here; an empty address means that none is proven."""

    user_uuid: UUID | None = None
    email: str = ""
    rows: Collection[UUID] = field(default_factory=frozenset)

    def mails(self) -> QuerySet[OutgoingEmail]:
        """Return the messages to the person."""
        to_them = Q(recipient_uuid=self.user_uuid) if self.user_uuid else Q(pk__in=[])
        if self.email:
            to_them |= Q(to_email=self.email)
        return OutgoingEmail.objects.filter(to_them)

    def audit_entries(self) -> QuerySet[AuditEntry]:
        """Return the entries about what the person did."""
        return AuditEntry.objects.filter(actor_uuid=self.user_uuid, actor_uuid__isnull=False)

    def uploads(self) -> QuerySet[StoredFile]:
        """Return the files that are the person's own, but for what was made for them."""
        mine = StoredFile.objects.filter(owner_uuid=self.user_uuid, owner_uuid__isnull=False)
        return mine.exclude(purpose__in=MADE_FOR_ONE)

    def jobs(self) -> QuerySet[Job]:
        """Return the long work the person asked for."""
        mine = Q(requested_by_uuid=self.user_uuid) if self.user_uuid else Q(pk__in=[])
        return Job.objects.filter(mine)


def forget(traces: Traces) -> Mapping[str, int]:
    """Empty these tables of the person; return how many rows of each were touched."""
    return {
        "common.OutgoingEmail": _forget_mails(traces),
        "common.Job": _forget_jobs(traces),
        "common.StoredFile": _forget_files(traces),
        "common.IdempotencyRecord": _forget_answers(traces),
        "common.AuditEntry": _redact(traces),
    }


def _forget_mails(traces: Traces) -> int:
    unsaid: dict[str, Any] = {"text": None, "html": None, "updated_at": timezone.now()}
    unaddressed = {"to_email": "", "to_name": "", "from_name": "", "reply_to": ""}
    nothing = {"subject": "", "headers": {}, **unsaid}
    mine = traces.mails()
    mine.filter(status=Status.QUEUED).update(status=Status.SKIPPED, skip_reason="recipient_erased")
    count = mine.update(**nothing, **unaddressed, attachments=[])
    # Others were told about the person, or in the person's name. What is on its way still goes.
    sent = OutgoingEmail.objects.exclude(status__in=[Status.QUEUED, Status.SENDING])
    count += sent.filter(subject_uuid__in=traces.rows).exclude(to_email="").update(**nothing)
    if traces.user_uuid:
        theirs = sent.filter(owner_uuid=traces.user_uuid, organization_uuid=None)
        count += theirs.exclude(to_email="").update(from_name="", reply_to="", **unsaid)
    return count


def _forget_jobs(traces: Traces) -> int:
    mine = traces.jobs()
    for stored in StoredFile.objects.filter(pk__in=mine.values("file")):
        files.discard(stored)
    count, _ = mine.delete()
    return count + sum(_forget_errors(job) for job in _mentioning(Job, "errors", traces.email))


def _forget_errors(job: Job) -> int:
    """Blank the lines of an import that name the person; the numbers stay."""
    return Job.objects.filter(pk=job.pk).update(errors=[], args={}, result={})


def _forget_files(traces: Traces) -> int:
    """Drop the person's files, but for what is kept as printed; an organization keeps its own."""
    mine = StoredFile.objects.filter(owner_uuid=traces.user_uuid, owner_uuid__isnull=False)
    gone = list(mine.filter(purpose__in=uploads.purposes() | MADE_FOR_ONE, organization_uuid=None))
    for stored in gone:
        files.discard(stored)
    return len(gone)


def _forget_answers(traces: Traces) -> int:
    """Drop what was kept for repeated requests, but for the one that is running."""
    done = IdempotencyRecord.objects.exclude(state=IdempotencyRecord.State.IN_FLIGHT)
    count = 0
    if traces.user_uuid:
        count, _ = done.filter(principal__startswith=f"user:{traces.user_uuid}").delete()
    if traces.email:
        found = Q(response_body__icontains=traces.email) | Q(path__icontains=traces.email)
        count += done.filter(found).delete()[0]
    return count


def _redact(traces: Traces) -> int:
    """Drop payloads; digests stay, so that the chain still verifies (common 4.12)."""
    keys = {entry.pk for entry in _mentioning(AuditEntry, "payload", traces.email)}
    about = Q(target_uuid__in=traces.rows)
    if traces.user_uuid:
        about |= Q(actor_uuid=traces.user_uuid) | Q(target_uuid=traces.user_uuid)
    return AuditEntry.objects.filter(about | Q(pk__in=keys), redacted_at=None).update(
        payload={}, payload_salt=None, redacted_at=timezone.now()
    )


def _mentioning(model: Any, column: str, email: str) -> list[Any]:
    """Return the rows whose JSON holds exactly this address, not one that merely ends alike."""
    if not email:
        return []
    whole = re.compile(rf"(?<![\w.+-]){re.escape(email)}(?![\w-]|\.\w)", re.IGNORECASE)
    rows = model.objects.annotate(as_text=Cast(F(column), TextField()))
    candidates = rows.filter(as_text__icontains=email)
    return [row for row in candidates if whole.search(row.as_text)]
