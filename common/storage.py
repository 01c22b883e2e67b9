"""Where the bytes of files lie, and the links by which they are fetched.

Locally the links are ours: signed text that names the file, its end and how it is shown. S3 and
Google Cloud Storage sign their own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.core.files.storage import Storage, default_storage

from common.exceptions import LinkExpired, NotFound

SALT = "common.storage.link"


@dataclass(frozen=True)
class Link:
    """What a link of ours says: which file, whether shown in place, until when."""

    key: str
    inline: bool
    expires_at: datetime | None


def store() -> Storage:
    """Return the store that holds every file; public ones lie under ``public/``."""
    return default_storage


def signed_url(link: Link, *, filename: str, content_type: str) -> str:
    """Return the address under which the file may be fetched until the link ends."""
    signers = {"local": _local_url, "s3": _s3_url, "gcs": _gcs_url}
    return signers[settings.STORAGE](link, filename, content_type)


def read_link(token: str, *, filename: str, now: datetime) -> Link:
    """Return what a local link says.

    Raises NotFound when a letter of token or name was changed, LinkExpired when it is too late.
    """
    try:
        key, inline, end = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    if filename != url_name(key):
        raise NotFound
    link = Link(key, bool(inline), datetime.fromtimestamp(end, UTC) if end else None)
    if link.expires_at is not None and now >= link.expires_at:
        raise LinkExpired
    return link


def url_name(key: str) -> str:
    """Return the last part of a local link: the file's safe name."""
    return key.rpartition("/")[2]


def disposition(filename: str, *, inline: bool) -> str:
    """Return the Content-Disposition that names the file, whatever letters its name has."""
    kind = "inline" if inline else "attachment"
    ascii_name = filename.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
    plain = f'{kind}; filename="{ascii_name}"'
    return plain if filename == ascii_name else f"{plain}; filename*=UTF-8''{quote(filename)}"


def _local_url(link: Link, _filename: str, _content_type: str) -> str:
    end = int(link.expires_at.timestamp()) if link.expires_at else 0
    token = signing.dumps((link.key, int(link.inline), end), salt=SALT)
    return f"{settings.PUBLIC_BASE_URL}/files/{token}/{quote(url_name(link.key))}"


def _s3_url(link: Link, filename: str, content_type: str) -> str:
    if link.expires_at is None:
        return _public_url(link)
    remote: Any = store()
    url: str = remote.url(
        link.key,
        parameters={
            "ResponseContentDisposition": disposition(filename, inline=link.inline),
            "ResponseContentType": content_type,
        },
        expire=settings.SIGNED_URL_SECONDS,
    )
    return url


def _gcs_url(link: Link, filename: str, content_type: str) -> str:
    if link.expires_at is None:
        return _public_url(link)
    remote: Any = store()
    url: str = remote.url(
        link.key,
        parameters={
            "expiration": timedelta(seconds=settings.SIGNED_URL_SECONDS),
            "response_disposition": disposition(filename, inline=link.inline),
            "response_type": content_type,
        },
    )
    return url


def _public_url(link: Link) -> str:
    return f"{settings.PUBLIC_FILES_URL}/{quote(link.key)}"
