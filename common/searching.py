"""Where a text is found: every textual column, the names of files, the caches."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from common import crypto, personal_data, storage
from common.fields import EncryptedTextField
from common.personal_data import Column, Handling

BATCH = 500
SHORTEST = 3


@dataclass(frozen=True)
class Hit:
    """A place in which the text stands so many times, and whether it may."""

    table: str
    column: str
    count: int
    allowed: bool = False


def find(text: str) -> Iterator[Hit]:
    """Yield every place that holds the text, in any case; letters beyond ASCII as written."""
    for column in personal_data.every_column():
        encrypted = isinstance(column, EncryptedTextField)
        count = _decrypted(column, text) if encrypted else _stored(column, text)
        if count:
            allowed = personal_data.handling(column) == Handling.KEPT
            yield Hit(column.model._meta.db_table, str(column.column), count, allowed)
    for place, count in (("files", _named_files(text)), ("cache", _cached(text))):
        if count:
            yield Hit(place, "name" if place == "files" else "entry", count)


def _stored(column: Column, text: str) -> int:
    # SQLite writes letters beyond ASCII into JSON as escapes, PostgreSQL as they are.
    spellings = {text, text.lower(), text.upper(), json.dumps(text)[1:-1]}
    wanted = Q()
    for spelling in spellings:
        wanted |= Q(as_text__icontains=spelling)
    rows = _rows(column).annotate(as_text=Cast(column.name, TextField()))
    return int(rows.filter(wanted).count())


def _decrypted(column: Column, text: str) -> int:
    rows = _rows(column).exclude(**{f"{column.name}__isnull": True}).only("uuid", column.name)
    return sum(_holds(row, column.name, text) for row in rows.iterator(BATCH))


def _holds(row: Any, name: str, text: str) -> bool:
    try:
        return text.lower() in str(getattr(row, name)).lower()
    except crypto.DecryptionFailed:
        return False


def _rows(column: Column) -> Any:
    # The base manager shows deleted rows too.
    return column.model._base_manager.all()  # noqa: SLF001 -- Django's documented attribute


def _named_files(text: str) -> int:
    return sum(text.lower() in name.lower() for name in _file_names(""))


def _file_names(folder: str) -> Iterator[str]:
    try:
        folders, names = storage.store().listdir(folder)
    except FileNotFoundError:  # nothing was ever stored
        return
    yield from names
    for inner in folders:
        yield from _file_names(f"{folder}/{inner}".lstrip("/"))


def _cached(text: str) -> int:
    needle = text.lower().encode()
    return sum(needle in entry.lower() for entry in _cache_entries())


def _cache_entries() -> Iterator[bytes]:
    """Yield every key and value as stored: in Redis, or in the memory of this process."""
    inner: Any = cache
    if not settings.REDIS_URL:
        for key, value in list(inner._cache.items()):  # noqa: SLF001 -- LocMemCache lists nothing
            yield key.encode() + value
        return
    client = inner._cache.get_client()  # noqa: SLF001 -- the connection Django keeps
    for key in client.scan_iter(count=BATCH):
        yield key
        if client.type(key) == b"string":
            yield client.get(key) or b""
