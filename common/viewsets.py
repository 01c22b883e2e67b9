"""Bases of every viewset: rows of the caller, one serializer per action, versions of rows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final, TypeVar, cast

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from common import etags, oversight
from common.dispatch import OpenToAll, Pipeline
from common.exceptions import NotAllowed, NotFound
from common.models import SoftDeleteModel
from common.selection import Expansion, Selection

M = TypeVar("M", bound=Model)
R = TypeVar("R", bound=HttpResponseBase)

LISTING: Final = frozenset({"list", "export", "export_job"})
PUBLIC_CACHE: Final = "public, max-age=60"


def shared(request: Request, response: R) -> R:
    """Let caches keep for a minute what a stranger was shown."""
    if request.auth is None and not request.user.is_authenticated:
        response.headers["Cache-Control"] = PUBLIC_CACHE
        patch_vary_headers(response, ["Authorization", "Cookie"])
    return response


class BaseViewSet(Selection[M], Pipeline, GenericViewSet[M]):
    """What scoped and public viewsets share.

    `serializer_class` is the full shape every detail answers with. `action_serializers` names
    what differs: the input of a writing action, the output of a reading one.
    """

    lookup_field = "uuid"
    lookup_value_converter: ClassVar[str] = "uuid"
    action_serializers: ClassVar[Mapping[str, type[BaseSerializer[Any]]]] = {}
    expansions: ClassVar[Mapping[str, Expansion]] = {}
    ordering: ClassVar[tuple[str, ...]] = ("-created_at",)
    ordering_fields: ClassVar[tuple[str, ...]] = ()
    search_fields: ClassVar[tuple[str, ...]] = ()

    def get_serializer_class(self) -> type[BaseSerializer[M]]:
        """Return the input of writing actions, the output of reading ones."""
        chosen = self.action_serializers.get(self.action or "")
        return chosen or super().get_serializer_class()

    def get_output_serializer_class(self) -> type[BaseSerializer[M]]:
        """Return the shape of a detail answer, whatever the action took in."""
        if self.request is None or self.request.method in SAFE_METHODS:
            return self.get_serializer_class()
        return self.action_serializers.get("retrieve") or super().get_serializer_class()

    def validated(self, serializer_class: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the body as this serializer understands it; a bad one is refused."""
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return cast("dict[str, Any]", serializer.validated_data)

    def represent(self, row: M) -> dict[str, Any]:
        """Return the row in the shape of a detail answer."""
        serializer = self.get_output_serializer_class()(row, context=self.get_serializer_context())
        self.select(serializer)
        return cast("dict[str, Any]", serializer.data)

    def answer(self, row: M, status_code: int = status.HTTP_200_OK) -> Response:
        """Answer with the full row and its tag."""
        response = Response(self.represent(row), status=status_code)
        if hasattr(row, "updated_at"):
            response.encoded = etags.body_of(response.data)  # type: ignore[attr-defined]  # reused by the renderer
            response.headers["ETag"] = etags.detail_tag(row, response.encoded)  # type: ignore[attr-defined,arg-type]  # a BaseModel
        return response

    def reload(self, row: M) -> M:
        """Return the row as a reader would find it now; what nobody may read any more, as it is."""
        return next(iter(self.get_readable_queryset().filter(pk=row.pk).order_by()[:1]), row)

    def get_readable_queryset(self) -> QuerySet[M]:
        """Return the rows that the caller may read."""
        return self.get_queryset()

    def get_object(self) -> M:
        """Return the row of the path; list filters do not apply to it."""
        lookup = {self.lookup_field: self.kwargs[self.lookup_url_kwarg or self.lookup_field]}
        rows = self.with_expansions(self.get_queryset()).filter(**lookup)
        # One row needs no order, and `first` would give it one.
        row = next(iter(rows.order_by()[:1]), None)
        if row is None:
            raise self.refusal_of(lookup)
        self.check_object_permissions(self.request, row)
        oversight.shown(row)
        return row

    def refusal_of(self, lookup: Mapping[str, Any]) -> Exception:
        """Return why the row of the path is not to be had."""
        return NotFound()

    def carry_out(
        self, verb: Callable[..., Any], status_code: int = status.HTTP_200_OK, **kwargs: Any
    ) -> Response:
        """Call the verb with the row of the path and `by` the caller; answer with the full row."""
        with self.guarded() as row:
            verb(row, by=self.request.user, **kwargs)
        return self.answer(self.reload(row), status_code)

    @contextmanager
    def guarded(self) -> Iterator[M]:
        """Give the row; with `If-Match` under its lock and only in the version named."""
        row = self.get_object()
        if not etags.has_precondition(self.request):
            yield row
            return
        with self.locked(row) as current:
            yield current

    @contextmanager
    def locked(self, row: M) -> Iterator[M]:
        """Hold the row's lock, give it as it is now, refuse a version other than `If-Match`."""
        model = cast("Any", type(row))
        with transaction.atomic():
            rows = model._base_manager.select_for_update(no_key=True)  # noqa: SLF001 -- Django's documented attribute
            stamp = rows.values_list("updated_at", flat=True).filter(pk=row.pk).first()
            if stamp != cast("Any", row).updated_at:
                row = self.get_object()
            if not etags.is_current(self.request, cast("Any", row)):
                raise etags.stale(self.answer(self.reload(row)).headers["ETag"])
            yield row


