"""Files of ours: checked when they come, found by a row, handed out by links that end."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone

from common import storage, uploads
from common.exceptions import Conflict, NotFound
from common.models import StoredFile
from common.storage import Link

Scan = StoredFile.ScanStatus
HANDED_OUT = (Scan.SKIPPED, Scan.CLEAN)
SHOWN_IN_PLACE = ("image/", "audio/", "video/", "application/pdf")
PUBLIC_PREFIX = "public/"
Scanner = Callable[[StoredFile], None]
_scanners: list[Scanner] = []


class FileNotAvailable(Conflict):
    """The file is still being scanned, or was found infected."""

    message = "The file is not available."


@dataclass(frozen=True)
class Download:
    """What a download endpoint answers."""

    download_url: str
    expires_at: datetime
    filename: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class OpenedFile:
    """A file behind a valid local link, open for reading; the caller closes it."""

    stored: StoredFile
    file: "File[bytes]"
    inline: bool

    @property
    def disposition(self) -> str:
        """Return the Content-Disposition to answer with."""
        return storage.disposition(self.stored.filename, inline=self.inline)


def scanner(scan: Scanner) -> Scanner:
    """Register a virus scanner: uploads wait as `pending` until it sets them clean.

    It is called with each new upload, in the upload's transaction.
    """
    _scanners.append(scan)
    return scan


def store(
    upload: UploadedFile[Any],
    *,
    purpose: str,
    owner: models.Model | UUID | None,
    organization: models.Model | UUID | None = None,
    field: str = "file",
    public: bool = False,
) -> StoredFile:
    """Check, clean and keep an upload.

    Raises FileTooLarge (413), or ValidationError on the field for a wrong type.
    """
    accepted = uploads.accept(upload, purpose=purpose, field=field)
    stored = _described(accepted.content, accepted.filename, accepted.content_type, purpose)
    stored.owner_uuid = _uuid(owner)
    stored.organization_uuid = _uuid(organization)
    if public:
        stored.store = StoredFile.Store.PUBLIC
        stored.key = PUBLIC_PREFIX + stored.key
    if _scanners:
        stored.scan_status = Scan.PENDING
    _write(stored, accepted.content)
    with transaction.atomic():
        stored.save()
        for scan in _scanners:
            scan(stored)
    return stored


def store_bytes(  # noqa: PLR0913 -- every argument is a column
    data: bytes,
    *,
    filename: str,
    content_type: str,
    purpose: str = "generated",
    owner_uuid: UUID | None = None,
    key: str | None = None,
    expires_at: datetime | None = None,
) -> StoredFile:
    """Keep bytes of our own making. A key that exists gets the new content: run it as often."""
    made = _described(data, uploads.clean_name(filename), content_type, purpose)
    made.key = key or made.key
    made.owner_uuid = owner_uuid
    made.expires_at = expires_at
    _write(made, data)
    stored, _ = StoredFile.objects.update_or_create(
        key=made.key,
        defaults={
            "filename": made.filename,
            "content_type": content_type,
            "size": made.size,
            "sha256": made.sha256,
            "purpose": purpose,
            "owner_uuid": owner_uuid,
            "expires_at": expires_at,
        },
    )
    return stored


def read(stored: StoredFile) -> bytes:
    """Return the whole content."""
    with storage.store().open(stored.key) as file:
        content: bytes = file.read()
    return content


def signed_url(stored: StoredFile, *, inline: bool = False) -> tuple[str, datetime]:
    """Return an address for `SIGNED_URL_SECONDS`, and when it ends.

    Inline is granted to images, audio, video and PDF; everything else is saved.
    """
    if stored.scan_status not in HANDED_OUT:
        raise FileNotAvailable
    expires_at = (timezone.now() + timedelta(seconds=settings.SIGNED_URL_SECONDS)).replace(
        microsecond=0
    )
    shown = inline and stored.content_type.startswith(SHOWN_IN_PLACE)
    url = storage.signed_url(
        Link(stored.key, shown, expires_at),
        filename=stored.filename,
        content_type=stored.content_type,
    )
    return url, expires_at


def public_url(stored: StoredFile) -> str:
    """Return the lasting address of a public file (logos, badge images)."""
    if stored.store != StoredFile.Store.PUBLIC or stored.scan_status not in HANDED_OUT:
        raise FileNotAvailable
    link = Link(stored.key, inline=True, expires_at=None)
    return storage.signed_url(link, filename=stored.filename, content_type=stored.content_type)


def download(stored: StoredFile, *, inline: bool = False) -> Download:
    """Return everything a download endpoint answers, with a fresh link."""
    url, expires_at = signed_url(stored, inline=inline)
    return Download(
        download_url=url,
        expires_at=expires_at,
        filename=stored.filename,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
    )


def open_link(token: str, filename: str, *, now: datetime) -> OpenedFile:
    """Open what a local link names.

    Raises NotFound for a changed link and for a file that is gone or withheld, LinkExpired (410)
    for a link past its time.
    """
    link = storage.read_link(token, filename=filename, now=now)
    stored = StoredFile.objects.filter(key=link.key, scan_status__in=HANDED_OUT).first()
    if stored is None or (stored.expires_at is not None and stored.expires_at <= now):
        raise NotFound
    try:
        file = storage.store().open(stored.key)
    except FileNotFoundError as error:
        raise NotFound from error
    return OpenedFile(stored, file, link.inline)


def discard(stored: StoredFile) -> None:
    """Delete the row now and the content after commit."""
    key = stored.key
    stored.delete()
    transaction.on_commit(lambda: storage.store().delete(key))


def _described(content: bytes, filename: str, content_type: str, purpose: str) -> StoredFile:
    return StoredFile(
        key=f"{purpose}/{uuid.uuid4()}/{uploads.safe_name(filename)}",
        filename=filename,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        purpose=purpose,
    )


def _write(stored: StoredFile, content: bytes) -> None:
    # Without overwriting a store would choose another name than the row has.
    storage.store().save(stored.key, ContentFile(content))


def _uuid(row: models.Model | UUID | None) -> UUID | None:
    found: UUID | None = row if isinstance(row, UUID | None) else getattr(row, "uuid", None)
    return found
