"""Organizations and who belongs to them."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import members, organizations
from accounts.filters import MembershipFilter, OrganizationFilter
from accounts.models import Membership, Organization
from accounts.permissions import IsOrganizer, IsVerified
from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability
from accounts.scoping import OrganizationScopedMixin
from accounts.serializers import organizations as shapes
from common.exceptions import NotAllowed
from common.viewsets import (
    PUBLIC_CACHE,
    CreateMixin,
    DestroyMixin,
    ListMixin,
    PublicListMixin,
    PublicViewSet,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)


class OrganizationRows(ScopedViewSet[Organization]):
    """Which organizations an action works on: a deleted one only its owner still finds."""

    request: AuthenticatedRequest

    def get_queryset(self) -> QuerySet[Organization]:
        rows = cast("Any", super().get_queryset())
        user = self.request.user
        if self.action == "list":
            rows = rows.filter(pk__in=Organization.all_objects.joined_by(user).values("pk"))
        return cast("QuerySet[Organization]", rows.with_counts().with_role_of(user))

    def _scoped(self, rows: Any, request: Request) -> Any:
        if self.action != "restore":
            return super()._scoped(rows, request)
        if self._reading:
            return rows.visible_to(request.user)
        return Organization.all_objects.restorable_by(self.request.user, timezone.now())

    def _deleted(self, rows: Any) -> Any:
        kept = Organization.all_objects.restorable_by(self.request.user, timezone.now())
        return kept.exclude(deleted_at=None)

    def refusal_of(self, lookup: Mapping[str, Any]) -> Exception:
        if self.action == "restore" and self.get_readable_queryset().filter(**lookup).exists():
            return NotAllowed()
        return super().refusal_of(lookup)


class OrganizationViewSet(
    OrganizationRows,
    ListMixin[Organization],
    CreateMixin[Organization],
    RetrieveMixin[Organization],
    UpdateMixin[Organization],
    DestroyMixin[Organization],
):
    """The organizations one belongs to."""

    resource = "organizations"
    queryset = Organization.objects.all()
    serializer_class = shapes.OrganizationSerializer
    action_serializers = {"transfer_ownership": shapes.TransferSerializer}
    action_capabilities = {
        "destroy": Capability.ORGANIZATION_DELETE,
        "leave": Capability.ORGANIZATION_VIEW,
        "transfer_ownership": Capability.ORGANIZATION_TRANSFER,
    }
    filterset_class = OrganizationFilter
    ordering = ("name",)
    search_fields = ("name",)

    def get_permissions(self) -> list[BasePermission]:
        if self.action == "create":
            return [IsVerified(), IsOrganizer()]
        return [IsAuthenticated()]

    def perform_create(self, serializer: BaseSerializer[Organization]) -> Organization:
        return organizations.found(by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Organization]) -> None:
        organization = cast("Organization", serializer.instance)
        organization.edit(by=self.request.user, **serializer.validated_data)

    def perform_destroy(self, row: Organization) -> None:
        organizations.delete(row, by=self.request.user)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, **kwargs: Any) -> Response:
        """Bring a deleted organization back, within 30 days; only its owner may."""
        return self.carry_out(organizations.restore)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, **kwargs: Any) -> Response:
        """Leave the organization; its owner must transfer the ownership first."""
        with self.guarded() as organization:
            members.leave(organization, by=self.request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, methods=["post"], url_path="transfer-ownership")
    def transfer_ownership(self, request: Request, **kwargs: Any) -> Response:
        """Hand the organization over to another member; wants a fresh proof of identity."""
        body = self.validated(shapes.TransferSerializer)
        return self.carry_out(members.transfer_ownership, **body)


class MembershipViewSet(
    OrganizationScopedMixin[Membership],
    ListMixin[Membership],
    RetrieveMixin[Membership],
    UpdateMixin[Membership],
    DestroyMixin[Membership],
):
    """The people of one organization."""

    http_method_names = ["get", "patch", "delete", "head", "options"]
    resource = "organizations"
    queryset = Membership.objects.select_related("user", "organization")
    serializer_class = shapes.MembershipSerializer
    action_serializers = {
        "partial_update": shapes.MembershipChangeSerializer,
        "retrieve": shapes.MembershipSerializer,
    }
    filterset_class = MembershipFilter
    search_fields = ("user__full_name", "user__email")
    ordering = ("created_at",)

    def get_queryset(self) -> QuerySet[Membership]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(organization=self.organization)

    def perform_update(self, serializer: BaseSerializer[Membership]) -> None:
        row = cast("Membership", serializer.instance)
        members.change(row, by=self.request.user, **serializer.validated_data)

    def perform_destroy(self, row: Membership) -> None:
        members.remove(row, by=self.request.user)


class PublicOrganizationViewSet(
    PublicListMixin[Organization], RetrieveMixin[Organization], PublicViewSet[Organization]
):
    """Organizations with a page for everybody."""

    schema_tag = "public"
    queryset = Organization.objects.listed()
    serializer_class = shapes.PublicOrganizationSerializer
    lookup_field = "slug"
    lookup_value_converter = "slug"
    search_fields = ("name", "description")
    ordering = ("name",)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().retrieve(request, *args, **kwargs)
        if not request.user.is_authenticated:
            response.headers["Cache-Control"] = PUBLIC_CACHE
            patch_vary_headers(response, ["Authorization", "Cookie"])
        return response
