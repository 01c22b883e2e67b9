"""The audit log, for an organization and for oneself."""

from django.db.models import QuerySet
from rest_framework.permissions import IsAuthenticated

from accounts.filters import AuditLineFilter
from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability
from accounts.scoping import OrganizationScopedMixin
from accounts.serializers.audit import AuditLineSerializer, SharedAuditLineSerializer
from common.models import AuditEntry
from common.pagination import CursorPaginationByCreated
from common.viewsets import BaseViewSet, ListMixin


class OrganizationAuditViewSet(OrganizationScopedMixin[AuditEntry], ListMixin[AuditEntry]):
    """What was done in one organization, newest first."""

    organization_capability = Capability.AUDIT_VIEW
    permission_classes = [IsAuthenticated]
    queryset = AuditEntry.objects.all()
    serializer_class = SharedAuditLineSerializer
    filterset_class = AuditLineFilter
    pagination_class = CursorPaginationByCreated

    def get_queryset(self) -> QuerySet[AuditEntry]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.filter(organization_uuid=self.organization.uuid)


class MyAuditViewSet(ListMixin[AuditEntry], BaseViewSet[AuditEntry]):
    """What the caller did, newest first."""

    request: AuthenticatedRequest
    scoped_by = "the caller's own actions"
    schema_tag = "users"
    permission_classes = [IsAuthenticated]
    queryset = AuditEntry.objects.all()
    serializer_class = AuditLineSerializer
    filterset_class = AuditLineFilter
    pagination_class = CursorPaginationByCreated

    def get_queryset(self) -> QuerySet[AuditEntry]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.filter(actor_uuid=self.request.user.uuid)
