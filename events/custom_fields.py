"""The questions of an event's registration form."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.exceptions import Conflict
from events import questions
from events.models import Event, EventCustomField


class FieldHasAnswers(Conflict):
    """What people have answered stays asked, in the same form."""

    code = "FIELD_HAS_ANSWERS"
    message = "A question that has been answered cannot be removed or change its type."


@transaction.atomic
def replace(event: Event, entries: Sequence[Mapping[str, Any]]) -> None:
    """Make these the questions of the event, in this order.

    Entries with a uuid are changed, without one added; questions not named are removed.
    """
    known = {field.uuid: field for field in event.custom_fields.all()}
    named = [entry["uuid"] for entry in entries if entry.get("uuid")]
    if len(set(named)) != len(named) or not known.keys() >= set(named):
        raise ValidationError({"custom_fields": ["Not found."]})
    _require_distinct_labels(entries)
    removed = [field for uuid, field in known.items() if uuid not in named]
    retyped = [
        known[entry["uuid"]]
        for entry in entries
        if entry.get("uuid") and known[entry["uuid"]].field_type != entry["field_type"]
    ]
    _require_unanswered(event, removed + retyped)
    event.custom_fields.filter(pk__in=[field.pk for field in removed]).delete()
    _write(event, known, entries)


def _write(
    event: Event, known: Mapping[Any, EventCustomField], entries: Sequence[Mapping[str, Any]]
) -> None:
    changed = [entry for entry in entries if entry.get("uuid")]
    # Labels may be swapped among the questions; uniqueness is checked row by row.
    for entry in changed:
        field = known[entry["uuid"]]
        EventCustomField.objects.filter(pk=field.pk).update(label=f"{field.uuid}")
    for order, entry in enumerate(entries, start=1):
        field = known.get(entry.get("uuid")) or EventCustomField(event=event)
        for name, value in {**entry, "order": order}.items():
            if name != "uuid":
                setattr(field, name, value)
        field.save()


def _require_distinct_labels(entries: Sequence[Mapping[str, Any]]) -> None:
    labels = [entry["label"].casefold() for entry in entries]
    if len(set(labels)) != len(labels):
        raise ValidationError({"custom_fields": ["Every label may be used once."]})


def _require_unanswered(event: Event, touched: Sequence[EventCustomField]) -> None:
    answered = set(questions.answered_fields(event)) if touched else set()
    if kept := [field for field in touched if field.pk in answered]:
        raise FieldHasAnswers(
            details={"custom_fields": [{"uuid": str(f.uuid), "label": f.label} for f in kept]}
        )
