"""Many rows in one call: all of them or none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from drf_spectacular.drainage import isolate_view_method
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from common.viewsets import BaseViewSet, ScopedViewSet

M = TypeVar("M", bound=Model)

MAX_ITEMS: Final = 500
UNPAGED: Final[dict[str, Any]] = {
    "throttle_scope": "bulk",
    "pagination_class": None,
    "filter_backends": [],
}
NOT_FOUND: Final = {"uuid": ["Not found."]}


class _Bulk(BaseViewSet[M]):
    def __init_subclass__(cls, **options: Any) -> None:
        """Describe both calls with the shapes of the concrete view."""
        super().__init_subclass__(**options)
        shape = cls.serializer_class
        if shape is None:
            return
        taken = cls.action_serializers.get("create", shape)
        for name, code in {"bulk": 201, "bulk_update": 200}.items():
            if hasattr(cls, name):
                described = extend_schema(
                    request=taken(many=True), responses={code: shape(many=True)}
                )
                described(isolate_view_method(cls, name))

    def get_serializer_class(self) -> type[BaseSerializer[M]]:
        """Take in what creation takes in, unless the view says otherwise."""
        if self.action in {"bulk", "bulk_update"} and self.action not in self.action_serializers:
            return self.action_serializers.get("create") or super().get_serializer_class()
        return super().get_serializer_class()

    def items(self) -> list[Any]:
        """Return the list of the body; anything else than 1 to 500 items is refused."""
        items = self.request.data
        if not isinstance(items, list):
            raise ValidationError({"non_field_errors": ["Send a list of objects."]})
        if not 1 <= len(items) <= MAX_ITEMS:
            raise ValidationError({"non_field_errors": [f"Send 1 to {MAX_ITEMS} objects."]})
        return items

    def represent_all(self, rows: Sequence[M]) -> list[Any]:
        """Return the rows as readers would find them, in this order, by one query."""
        fresh = self.get_readable_queryset().in_bulk([row.pk for row in rows])
        ordered: Any = [fresh.get(row.pk, row) for row in rows]
        serializer = self.get_output_serializer_class()(
            ordered, many=True, context=self.get_serializer_context()
        )
        return cast("list[Any]", serializer.data)

    def make_all(self) -> Response:
        serializer = self.get_serializer(data=self.items(), many=True)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            rows = self.perform_bulk_create(serializer)
        return Response(self.represent_all(rows), status=status.HTTP_201_CREATED)

    def perform_bulk_create(self, serializer: BaseSerializer[M]) -> Sequence[M]:
        """Insert what was validated by one statement; models with more to do override this."""
        model = cast("Any", self.get_queryset().model)
        items = cast("Sequence[Mapping[str, Any]]", serializer.validated_data)
        return cast("Sequence[M]", model._base_manager.bulk_create([model(**i) for i in items]))  # noqa: SLF001 -- Django's documented attribute


class BulkCreateMixin(_Bulk[M]):
    """Make up to 500 rows at once."""

    @action(detail=False, methods=["post"], **UNPAGED)
    def bulk(self, request: Request, **kwargs: Any) -> Response:
        """Make all of these rows, or none."""
        return self.make_all()


class _BulkUpdate(_Bulk[M], ScopedViewSet[M]):
    def change_all(self) -> Response:
        items = self.items()
        uuids = self._uuids(items)
        with transaction.atomic():
            rows = self._rows(uuids)
            changes = self._validated_items(items, [rows[uuid] for uuid in uuids])
            self.perform_bulk_update(changes)
        return Response(self.represent_all([row for row, _ in changes]))

    def perform_bulk_update(self, changes: Sequence[tuple[M, Mapping[str, Any]]]) -> None:
        """Write the changed columns by one statement; models with more to do override this."""
        model = cast("Any", self.get_queryset().model)
        for row, change in changes:
            for name, value in {**change, "updated_at": timezone.now()}.items():
                setattr(row, name, value)
        columns = {"updated_at"}.union(*(change for _, change in changes))
        model._base_manager.bulk_update([row for row, _ in changes], sorted(columns))  # noqa: SLF001 -- Django's documented attribute

    def _uuids(self, items: Sequence[Any]) -> list[UUID]:
        errors: dict[str, Any] = {}
        uuids = [_uuid_of(item) for item in items]
        repeated = {uuid for uuid, count in Counter(uuids).items() if count > 1 and uuid}
        for index, uuid in enumerate(uuids):
            if uuid is None:
                errors[str(index)] = NOT_FOUND
            elif uuid in repeated:
                errors[str(index)] = {"uuid": ["The same uuid appears twice."]}
        if errors:
            raise ValidationError(errors)
        return cast("list[UUID]", uuids)

    def _rows(self, uuids: Sequence[UUID]) -> dict[UUID, M]:
        scope = self.get_queryset().filter(uuid__in=uuids).values("pk")
        model = cast("Any", self.get_queryset().model)
        locked = model._base_manager.select_for_update(no_key=True).filter(pk__in=scope)  # noqa: SLF001 -- Django's documented attribute
        rows = {row.uuid: row for row in locked.order_by("pk")}
        missing: Any = {
            str(index): NOT_FOUND for index, uuid in enumerate(uuids) if uuid not in rows
        }
        if missing:
            raise ValidationError(missing)
        return rows

    def _validated_items(
        self, items: Sequence[Any], rows: Sequence[M]
    ) -> list[tuple[M, Mapping[str, Any]]]:
        changes: list[tuple[M, Mapping[str, Any]]] = []
        errors: dict[str, Any] = {}
        for index, (item, row) in enumerate(zip(items, rows, strict=True)):
            serializer = self.get_serializer(row, data=item, partial=True)
            if serializer.is_valid():
                changes.append((row, serializer.validated_data))
            else:
                errors[str(index)] = serializer.errors
        if errors:
            raise ValidationError(errors)
        return changes


class BulkUpdateMixin(_BulkUpdate[M]):
    """Change up to 500 rows at once, each named by its `uuid`."""

    @action(detail=False, methods=["patch"], url_path="bulk", **UNPAGED)
    def bulk_update(self, request: Request, **kwargs: Any) -> Response:
        """Change all of these rows, or none."""
        return self.change_all()


class BulkMixin(_BulkUpdate[M]):
    """Make and change up to 500 rows at once."""

    @action(detail=False, methods=["post"], **UNPAGED)
    def bulk(self, request: Request, **kwargs: Any) -> Response:
        """Make all of these rows, or none."""
        return self.make_all()

    @bulk.mapping.patch
    def bulk_update(self, request: Request, **kwargs: Any) -> Response:
        """Change all of these rows, or none."""
        return self.change_all()


def _uuid_of(item: Any) -> UUID | None:
    try:
        return UUID(str(item["uuid"]))
    except (KeyError, TypeError, ValueError):
        return None
