"""Narrowing, searching and ordering of lists."""

from collections import OrderedDict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Final, cast
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from django_filters.utils import translate_validation
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

MAX_UUIDS: Final = 100
MAX_SEARCH_LENGTH: Final = 100


class _BooleanField(forms.Field):
    VALUES: ClassVar = {"true": True, "false": False}

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if value.lower() not in self.VALUES:
            raise FormError("Enter true or false.", code="invalid")
        return self.VALUES[value.lower()]


class BooleanFilter(django_filters.BooleanFilter):
    """`true` or `false`, nothing else."""

    field_class = _BooleanField  # type: ignore[assignment]  # a form field as good as Django's

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput)
        super().__init__(*args, **kwargs)


class _UuidListField(forms.Field):
    def to_python(self, value: Any) -> list[UUID]:
        parts = [part.strip() for part in (value or "").split(",") if part.strip()]
        if len(parts) > MAX_UUIDS:
            raise FormError(f"Name at most {MAX_UUIDS} uuids.", code="too_many")
        try:
            return [UUID(part) for part in parts]
        except ValueError as error:
            raise FormError("Enter uuids separated by commas.", code="invalid") from error


@extend_schema_field(
    {"type": "string", "description": f"Comma-separated uuids, at most {MAX_UUIDS}."}
)
class UuidListFilter(django_filters.Filter):
    """A comma-separated list of uuids, at most 100; unknown ones match nothing."""

    field_class = _UuidListField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("lookup_expr", "in")
        super().__init__(*args, **kwargs)


class _ChoiceListField(forms.Field):
    def __init__(self, *args: Any, choices: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        self.known = [str(value) for value, _ in choices]
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> list[str]:
        parts = [part.strip() for part in (value or "").split(",") if part.strip()]
        if unknown := [part for part in parts if part not in self.known]:
            raise FormError(
                f"{unknown[0]} is not one of {', '.join(self.known)}.", code="invalid_choice"
            )
        return parts


class ChoiceListFilter(django_filters.Filter):
    """A comma-separated list of choices; a row matches any of them."""

    field_class = _ChoiceListField

    def __init__(self, *args: Any, choices: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        kwargs.setdefault("lookup_expr", "in")
        super().__init__(*args, choices=choices, **kwargs)
        known = ", ".join(str(value) for value, _ in choices)
        extend_schema_field(
            {"type": "string", "description": f"Comma-separated, any of: {known}."}
        )(cast("Any", self))


class _TimeField(forms.Field):
    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            # A plus sign that was not escaped arrives as a space.
            moment = parse_datetime(value.replace(" ", "+") if "T" in value else value)
            if moment is not None:
                return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):  # no such day, or beyond the calendar in UTC
            pass
        raise FormError("Enter a time such as 2027-03-01T09:00:00Z.", code="invalid")


class TimeFilter(django_filters.Filter):
    """A moment by RFC 3339; without an offset it is UTC."""

    field_class = _TimeField


class DayFilter(django_filters.DateFilter):
    """A calendar day in UTC: `day_expr="gte"` from its start, `"lte"` to its end."""

    def __init__(self, *args: Any, day_expr: str = "gte", **kwargs: Any) -> None:
        self.day_expr = day_expr
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        start = datetime.combine(value, time.min, tzinfo=UTC)
        if self.day_expr == "gte":
            return qs.filter(**{f"{self.field_name}__gte": start})
        try:
            return qs.filter(**{f"{self.field_name}__lt": start + timedelta(days=1)})
        except OverflowError:  # the calendar ends here, so every row is earlier
            return qs


class BaseFilter(FilterSet):
    """What every list understands: days of creation, changes since, a list of uuids."""

    from_date = DayFilter("created_at", label="Created on this day (UTC) or later.")
    to_date = DayFilter("created_at", day_expr="lte", label="Created on this day (UTC) or earlier.")
    modified_since = TimeFilter("updated_at", lookup_expr="gte", label="Changed since (RFC 3339).")
    uuid__in = UuidListFilter("uuid", label="Comma-separated uuids, at most 100.")
    include_deleted = BooleanFilter(
        method="leave_alone", label="Also show deleted rows that you manage."
    )

    class Meta:
        model: ClassVar[type[Model] | None] = None
        fields: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, asked: AbstractSet[str] | None = None, **kwargs: Any) -> None:
        if asked is not None:
            known = type(self).base_filters.items()
            self.base_filters = OrderedDict(pair for pair in known if pair[0] in asked)
        super().__init__(*args, **kwargs)

    @classmethod
    def get_filters(cls) -> Any:
        """Offer `include_deleted` only where rows are stamped instead of removed."""
        filters = super().get_filters()
        model = cls._meta.model  # type: ignore[attr-defined]  # made by the metaclass
        if model is not None and not hasattr(model, "all_objects"):
            filters.pop("include_deleted", None)
        return filters

    @staticmethod
    def leave_alone(queryset: QuerySet[Any], _name: str, _value: bool) -> QuerySet[Any]:
        """Narrow nothing: the viewset has already added the deleted rows."""
        return queryset


class FilterBackend(DjangoFilterBackend):
    """Filter by what a parameter asks for; the form of all the others costs more than queries."""

    def filter_queryset(self, request: Any, queryset: Any, view: APIView) -> Any:
        filterset_class: Any = self.get_filterset_class(view, queryset)
        if filterset_class is None:
            return queryset
        asked = request.query_params.keys() & filterset_class.base_filters.keys()
        if not asked:
            return queryset
        options = self.get_filterset_kwargs(request, queryset, view)
        filterset = filterset_class(asked=asked, **options)
        if not filterset.is_valid():
            raise cast("Exception", translate_validation(filterset.errors))
        return filterset.qs


class Search(SearchFilter):
    """`search`: every term must be found in one of the named columns."""

    def get_search_terms(self, request: Request) -> list[str]:
        asked = request.query_params.get(self.search_param, "")
        if len(asked) > MAX_SEARCH_LENGTH:
            raise ValidationError(
                {self.search_param: [f"Enter at most {MAX_SEARCH_LENGTH} characters."]}
            )
        return list(super().get_search_terms(request))


class Ordering(OrderingFilter):
    """`ordering` by the named columns; the row's id ends each order, so pages never overlap."""

    def get_valid_fields(
        self, queryset: QuerySet[Any], view: APIView, context: Any = None
    ) -> list[tuple[str, str]]:
        """Allow what the view names, nothing by default."""
        return [(name, name) for name in getattr(view, "ordering_fields", None) or ()]

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Sequence[str]:
        chosen = tuple(super().get_ordering(request, queryset, view) or ("-created_at",))
        if chosen[-1].lstrip("-") in {"id", "pk"}:
            return chosen
        return (*chosen, "-id" if chosen[0].startswith("-") else "id")
