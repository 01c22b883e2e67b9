"""The questions of an event's registration form, one by one; the whole list is `custom_fields`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from common.exceptions import Conflict
from events import editing
from events.models import Event, EventCustomField

WRITTEN = (
    "uuid",
    "label",
    "field_type",
    "required",
    "options",
    "placeholder",
    "help_text",
    "show_on_certificate",
    "default_value",
    "min_value",
    "max_value",
)


class TooManyQuestions(Conflict):
    """Nobody fills in a form that long."""

    code = "FIELD_LIMIT"
    message = f"An event asks at most {EventCustomField.LIMIT} questions."


@transaction.atomic
def add(event: Event, *, by: User, **entry: Any) -> EventCustomField:
    """Ask one more thing, after the others."""
    entries = _entries(event)
    if len(entries) >= EventCustomField.LIMIT:
        raise TooManyQuestions
    _write(event, [*entries, entry], by)
    return event.custom_fields.order_by("-order")[0]


@transaction.atomic
def change(field: EventCustomField, *, by: User, entry: Mapping[str, Any]) -> None:
    """Ask it differently; an answered question keeps its type."""
    entries = [
        {**entry, "uuid": field.uuid} if known["uuid"] == field.uuid else known
        for known in _entries(field.event)
    ]
    _write(field.event, entries, by)


@transaction.atomic
def remove(field: EventCustomField, *, by: User) -> None:
    """Ask it no more; refused once somebody has answered."""
    kept = [entry for entry in _entries(field.event) if entry["uuid"] != field.uuid]
    _write(field.event, kept, by)


@transaction.atomic
def reorder(event: Event, *, by: User, order: Sequence[UUID]) -> None:
    """Ask in this order, which names each question once."""
    known = {entry["uuid"]: entry for entry in _entries(event)}
    if len(order) != len(known) or set(order) != known.keys():
        raise ValidationError({"order": ["Name each question of the event exactly once."]})
    _write(event, [known[uuid] for uuid in order], by)


def _entries(event: Event) -> list[dict[str, Any]]:
    """Return what is asked now, under the event's lock."""
    event.lock()
    rows = event.custom_fields.order_by("order", "pk")
    return [{name: getattr(row, name) for name in WRITTEN} for row in rows]


def _write(event: Event, entries: Sequence[Mapping[str, Any]], by: User) -> None:
    editing.edit(event, by=by, changes={"custom_fields": entries})
