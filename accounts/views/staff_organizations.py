"""Organizations as the people of the platform judge them."""

from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import organizations
from accounts.filters import StaffOrganizationFilter
from accounts.models import Membership, Organization
from accounts.requests import AuthenticatedRequest
from accounts.serializers.staff_organizations import StaffOrganizationSerializer, VerdictSerializer
from common import oversight
from common.permissions import IsPlatformStaff
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet

OWNERS = Membership.objects.filter(role="owner", ended_at=None).select_related("user")


class StaffOrganizationViewSet(
    ListMixin[Organization], RetrieveMixin[Organization], ScopedViewSet[Organization]
):
    """All organizations, for the people who run the platform."""

    request: AuthenticatedRequest
    scoped_by = "platform staff"
    schema_tag = "staff"
    permission_classes = [IsPlatformStaff]
    queryset = Organization.objects.all()
    serializer_class = StaffOrganizationSerializer
    action_serializers = {
        "partial_update": VerdictSerializer,
        "retrieve": StaffOrganizationSerializer,
    }
    filterset_class = StaffOrganizationFilter
    search_fields = ("name", "slug", "contact_email")
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[Organization]:
        oversight.note("organization.view")
        rows: Any = Organization.objects.all()
        owners = Prefetch("memberships", queryset=OWNERS, to_attr="owners")
        return cast("QuerySet[Organization]", rows.with_counts().prefetch_related(owners))

    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Verify or deactivate an organization, or take that back; a reason is required."""
        return self.carry_out(organizations.judge, **self.validated(VerdictSerializer))
