"""A small resource of its own, so that the toolkit is tested apart from the product."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.http import HttpResponse
from django.urls import include, path
from rest_framework import serializers as drf
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from common.bulk import BulkMixin
from common.dispatch import BaseView, PublicView
from common.exceptions import InvalidStatus, RuleViolation
from common.exports import Column, ExportMixin
from common.filters import BaseFilter, ChoiceListFilter
from common.idempotency import claim_of
from common.models import BaseModel, SoftDeleteModel
from common.pagination import CursorPaginationByUpdated, PageOrCursorPagination
from common.parsers import StrictJSONParser, UploadParser
from common.querysets import LiveManager, SoftDeleteQuerySet
from common.selection import Expansion
from common.serializers import (
    Before,
    ModelSerializer,
    PersonSerializer,
    Required,
    RichTextField,
    Serializer,
    UuidRelatedField,
)
from common.viewsets import (
    CreateMixin,
    DestroyMixin,
    ListMixin,
    PublicListMixin,
    PublicViewSet,
    RestoreMixin,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)


class GadgetQuerySet(SoftDeleteQuerySet):
    def visible_to(self, user):
        return self.filter(Q(owner_uuid=user.uuid) | Q(is_shared=True))

    def managed_by(self, user, capability=""):
        if capability == "nothing":
            return self.none()
        return self.filter(owner_uuid=user.uuid)


class Gadget(SoftDeleteModel):
    """A thing that somebody owns and may share."""

    class Size(models.TextChoices):
        SMALL = "small"
        LARGE = "large"

    title = models.CharField(max_length=100)
    story = models.TextField(blank=True)
    rich = models.TextField(blank=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    size = models.CharField(max_length=10, choices=Size.choices, default=Size.SMALL)
    stock = models.PositiveIntegerField(default=0)
    is_limited = models.BooleanField(default=False)
    limit = models.PositiveIntegerField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0, editable=False)
    is_shared = models.BooleanField(default=False)
    owner_uuid = models.UUIDField(editable=False)
    twin = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, db_constraint=False
    )

    objects = LiveManager.from_queryset(GadgetQuerySet)()
    all_objects = GadgetQuerySet.as_manager()

    class Meta(SoftDeleteModel.Meta):
        app_label = "toolkit"
        constraints = [
            models.UniqueConstraint(
                fields=["title", "owner_uuid"],
                condition=Q(deleted_at=None),
                name="toolkit_gadget_one_title",
            )
        ]

    def polish(self, *, by, shine: int = 1):
        if self.stock >= 10:
            raise InvalidStatus("A full gadget cannot be polished.")
        self.stock += shine
        self.save(update_fields=["stock"])


class Part(BaseModel):
    """A piece of a gadget."""

    gadget = models.ForeignKey(
        Gadget, on_delete=models.PROTECT, related_name="parts", db_constraint=False
    )
    name = models.CharField(max_length=100)

    class Meta(BaseModel.Meta):
        app_label = "toolkit"


class PartSerializer(ModelSerializer[Part]):
    class Meta:
        model = Part
        fields = ["uuid", "name"]


class GadgetSerializer(ModelSerializer[Gadget]):
    twin = UuidRelatedField(queryset=Gadget.objects.all(), required=False, allow_null=True)
    rich = RichTextField(required=False, allow_blank=True)
    is_deleted = drf.BooleanField(read_only=True)

    class Meta:
        model = Gadget
        fields = [
            *("uuid", "title", "story", "rich", "price", "size", "stock", "is_limited", "limit"),
            *("starts_at", "ends_at", "views", "is_shared", "twin", "is_deleted"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = ["views"]
        validators = [Required("limit", when="is_limited"), Before("starts_at", "ends_at")]


class GadgetSummarySerializer(ModelSerializer[Gadget]):
    class Meta:
        model = Gadget
        fields = ["uuid", "title", "size", "created_at"]


class PolishSerializer(Serializer):
    shine = drf.IntegerField(min_value=1, default=1)
    note = drf.CharField(required=False)


class GadgetFilter(BaseFilter):
    size = ChoiceListFilter(choices=Gadget.Size.choices)

    class Meta:
        model = Gadget
        fields = ["title"]


class GadgetViewSet(
    ExportMixin,
    BulkMixin,
    RestoreMixin,
    ListMixin,
    RetrieveMixin,
    CreateMixin,
    UpdateMixin,
    DestroyMixin,
    ScopedViewSet[Gadget],
):
    """Gadgets of the caller."""

    queryset = Gadget.objects.select_related("twin")
    serializer_class = GadgetSerializer
    action_serializers = {"list": GadgetSummarySerializer}
    expansions = {"parts": Expansion(PartSerializer, many=True, prefetch=("parts",))}
    filterset_class = GadgetFilter
    search_fields = ("title", "story")
    ordering_fields = ("title", "created_at")
    action_capabilities = {"sell": "nothing"}
    export_name = "gadgets"
    export_columns = (
        Column("Title", lambda row: row.title),
        Column("Price", lambda row: row.price),
        Column("Stock", lambda row: row.stock),
        Column("Starts", lambda row: row.starts_at),
    )

    def perform_create(self, serializer):
        return serializer.save(owner_uuid=self.request.user.uuid)

    def perform_bulk_create(self, serializer):
        return Gadget.objects.bulk_create(
            [
                Gadget(**item, owner_uuid=self.request.user.uuid)
                for item in serializer.validated_data
            ]
        )

    @action(detail=True, methods=["post"])
    def polish(self, request, **kwargs):
        return self.carry_out(Gadget.polish, **self.shine())

    def shine(self) -> dict[str, Any]:
        asked = self.validated(PolishSerializer)
        return {"shine": asked["shine"]}

    @action(detail=True, methods=["post"])
    def sell(self, request, **kwargs):
        return self.carry_out(Gadget.polish)

    @action(detail=False, methods=["post"], throttle_scope="import", parser_classes=[UploadParser])
    def upload(self, request, **kwargs):
        return Response({"size": request.data["file"].size})

    @action(detail=False, methods=["post"], idempotent=False)
    def secret(self, request, **kwargs):
        gadget = Gadget.objects.create(title=request.data["title"], owner_uuid=request.user.uuid)
        return Response({"title": gadget.title}, status=201)


class FeedViewSet(ListMixin, ScopedViewSet[Gadget]):
    queryset = Gadget.objects.all()
    serializer_class = GadgetSummarySerializer
    pagination_class = PageOrCursorPagination


class ChangesViewSet(ListMixin, ScopedViewSet[Gadget]):
    queryset = Gadget.objects.all()
    serializer_class = GadgetSummarySerializer
    pagination_class = CursorPaginationByUpdated


class CatalogueViewSet(PublicListMixin, RetrieveMixin, PublicViewSet[Gadget]):
    queryset = Gadget.objects.filter(is_shared=True)
    serializer_class = GadgetSummarySerializer


class SignInView(PublicView):
    throttle_scope = "auth"

    def post(self, request):
        return Response({"ok": True})


class InvitationView(PublicView):
    throttle_scope = "token"

    def get(self, request, token):
        return Response({"ok": True})


class RefreshView(PublicView):
    throttle_scope = "refresh"
    parser_classes = [StrictJSONParser]

    def throttle_key(self, scope):
        return str(self.request.headers.get("X-Session", "")) if scope == "refresh" else ""

    def post(self, request):
        return Response({"ok": True})


class EchoView(BaseView):
    def post(self, request):
        return Response({"got": request.data})

    def get(self, request):
        raise {
            "rule": RuleViolation("No.", details={"reason": "because"}),
            "crash": ZeroDivisionError("secret text"),
        }[request.query_params["raise"]]


class PeopleView(PublicView):
    def get(self, request):
        return Response(PersonSerializer(request.user).data)


class OpenView(PublicView):
    def post(self, request):
        return Response({"ok": True})


class ExternalView(BaseView):
    external = True

    def post(self, request):
        claim = claim_of(request)
        return Response({"principal": claim.principal, "key": claim.key})


class HalfwayView(BaseView):
    def post(self, request):
        Gadget.objects.create(title="Half", owner_uuid=request.user.uuid)
        return Response({"ok": False}, status=402)


def plain(_request):
    return HttpResponse("plain")


router = SimpleRouter(use_regex_path=False)
router.register("gadgets", GadgetViewSet, basename="gadget")
router.register("feed", FeedViewSet, basename="feed")
router.register("changes", ChangesViewSet, basename="change")
router.register("catalogue", CatalogueViewSet, basename="catalogue")

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/v1/auth/token/", SignInView.as_view()),
    path("api/v1/auth/refresh/", RefreshView.as_view()),
    path("api/v1/invitations/<str:token>/", InvitationView.as_view()),
    path("api/v1/echo/", EchoView.as_view()),
    path("api/v1/people/me/", PeopleView.as_view()),
    path("api/v1/open/", OpenView.as_view()),
    path("api/v1/external/", ExternalView.as_view()),
    path("api/v1/halfway/", HalfwayView.as_view()),
    path("api/docs/", plain, name="docs"),
]