class ScopedViewSet(BaseViewSet[M]):
    """Serve only what the requesting user may see; everything else is not found."""

    action_capabilities: ClassVar[Mapping[str, str]] = {}

    def get_queryset(self) -> QuerySet[M]:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return cast("QuerySet[M]", rows.none())
        return cast("QuerySet[M]", self._scoped(rows, self.request))

    def _scoped(self, rows: Any, request: Request) -> Any:
        if self.action == "restore":
            return rows.model.all_objects.managed_by(request.user)
        if request.method not in SAFE_METHODS and not self._reading:
            capability = self.action_capabilities.get(self.action or "")
            limits = (request.user, capability) if capability else (request.user,)
            return rows.managed_by(*limits)
        visible = rows.visible_to(request.user)
        return visible | self._deleted(rows) if self._wants_deleted(rows.model) else visible

    def _wants_deleted(self, model: type[Model]) -> bool:
        asked = self.request.query_params.get("include_deleted", "").lower() == "true"
        return asked and self.action in LISTING and issubclass(model, SoftDeleteModel)

    def _deleted(self, rows: Any) -> Any:
        """Return the deleted rows that the caller manages; nobody else's, whatever is asked."""
        return rows.model.all_objects.managed_by(self.request.user).exclude(deleted_at=None)

    _reading = False

    def get_readable_queryset(self) -> QuerySet[M]:
        self._reading = True
        try:
            return self.get_queryset()
        finally:
            self._reading = False

    def refusal_of(self, lookup: Mapping[str, Any]) -> Exception:
        """Tell a row that is only visible from one that the caller may not know of."""
        writing = self.request.method not in SAFE_METHODS and self.action != "restore"
        if writing and self.get_readable_queryset().filter(**lookup).exists():
            return NotAllowed()
        return NotFound()


class PublicViewSet(OpenToAll, BaseViewSet[M]):
    """For everybody: an invalid token counts as none. The queryset holds what anyone may see."""


class ListMixin(BaseViewSet[M]):
    """List rows, always in pages."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        serializer = self.get_serializer(page, many=True)
        self.select(serializer.child)  # type: ignore[attr-defined]  # many=True has a child
        return self.get_paginated_response(serializer.data)


class PublicListMixin(ListMixin[M]):
    """List what everybody may see; shared caches may keep it for a minute."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        response.encoded = etags.body_of(response.data)  # type: ignore[attr-defined]  # reused by the renderer
        tag = etags.weak_tag(response.encoded)  # type: ignore[attr-defined]  # set above
        if etags.is_known(request, tag):
            response = Response(status=status.HTTP_304_NOT_MODIFIED)
        response.headers["ETag"] = tag
        return shared(request, response)


class RetrieveMixin(BaseViewSet[M]):
    """Show one row, with its tag."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = self.answer(self.get_object())
        tag = response.headers.get("ETag", "")
        if tag and etags.is_known(request, tag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
        return response


class CreateMixin(BaseViewSet[M]):
    """Make a row."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            made = self.perform_create(serializer)
        row = cast("M", made or serializer.instance)
        response = self.answer(self.reload(row), status.HTTP_201_CREATED)
        if hasattr(self, "retrieve"):
            key = getattr(row, self.lookup_field)
            response.headers["Location"] = request.build_absolute_uri(f"{request.path}{key}/")
        return response

    def perform_create(self, serializer: BaseSerializer[M]) -> M | None:
        """Save what was validated; a verb's own result may be returned instead."""
        return serializer.save()


class UpdateMixin(ScopedViewSet[M]):
    """Change a row under its lock; PUT wants every required field, PATCH the ones to change."""

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(partial=False)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(partial=True)

    def _change(self, *, partial: bool) -> Response:
        with self.locked(self.get_object()) as row:
            serializer = self.get_serializer(row, data=self.request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            self.perform_update(serializer)
        return self.answer(self.reload(row))

    def perform_update(self, serializer: BaseSerializer[M]) -> None:
        serializer.save()


class DestroyMixin(ScopedViewSet[M]):
    """Remove a row; a soft-deleted model only stamps it."""

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with self.locked(self.get_object()) as row:
            self.perform_destroy(row)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def perform_destroy(self, row: M) -> None:
        if isinstance(row, SoftDeleteModel):
            row.soft_delete(by=cast("Model", self.request.user))
        else:
            row.delete()


class RestoreMixin(ScopedViewSet[M]):
    """Bring a deleted row back."""

    @action(detail=True, methods=["post"])
    def restore(self, request: Request, **kwargs: Any) -> Response:
        """Restore the deleted row; a row that is not deleted stays as it is."""
        row = cast("Any", self.get_object())
        row.restore(by=request.user)
        self.action = "retrieve"
        return self.answer(self.reload(row))
