"""Copies of somebody's data: asked for, built by a task, fetched for a week, then gone."""

import json
import tempfile
import zipfile
from datetime import datetime, timedelta
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import notices, passwords, privacy, privacy_emails
from accounts.models import DataExport, User
from accounts.privacy import Collected, Person
from common import audit, context, files
from common.exceptions import Conflict, Gone
from common.files import Download
from common.models import AuditEntry, OutboxTask, StoredFile
from common.outbox import after_commit

KEPT_FOR = timedelta(days=7)
ANSWERED_AGAIN_FOR = timedelta(hours=24)
# A build that has run for longer belongs to a worker that is gone.
ABANDONED_AFTER = timedelta(minutes=30)
GIVEN_UP_AFTER = timedelta(days=1)
MAX_TRIES = 3
Status = DataExport.Status


class ExportInProgress(Conflict):
    code = "EXPORT_IN_PROGRESS"
    message = "A copy of this data is being made already."


class ExportNotReady(Conflict):
    code = "EXPORT_NOT_READY"
    message = "The copy of your data is not ready."


class ExportExpired(Gone):
    code = "EXPORT_EXPIRED"
    message = "The copy of your data was removed. Please ask for a new one."


def request(user: User, *, password: str = "", now: datetime) -> tuple[DataExport, bool]:
    """Ask for a copy of the account's data; tell whether it is a new one.

    Wants a fresh proof of identity. A copy of the last 24 hours is answered again.
    """
    passwords.require_fresh(user, password=password, now=now)
    return _ask(user, now=now)


def request_for_address(
    user: User, *, email: str, reason: str, now: datetime
) -> tuple[DataExport, bool]:
    """Ask, as platform staff, for what is known about an address without an account."""
    passwords.require_fresh(user, now=now)
    privacy.refuse_account(email)
    with context.acting(actor_type=AuditEntry.ActorType.STAFF):
        return _ask(user, email=email, reason=reason, now=now)


@transaction.atomic
def _ask(
    user: User, *, email: str = "", reason: str = "", now: datetime
) -> tuple[DataExport, bool]:
    # The lock lets simultaneous requests take turns: the second finds the first.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    mine = DataExport.objects.filter(user=user, email=email)
    running = mine.filter(status__in=[Status.PENDING, Status.RUNNING]).first()
    if running is not None:
        raise ExportInProgress(details={"request_uuid": str(running.uuid)})
    recent = mine.filter(status=Status.READY, completed_at__gt=now - ANSWERED_AGAIN_FOR)
    known = recent.exclude(file=None).order_by("-completed_at").first()
    if known is not None:
        return known, False
    export = DataExport.objects.create(user=user, email=email, reason=reason, requested_at=now)
    _note("data_export.requested", export, reason=reason)
    after_commit("accounts.build_data_export", export.pk, queue=OutboxTask.Queue.SLOW)
    return export, True


def build(export_id: int, *, now: datetime) -> None:
    """Make the copy and tell who asked. A repeated call builds nothing twice; three tries."""
    export = _claim(export_id, now)
    if export is None:
        return
    person = _person(export)
    if person is None:
        _close(export, Status.FAILED, error="The account is gone.")
        return
    try:
        stored = _write(export, person, now)
    except Exception as error:
        again = Status.FAILED if export.attempts >= MAX_TRIES else Status.PENDING
        _close(export, again, error=type(error).__name__)
        if again == Status.FAILED:
            return
        raise
    _hand_over(export, stored)


def download(export: DataExport, *, now: datetime) -> Download:
    """Return a link to the copy; raises ExportNotReady before and ExportExpired after its time."""
    if export.status in {Status.PENDING, Status.RUNNING, Status.FAILED}:
        raise ExportNotReady(details={"status": export.status})
    over = export.expires_at is None or export.expires_at <= now
    if export.status == Status.EXPIRED or over or export.file is None:
        raise ExportExpired
    return files.download(export.file)


