"""Re-encryption of encrypted columns under the newest key."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models

from common import crypto
from common.fields import EncryptedTextField

BATCH = 500


@dataclass(frozen=True)
class Column:
    """One encrypted column of one table."""

    model: type[models.Model]
    field: EncryptedTextField

    @property
    def name(self) -> str:
        return f"{self.model._meta.db_table}.{self.field.column}"

    @property
    def table(self) -> str:
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def quoted(self) -> str:
        return connection.ops.quote_name(str(self.field.column))


def columns() -> list[Column]:
    """Return every encrypted column of the product."""
    return [
        Column(model, field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    ]


def pending(column: Column) -> int:
    """Return how many values are still under older keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM {column.table} WHERE {_stale(column)}",  # noqa: S608 -- our own names
            [_newest()],
        )
        count: int = cursor.fetchone()[0]
    return count


def rotate(column: Column) -> Iterator[int]:
    """Re-encrypt the column in batches, each committed by itself; yield the size of each.

    It may be stopped and started again at any time. A value that is written meanwhile keeps its
    new text, because each update asks for the ciphertext that was read.
    """
    last = 0
    while rows := _batch(column, last):
        for row_id, row_uuid, stored in rows:
            _renew(column, row_id, row_uuid, stored)
        last = rows[-1][0]
        yield len(rows)


def _batch(column: Column, last: int) -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, uuid, {column.quoted} FROM {column.table} "  # noqa: S608 -- our own names
            f"WHERE {_stale(column)} AND id > %s ORDER BY id LIMIT {BATCH}",
            [_newest(), last],
        )
        rows: list[tuple[int, str, str]] = cursor.fetchall()
    return rows


def _renew(column: Column, row_id: int, row_uuid: object, stored: str) -> None:
    bound_to = f"{column.name}:{models.UUIDField().to_python(row_uuid)}"
    fresh = crypto.encrypt(crypto.decrypt(stored, bound_to=bound_to), bound_to=bound_to)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {column.table} SET {column.quoted} = %s "  # noqa: S608 -- our own names
            f"WHERE id = %s AND {column.quoted} = %s",
            [fresh, row_id, stored],
        )


def _stale(column: Column) -> str:
    return f"{column.quoted} <> '' AND {column.quoted} NOT LIKE %s"


def _newest() -> str:
    return f"{crypto.VERSION}:{crypto.newest_key_id()}:%"
