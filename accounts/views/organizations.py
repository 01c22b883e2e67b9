"""Organizations and who belongs to them."""

from functools import cached_property
from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.serializers import BaseSerializer

from accounts import organizations
from accounts.filters import MembershipFilter
from accounts.models import Membership, Organization
from accounts.permissions import IsOrganizer, IsVerified
from accounts.requests import AuthenticatedRequest
from accounts.serializers import organizations as shapes
from common.viewsets import CreateMixin, ListMixin, RetrieveMixin, ScopedViewSet, UpdateMixin


class OrganizationViewSet(
    ListMixin[Organization],
    CreateMixin[Organization],
    RetrieveMixin[Organization],
    UpdateMixin[Organization],
):
    """The organizations one belongs to."""

    request: AuthenticatedRequest
    resource = "organizations"
    queryset = Organization.objects.all()
    serializer_class = shapes.OrganizationSerializer
    ordering = ("name",)
    search_fields = ("name",)

    def get_permissions(self) -> list[BasePermission]:
        if self.action == "create":
            return [IsVerified(), IsOrganizer()]
        return [IsAuthenticated()]

    def get_queryset(self) -> QuerySet[Organization]:
        rows = cast("Any", super().get_queryset())
        if self.action == "list":
            rows = rows.filter(pk__in=Organization.objects.joined_by(self.request.user))
        return cast("QuerySet[Organization]", rows.with_counts().with_role_of(self.request.user))

    def perform_create(self, serializer: BaseSerializer[Organization]) -> Organization:
        return organizations.found(by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Organization]) -> None:
        organization = cast("Organization", serializer.instance)
        organization.edit(by=self.request.user, **serializer.validated_data)


class MembershipViewSet(
    ListMixin[Membership], RetrieveMixin[Membership], ScopedViewSet[Membership]
):
    """The people of one organization."""

    request: AuthenticatedRequest
    schema_tag = "organizations"
    resource = "organizations"
    queryset = Membership.objects.select_related("user")
    serializer_class = shapes.MembershipSerializer
    filterset_class = MembershipFilter
    search_fields = ("user__full_name", "user__email")
    ordering = ("created_at",)

    @cached_property
    def organization(self) -> Organization:
        visible = Organization.objects.visible_to(self.request.user)
        return get_object_or_404(visible, uuid=self.kwargs["organization_uuid"])

    def get_queryset(self) -> QuerySet[Membership]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(organization=self.organization)
