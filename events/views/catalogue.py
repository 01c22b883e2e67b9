"""The public catalogue."""

from typing import Any, cast

from django.db.models import Count, Q, QuerySet
from django.utils import timezone as clock
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.requests import AuthenticatedRequest
from common.permissions import IsPlatformStaff
from common.viewsets import (
    CreateMixin,
    DestroyMixin,
    PublicListMixin,
    PublicViewSet,
    RetrieveMixin,
    UpdateMixin,
)
from events import categories, room, slugs
from events.filters import PublicEventFilter
from events.models import Category, Event, Tag
from events.scoping import INVITATION, ReachableMixin
from events.serializers.parts import (
    CategorySerializer,
    CategoryWriteSerializer,
    TagSerializer,
)
from events.serializers.reading import PublicEventSerializer, PublicEventSummarySerializer
from events.serializers.writing import BySlugSerializer


@extend_schema(tags=["catalogue"])
class PublicEventViewSet(PublicListMixin[Event], RetrieveMixin[Event], ReachableMixin):
    """Events that everybody may see; without `when` those that are coming up."""

    queryset = Event.objects.all()
    serializer_class = PublicEventSerializer
    action_serializers = {"list": PublicEventSummarySerializer}
    filterset_class = PublicEventFilter
    ordering = ("starts_at", "id")
    ordering_fields = ("starts_at", "created_at", "title", "price")

    def get_queryset(self) -> QuerySet[Event]:
        if self.action != "list":
            return self.reachable()
        rows = Event.objects.listed().for_catalogue()
        asked = self.request.query_params.get("when") if self.request else None
        return rows if asked else rows.upcoming(clock.now())

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        room.load(page or ())
        return page

    @extend_schema(parameters=[INVITATION])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.shared(super().retrieve(request, *args, **kwargs))

    @extend_schema(parameters=[BySlugSerializer], responses=PublicEventSerializer)
    @action(detail=False, methods=["get"], url_path="by-slug/<slug:address>")
    def by_slug(self, request: Request, address: str, **kwargs: Any) -> Response:
        """Find an event by the last part of its public link."""
        query = BySlugSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return self.shared(self.answer(slugs.resolve(address, **query.validated_data)))


@extend_schema(tags=["catalogue"])
class CategoryViewSet(
    PublicListMixin[Category],
    CreateMixin[Category],
    RetrieveMixin[Category],
    UpdateMixin[Category],
    DestroyMixin[Category],
    PublicViewSet[Category],
):
    """The subjects of the catalogue; the people of the platform keep them."""

    request: AuthenticatedRequest
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    action_serializers = {
        "create": CategoryWriteSerializer,
        "partial_update": CategoryWriteSerializer,
        "retrieve": CategorySerializer,
    }
    lookup_field = "slug"
    lookup_value_converter = "slug"
    search_fields = ("name",)
    ordering = ("order", "name", "id")
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_permissions(self) -> list[BasePermission]:
        reads = self.action in {"list", "retrieve", None}
        return [AllowAny()] if reads else [IsPlatformStaff()]

    def get_queryset(self) -> QuerySet[Category]:
        return super().get_queryset().annotate(event_count=coming_up())

    def perform_create(self, serializer: BaseSerializer[Category]) -> Category:
        return categories.add(by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Category]) -> None:
        categories.change(
            cast("Category", serializer.instance),
            by=self.request.user,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, row: Category) -> None:
        categories.remove(row, by=self.request.user)


@extend_schema(tags=["catalogue"])
class TagViewSet(PublicListMixin[Tag], PublicViewSet[Tag]):
    """The words that events bear, the most used first."""

    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    search_fields = ("name",)
    ordering = ("-event_count", "name", "id")

    def get_queryset(self) -> QuerySet[Tag]:
        return super().get_queryset().annotate(event_count=coming_up())


def coming_up() -> Count:
    """Count the listed events that have not begun."""
    listed = Q(
        events__deleted_at=None,
        events__visibility="public",
        events__status="published",
        events__starts_at__gte=clock.now(),
    )
    return Count("events", filter=listed, distinct=True)
