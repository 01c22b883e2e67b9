"""Designs to choose from."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema

from accounts.requests import AuthenticatedRequest
from certificates import templates
from certificates.models import CertificateTemplate
from certificates.serializers import (
    CertificateTemplateSerializer,
    CertificateTemplateSummarySerializer,
)
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet


@extend_schema(tags=["certificates"])
class CertificateTemplateViewSet(
    ListMixin[CertificateTemplate],
    RetrieveMixin[CertificateTemplate],
    ScopedViewSet[CertificateTemplate],
):
    """Designs of certificates: built-in ones, one's own, and those shared with one."""

    request: AuthenticatedRequest
    resource = "certificates"
    queryset = CertificateTemplate.objects.all()
    serializer_class = CertificateTemplateSerializer
    action_serializers = {"list": CertificateTemplateSummarySerializer}
    search_fields = ("name", "description")
    ordering = ("name", "id")
    ordering_fields = ("name", "created_at")

    def get_queryset(self) -> QuerySet[CertificateTemplate]:
        rows = templates.with_history(super().get_queryset())
        return rows.filter(is_latest_version=True) if self.action == "list" else rows
