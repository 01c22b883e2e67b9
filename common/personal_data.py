"""Which columns hold something about a person, and what an erasure leaves in them.

Each app declares its tables in a `personal_data.py`; a test fails for a text, JSON or address
column that nobody declared. Columns with choices hold nothing but our own words.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import models

TEXTUAL = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)
Column = models.Field[Any, Any]


class Handling(StrEnum):
    """What becomes of a column when the person it may be about is erased."""

    ERASED = "erased"
    KEPT = "kept"
    IMPERSONAL = "impersonal"


_declared: dict[type[models.Model], dict[str, Handling]] = {}


def declare(
    model: type[models.Model], *, erased: str = "", kept: str = "", impersonal: str = ""
) -> None:
    """Say of each textual column of the model, by names parted by blanks, how it is handled.

    ``erased``: personal; the app's eraser empties or removes it. ``kept``: may name a person and
    stays for the reasons in accounts 4.9. ``impersonal``: is about nobody.
    """
    known = {column.name for column in textual(model)}
    handlings: dict[str, Handling] = {}
    for names, handling in (
        (erased, Handling.ERASED),
        (kept, Handling.KEPT),
        (impersonal, Handling.IMPERSONAL),
    ):
        for name in names.split():
            if name not in known or name in handlings:
                raise ValueError(f"{model._meta.label}.{name} is no textual column, or told twice.")
            handlings[name] = handling
    _declared[model] = handlings


def textual(model: type[models.Model]) -> list[Column]:
    """Return the model's columns in which text about a person could stand."""
    columns = model._meta.local_concrete_fields
    return [each for each in columns if isinstance(each, TEXTUAL) and not each.choices]


def handling(column: Column) -> Handling | None:
    """Return what was declared of the column, None for nothing."""
    return _declared.get(column.model, {}).get(column.name)


def every_column() -> Iterator[Column]:
    """Walk over the textual columns of all tables, also those of Django."""
    for model in apps.get_models(include_auto_created=True):
        yield from textual(model)


def undeclared() -> list[str]:
    """Return the columns nobody has said anything about."""
    return sorted(
        f"{column.model._meta.label}.{column.name}"
        for column in every_column()
        if handling(column) is None
    )