def expire(now: datetime) -> int:
    """Remove copies whose week is over and give up requests of yesterday; return how many went."""
    lost = DataExport.objects.filter(
        status__in=[Status.PENDING, Status.RUNNING], requested_at__lt=now - GIVEN_UP_AFTER
    )
    lost.update(status=Status.FAILED, error="The work was given up.", updated_at=now)
    over = DataExport.objects.filter(status=Status.READY, expires_at__lte=now)
    rows = list(over)
    for export in rows:
        with transaction.atomic():
            for stored in StoredFile.objects.filter(pk=export.file_id):
                files.discard(stored)
            _close(export, Status.EXPIRED, was=Status.READY)
    return len(rows)


def _claim(export_id: int, now: datetime) -> DataExport | None:
    waiting = Q(status=Status.PENDING) | Q(
        status=Status.RUNNING, started_at__lt=now - ABANDONED_AFTER
    )
    claimed = DataExport.objects.filter(waiting, pk=export_id).update(
        status=Status.RUNNING, started_at=now, attempts=F("attempts") + 1, updated_at=now
    )
    return DataExport.objects.select_related("user").get(pk=export_id) if claimed else None


def _person(export: DataExport) -> Person | None:
    """Return whose data it is, as things are now; None when the right to it is gone."""
    if export.user.erased_at is not None or not export.user.is_active:
        return None
    if not export.email:
        return privacy.of(export.user)
    if not export.user.is_staff or User.objects.filter(email=export.email).exists():
        return None
    return privacy.at(export.email)


def _write(export: DataExport, person: Person, now: datetime) -> StoredFile:
    with transaction.atomic(), tempfile.TemporaryFile() as archive:
        _pack(archive, person, privacy.collect(person), now)
        archive.seek(0)
        return files.store_bytes(
            archive.read(),
            filename=f"personal-data-{now:%Y-%m-%d}.zip",
            content_type="application/zip",
            purpose="data_export",
            owner_uuid=export.user.uuid,
            key=f"data_export/{export.uuid}/personal-data.zip",
            expires_at=now + KEPT_FOR,
        )


def _pack(archive: IO[bytes], person: Person, found: Collected, now: datetime) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as book:
        for name, rows in found.tables.items():
            book.writestr(f"{name}.json", _as_json(rows))
        listed = [_pack_file(book, f"files/{name}", kept) for name, kept in found.files.items()]
        address = person.email or (person.user.email if person.user else "")
        manifest = {
            "made_at": now,
            "account": person.user_uuid,
            "address": address,
            "tables": {name: len(rows) for name, rows in found.tables.items()},
            "files": listed,
        }
        book.writestr("manifest.json", _as_json(manifest))


def _pack_file(book: zipfile.ZipFile, name: str, stored: StoredFile) -> dict[str, Any]:
    """Put the file into the copy; one that the store has lost is named as missing."""
    told = {"name": name, "size": stored.size, "sha256": stored.sha256}
    try:
        book.writestr(name, files.read(stored))
    except FileNotFoundError:
        return {**told, "missing": True}
    return told


def _as_json(content: Any) -> str:
    return json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


@transaction.atomic
def _hand_over(export: DataExport, stored: StoredFile) -> None:
    """Mark the copy ready; an account erased meanwhile took the request along, and now the file."""
    now = timezone.now()
    ready = DataExport.objects.filter(pk=export.pk, status=Status.RUNNING).update(
        status=Status.READY,
        completed_at=now,
        expires_at=stored.expires_at,
        file=stored,
        error="",
        updated_at=now,
    )
    if not ready:
        files.discard(stored)
        return
    export.refresh_from_db()
    _note("data_export.ready", export)
    privacy_emails.data_export_ready(export)
    notices.data_export_ready(export)


def _close(export: DataExport, status: str, *, was: str = Status.RUNNING, error: str = "") -> None:
    DataExport.objects.filter(pk=export.pk, status=was).update(
        status=status, error=error, updated_at=timezone.now()
    )


def _note(action: str, export: DataExport, reason: str = "") -> None:
    audit.record(action, target=export, by=export.user, owner=export.user, reason=reason)
