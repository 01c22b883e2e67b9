"""Serializers compiled: what is the same for all rows of a serializer class is worked out once.

REST framework builds every field again for each answer and asks it again for each row. Where a
class only has fields whose work does not depend on the request, a list of small functions made
once gives the same result for a fraction of the cost. Any other class takes the ordinary way.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from rest_framework import fields, relations, serializers
from rest_framework.fields import Field, SkipField

Read = Callable[[Any], Any]
# (serializer, row) -> value
Step = Callable[[Any, Any], Any]

# What these fields would return as it is.
NATURAL: Final = {
    fields.CharField.to_representation: str,
    fields.IntegerField.to_representation: int,
    fields.BooleanField.to_representation: bool,
}
CALLABLES: Final = (FunctionType, MethodType, BuiltinFunctionType, partial)
# These look at the value and at what the field was declared with, at nothing else.
INDEPENDENT: Final = frozenset(
    kind.to_representation
    for kind in (
        *(fields.BooleanField, fields.CharField, fields.UUIDField, fields.IPAddressField),
        *(fields.IntegerField, fields.FloatField, fields.DecimalField, fields.DateTimeField),
        *(fields.DateField, fields.TimeField, fields.DurationField, fields.ChoiceField),
        *(fields.MultipleChoiceField, fields.JSONField, fields.ReadOnlyField),
    )
)


def represent(serializer: Any, row: Any) -> dict[str, Any] | None:
    """Return the row's representation, or None when the class cannot be compiled."""
    steps = _compiled(type(serializer))  # type: ignore[arg-type]  # every class is hashable
    if steps is None:
        return None
    answer = {}
    for name, step in steps:
        try:
            answer[name] = step(serializer, row)
        except SkipField:
            continue
    return answer


@cache
def _compiled(serializer_class: type[Any]) -> tuple[tuple[str, Step], ...] | None:
    if not _is_plain(serializer_class):
        return None
    steps = []
    for name, field in serializer_class().fields.items():
        if field.write_only:
            continue
        step = _step(field)
        if step is None:
            return None
        steps.append((name, step))
    return tuple(steps)


def _is_plain(serializer_class: type[Any]) -> bool:
    """Tell whether the fields are the same at every use."""
    own = (serializers.ModelSerializer.get_fields, serializers.Serializer.get_fields)
    readable = serializers.Serializer._readable_fields  # noqa: SLF001 -- compared, not called
    return (
        serializer_class.get_fields in own and serializer_class._readable_fields is readable  # noqa: SLF001 -- as above
    )


def _step(field: Any) -> Step | None:
    kind = type(field)
    if kind is fields.SerializerMethodField:
        return partial(_ask_method, field.method_name)
    if kind.get_attribute is not Field.get_attribute:
        return _related_step(field)
    if isinstance(field, serializers.BaseSerializer):
        return partial(_ask_child, field, _reader(field))
    if not _is_independent(field) or not field.source_attrs:
        return None
    natural = NATURAL.get(type(field).to_representation, type(None))
    return partial(_ask_plain, attrgetter(field.source), natural, field, _writer(field))


def _is_independent(field: Any) -> bool:
    kind = type(field)
    if kind.to_representation in {
        fields.ListField.to_representation,
        fields.DictField.to_representation,
    }:
        return _is_independent(field.child)
    return kind.to_representation in INDEPENDENT


def _related_step(field: Any) -> Step | None:
    """Compile references shown by one column; other relations take the ordinary way."""
    child = getattr(field, "child_relation", field)
    if getattr(child, "shows_uuid", False):
        write: Read = _uuid_of
    elif type(child) is relations.SlugRelatedField:
        write = child.to_representation
    else:
        return None
    if isinstance(field, relations.ManyRelatedField):
        return partial(_ask_value, field.get_attribute, partial(_each, write))
    return partial(_ask_value, _reader(field), write)


def _ask_method(method_name: str, serializer: Any, row: Any) -> Any:
    return getattr(serializer, method_name)(row)


def _ask_plain(
    get: Read, natural: type, field: Any, write: Read, _serializer: Any, row: Any
) -> Any:
    try:
        value = get(row)
    except (AttributeError, ObjectDoesNotExist):
        # Mappings, defaults, nulls on the way: REST framework knows what to do.
        value = field.get_attribute(row)
    if type(value) is natural or value is None:
        return value
    if isinstance(value, CALLABLES):
        value = field.get_attribute(row)
    return None if value is None else write(value)


def _ask_value(read: Read, write: Read, _serializer: Any, row: Any) -> Any:
    value = read(row)
    return None if value is None else write(value)


def _ask_child(template: Any, read: Read, serializer: Any, row: Any) -> Any:
    value = read(row)
    return None if value is None else _child(serializer, template).to_representation(value)


def _child(serializer: Any, template: Any) -> Any:
    """Return this serializer's own copy of a nested one: it knows the request."""
    children = vars(serializer).setdefault("_children", {})
    child = children.get(template.field_name)
    if child is None:
        child = copy.deepcopy(template)
        child.bind(template.field_name, serializer)
        children[template.field_name] = child
    return child


def _reader(field: Any) -> Read:
    attributes = field.source_attrs

    def read(row: Any) -> Any:
        value = row
        try:
            for attribute in attributes:
                value = getattr(value, attribute)
                if isinstance(value, CALLABLES):
                    return field.get_attribute(row)
        except (AttributeError, ObjectDoesNotExist):
            # Mappings, defaults, nulls on the way: REST framework knows what to do.
            return field.get_attribute(row)
        return value

    return read


def _writer(field: Any) -> Read:
    if type(field).to_representation is fields.DateTimeField.to_representation:
        return partial(_write_moment, field)
    write: Read = field.to_representation
    return write


def _write_moment(field: Any, value: Any) -> Any:
    if type(value) is datetime and value.tzinfo is UTC and not hasattr(field, "format"):
        return value.isoformat()[:-6] + "Z"
    return field.to_representation(value)


def _each(write: Read, rows: Any) -> list[Any]:
    return [write(row) for row in rows]


def _uuid_of(row: Any) -> str:
    return str(row.uuid)
