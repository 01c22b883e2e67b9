"""Bases of every serializer: clean text, related rows by uuid, rules as data."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeVar, cast
from uuid import UUID

import nh3
from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.fields import Field, empty
from rest_framework.relations import MANY_RELATION_KWARGS, ManyRelatedField, RelatedField

from common import representation, validators
from common.fields import MinorUnitsField

M = TypeVar("M", bound=Model)

SELECT_SIZE: Final = 100
CHARACTER_CHECKS: Final = (validators.plain_text, validators.plain_line)
INTEGER_RANGES: Final = {
    "SmallIntegerField": (-(2**15), 2**15 - 1),
    "IntegerField": (-(2**31), 2**31 - 1),
    "PositiveSmallIntegerField": (0, 2**15 - 1),
    "PositiveIntegerField": (0, 2**31 - 1),
    "BigIntegerField": (-(2**63), 2**63 - 1),
    "PositiveBigIntegerField": (0, 2**63 - 1),
}
RICH_TEXT_TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "ul", "ol", "li", "h2", "h3", "h4", "a"}
)
RICH_TEXT_SCHEMES: Final = frozenset({"http", "https", "mailto"})


class RichTextField(serializers.CharField):
    """Formatted text; everything outside the allow-list is dropped on write."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"base_template": "textarea.html"})
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        return nh3.clean(
            super().to_internal_value(data),
            tags=set(RICH_TEXT_TAGS),
            attributes={"a": {"href"}},
            url_schemes=set(RICH_TEXT_SCHEMES),
        )


def refuse_control_characters(fields: Mapping[str, Field[Any, Any, Any, Any]]) -> None:
    """Give every writable text field the check it lacks."""
    for field in fields.values():
        child = getattr(field, "child", None)
        if child is not None and isinstance(child, Field):
            refuse_control_characters({"child": child})
        if field.read_only:
            continue
        if isinstance(field, serializers.JSONField):
            _add_check(field, validators.bounded_json)
        if not isinstance(field, serializers.CharField):
            continue
        several_lines = field.style.get("base_template") == "textarea.html"
        check = validators.plain_text if several_lines else validators.plain_line
        if not any(known in CHARACTER_CHECKS for known in field.validators):
            _add_check(field, check)


def _add_check(field: Any, check: Callable[[Any], None]) -> None:
    if check not in field.validators:
        field.validators = [*field.validators, check]


class _CleanFields:
    _is_prepared = False

    def to_internal_value(self, data: Any) -> Any:
        if not self._is_prepared:  # once, and not for reading
            refuse_control_characters(self.fields)  # type: ignore[attr-defined]  # a serializer has them
            self._is_prepared = True
        return super().to_internal_value(data)  # type: ignore[misc]  # mixed into serializers only

    def to_representation(self, instance: Any) -> Any:
        # Fields that exist already were asked for, and perhaps changed, by somebody.
        if "fields" not in vars(self):
            answer = representation.represent(self, instance)
            if answer is not None:
                return answer
        return super().to_representation(instance)  # type: ignore[misc]  # mixed into serializers only


class Serializer(_CleanFields, serializers.Serializer[Any]):
    """A body that is no single row."""


class ModelSerializer(_CleanFields, serializers.ModelSerializer[M]):
    """A row as people see it; a change saves the named columns only, so counters survive."""

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Bound integers alike on both databases; SQLite alone would take any."""
        field_class, options = super().build_standard_field(field_name, model_field)
        bounds = INTEGER_RANGES.get(model_field.get_internal_type())
        if isinstance(model_field, MinorUnitsField):
            bounds = INTEGER_RANGES["PositiveBigIntegerField"]
        if bounds and issubclass(field_class, serializers.IntegerField):
            options["min_value"] = max(bounds[0], options.get("min_value", bounds[0]))
            options["max_value"] = min(bounds[1], options.get("max_value", bounds[1]))
        return field_class, options

    def update(self, instance: M, validated_data: Any) -> M:
        many = {field.name for field in instance._meta.many_to_many}
        for name, value in validated_data.items():
            if name not in many:
                setattr(instance, name, value)
        # An empty change still counts as an edit: it stamps `updated_at`.
        instance.save(update_fields=[name for name in validated_data if name not in many])
        for name in many & validated_data.keys():
            getattr(instance, name).set(validated_data[name])
        return instance


class TextField(serializers.CharField):
    """Text of several lines: tabs and newlines are welcome."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"base_template": "textarea.html"})
        super().__init__(**kwargs)


