"""Row triggers that keep append-only tables append-only, whoever writes to them.

They are made after every migrate, because SQLite drops a table's triggers whenever a migration
rebuilds it. Truncating a table, as tests do between transactional cases, passes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

FUNCTION = "common_refuse_change"
# OLD and NEW as seen by the trigger; plain SQL that both databases understand.
ALWAYS = "1 = 1"
NEVER = "1 = 0"


@dataclass(frozen=True)
class Guard:
    """An append-only table and the columns that may change all the same, each with a condition."""

    model: type[models.Model]
    changes: Mapping[str, str] = field(default_factory=dict)
    deletable: str = NEVER

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def refused(self, distinct: str) -> str:
        """Return the condition under which an update is refused."""
        return " OR ".join(
            f"(NEW.{column} {distinct} OLD.{column} AND NOT ({allowed}))"
            for column, allowed in self._columns()
        )

    def _columns(self) -> Iterator[tuple[str, str]]:
        for column in (str(each.column) for each in self.model._meta.local_concrete_fields):
            yield f'"{column}"', self.changes.get(column, NEVER)


_guards: list[Guard] = []


def append_only(
    model: type[models.Model],
    *,
    changes: Mapping[str, str] | None = None,
    deletable: str = NEVER,
) -> None:
    """Refuse UPDATE and DELETE of the model's rows in the database itself.

    ``changes`` maps a column to the SQL condition (on OLD and NEW) under which it may change,
    ``deletable`` is the condition (on OLD) under which a row may go; call it in the app's
    ``receivers.py``.
    """
    _guards.append(Guard(model, changes or {}, deletable))


def install(connection: BaseDatabaseWrapper, app_label: str) -> None:
    """Make the triggers of one app's tables anew; running it again changes nothing."""
    existing = set(connection.introspection.table_names())
    for guard in _guards:
        if guard.model._meta.app_label == app_label and guard.table in existing:
            drop(connection, guard)
            _create(connection, guard)


def drop_all(connection: BaseDatabaseWrapper) -> None:
    """Remove every trigger of ours; only for emptying a test database on SQLite."""
    existing = set(connection.introspection.table_names())
    for guard in _guards:
        if guard.table in existing:
            drop(connection, guard)


def drop(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    """Remove the triggers of one table."""
    on_table = f' ON "{guard.table}"' if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for event in ("update", "delete"):
            cursor.execute(f'DROP TRIGGER IF EXISTS "{_name(guard, event)}"{on_table}')


def _create(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    make = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with connection.cursor() as cursor:
        for statement in make(guard):
            cursor.execute(statement)


def _on_sqlite(guard: Guard) -> Iterator[str]:
    refuse = f"SELECT RAISE(ABORT, '{guard.table} is append-only')"
    yield (
        f'CREATE TRIGGER "{_name(guard, "update")}" BEFORE UPDATE ON "{guard.table}" '
        f"WHEN {guard.refused('IS NOT')} BEGIN {refuse}; END"
    )
    yield (
        f'CREATE TRIGGER "{_name(guard, "delete")}" BEFORE DELETE ON "{guard.table}" '
        f"WHEN NOT ({guard.deletable}) BEGIN {refuse}; END"
    )


def _on_postgresql(guard: Guard) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    yield (
        f'CREATE TRIGGER "{_name(guard, "update")}" BEFORE UPDATE ON "{guard.table}" FOR EACH ROW '
        f"WHEN ({guard.refused('IS DISTINCT FROM')}) EXECUTE FUNCTION {FUNCTION}()"
    )
    yield (
        f'CREATE TRIGGER "{_name(guard, "delete")}" BEFORE DELETE ON "{guard.table}" '
        f"FOR EACH ROW WHEN (NOT ({guard.deletable})) EXECUTE FUNCTION {FUNCTION}()"
    )


def _name(guard: Guard, event: str) -> str:
    return f"{guard.table}_refuse_{event}"
