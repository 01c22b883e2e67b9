"""`fields=` and `expand=`: which parts of a resource an answer carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, Prefetch, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Expansion:
    """A child or reference that `expand=` puts into the answer in full."""

    serializer: type[BaseSerializer[Any]]
    many: bool = False
    prefetch: Sequence[str | Prefetch[Any]] = ()
    related: Sequence[str] = ()
    source: str = ""


class Selection(GenericAPIView[M]):
    """Reads both parameters for reading actions; writes answer in full."""

    expansions: ClassVar[Mapping[str, Expansion]] = {}

    def select(self, serializer: Any) -> None:
        """Narrow a serializer to `fields=` and widen it by `expand=`."""
        if self.request is None or self.request.method not in SAFE_METHODS:
            return
        for name in self.expanded():
            expansion = self.expansions[name]
            options: dict[str, Any] = {"many": expansion.many, "read_only": True}
            if expansion.source:
                options["source"] = expansion.source
            serializer.fields[name] = expansion.serializer(context=serializer.context, **options)
        wanted = _listed(self.request, "fields")
        if not wanted:
            return
        _refuse_unknown("fields", wanted, serializer.fields)
        for name in set(serializer.fields) - set(wanted):
            serializer.fields.pop(name)

    def expanded(self) -> list[str]:
        """Return what `expand=` names."""
        wanted = _listed(self.request, "expand")
        _refuse_unknown("expand", wanted, self.expansions)
        return wanted

    def filter_queryset(self, queryset: Any) -> Any:
        return self.with_expansions(super().filter_queryset(queryset))

    def with_expansions(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Fetch what `expand=` names along with the rows."""
        if self.request is None or self.request.method not in SAFE_METHODS:
            return rows
        for name in self.expanded():
            expansion = self.expansions[name]
            if expansion.related:
                rows = rows.select_related(*expansion.related)
            rows = rows.prefetch_related(*expansion.prefetch)
        return rows


def _listed(request: Request, parameter: str) -> list[str]:
    asked = request.query_params.get(parameter, "")
    return [name.strip() for name in asked.split(",") if name.strip()]


def _refuse_unknown(parameter: str, wanted: Sequence[str], known: Any) -> None:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValidationError({parameter: [f"Unknown name: {unknown[0]}."]})