class UuidRelatedField(RelatedField[M, Any, Any]):
    """A related row by its uuid, looked up among what the caller may use.

    `scope` names the queryset method that narrows to the caller (`visible_to`, `managed_by`, or
    empty for what everybody may name). Unknown and foreign rows are refused alike.
    """

    shows_uuid = True
    default_error_messages: ClassVar = {
        "does_not_exist": "Not found.",
        "invalid": "Enter a valid uuid.",
    }

    def __init__(self, *, scope: str = "visible_to", capability: str = "", **kwargs: Any) -> None:
        self.scope = scope
        self.capability = capability
        kwargs.setdefault("html_cutoff", SELECT_SIZE)
        super().__init__(**kwargs)

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> "UuidRelatedListField":
        options = {key: value for key, value in kwargs.items() if key in MANY_RELATION_KWARGS}
        return UuidRelatedListField(child_relation=cls(*args, **kwargs), **options)

    def get_queryset(self) -> QuerySet[M]:
        rows: Any = super().get_queryset()
        if not self.scope:
            return cast("QuerySet[M]", rows)
        user = self.context["request"].user
        limits = (user, self.capability) if self.capability else (user,)
        return cast("QuerySet[M]", getattr(rows, self.scope)(*limits))

    def to_internal_value(self, data: Any) -> M:
        try:
            row = self.get_queryset().filter(uuid=parse_uuid(data)).first()
        except ValueError:
            self.fail("invalid")
        if row is None:
            self.fail("does_not_exist")
        return row

    def to_representation(self, value: Any) -> str:
        return str(value.uuid)

    def has_too_many_choices(self) -> bool:
        """Tell whether a select box could not show them all."""
        return self.get_queryset().order_by()[SELECT_SIZE : SELECT_SIZE + 1].exists()

    def get_choices(self, cutoff: int | None = None) -> dict[Any, str]:
        rows = self.get_queryset().order_by("-pk")
        return {self.to_representation(row): str(row) for row in rows[: cutoff or SELECT_SIZE]}


class UuidRelatedListField(ManyRelatedField):
    """Related rows by their uuids, looked up in one query."""

    def to_internal_value(self, data: Any) -> list[Any]:
        child = cast("UuidRelatedField[Any]", self.child_relation)
        if isinstance(data, str) or not hasattr(data, "__iter__"):
            self.fail("not_a_list", input_type=type(data).__name__)
        asked = list(data)
        if not self.allow_empty and not asked:
            self.fail("empty")
        try:
            wanted = [parse_uuid(item) for item in asked]
        except ValueError:
            child.fail("invalid")
        found = {row.uuid: row for row in child.get_queryset().filter(uuid__in=wanted)}
        if any(uuid not in found for uuid in wanted):
            child.fail("does_not_exist")
        return [found[uuid] for uuid in dict.fromkeys(wanted)]


def parse_uuid(value: Any) -> UUID:
    """Return the uuid that a client wrote; raises ValueError for anything else."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise ValueError("A uuid is text.")  # noqa: TRY004 -- one kind of refusal for callers
    return UUID(value)


class PersonSerializer(Serializer):
    """A person as colleagues and the row's owner see them."""

    uuid = serializers.UUIDField(read_only=True)
    full_name = serializers.CharField(read_only=True)
    email = serializers.EmailField(read_only=True)


class PublicPersonSerializer(Serializer):
    """A person as strangers see them: never an address."""

    uuid = serializers.UUIDField(read_only=True)
    full_name = serializers.CharField(read_only=True)


def current(attrs: Mapping[str, Any], name: str, serializer: Any) -> Any:
    """Return the value a row would have: the one sent, else the one it has, else the default."""
    if name in attrs:
        return attrs[name]
    if serializer.instance is not None:
        return getattr(serializer.instance, name, None)
    field = serializer.fields.get(name)
    default = getattr(field, "default", empty)
    if default is not empty and not callable(default):
        return default
    return _column_default(serializer, name)


def _column_default(serializer: Any, name: str) -> Any:
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    columns = {field.name: field for field in model._meta.fields} if model else {}
    column = columns.get(name)
    return column.get_default() if column is not None and column.has_default() else None


class Required:
    """The named fields must have a value, always or `when` another one is set."""

    requires_context = True

    def __init__(self, *fields: str, when: str = "") -> None:
        self.fields = fields
        self.when = when

    def __call__(self, attrs: Mapping[str, Any], serializer: Any) -> None:
        if self.when and not current(attrs, self.when, serializer):
            return
        message = f"This field is required when {self.when} is set." if self.when else ""
        missing = [name for name in self.fields if current(attrs, name, serializer) in _NOTHING]
        if missing:
            text = message or "This field is required."
            raise serializers.ValidationError({name: [text] for name in missing}, code="required")


class Before:
    """The first moment must not be later than the second (`strict`: must be earlier)."""

    requires_context = True

    def __init__(self, earlier: str, later: str, *, strict: bool = False) -> None:
        self.earlier = earlier
        self.later = later
        self.strict = strict

    def __call__(self, attrs: Mapping[str, Any], serializer: Any) -> None:
        first = current(attrs, self.earlier, serializer)
        second = current(attrs, self.later, serializer)
        if first is None or second is None:
            return
        if first > second or (self.strict and first == second):
            words = "must be before" if self.strict else "must not be after"
            raise serializers.ValidationError(
                {self.earlier: [f"{self.earlier} {words} {self.later}."]}, code="order"
            )


_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
