"""Certificates of the caller."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import AuthenticatedRequest
from certificates import artifacts
from certificates.filters import MyCertificateFilter
from certificates.models import Certificate
from certificates.serializers import MyCertificateSerializer, VisibilitySerializer
from certificates.views import downloads
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet


@extend_schema(tags=["certificates"])
class MyCertificateViewSet(
    ListMixin[Certificate], RetrieveMixin[Certificate], ScopedViewSet[Certificate]
):
    """The caller's own certificates, from every organizer."""

    request: AuthenticatedRequest
    resource = "certificates"
    personal = True
    further_refusals = {"download": (409,)}
    queryset = Certificate.objects.all()
    serializer_class = MyCertificateSerializer
    action_serializers = {"partial_update": VisibilitySerializer}
    filterset_class = MyCertificateFilter
    search_fields = (
        "holder_name",
        "short_code",
        "printed_number",
        "event_title",
    )
    ordering = ("-issued_at", "-uuid")
    ordering_fields = ("issued_at", "event_date", "attendee_name", "expires_on")

    def get_queryset(self) -> QuerySet[Certificate]:
        if getattr(self, "swagger_fake_view", False):
            return Certificate.objects.none()
        return Certificate.objects.held_by(self.request.user).with_facts().with_relations()

    @extend_schema(request=VisibilitySerializer, responses=MyCertificateSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Show the certificate to whoever has its code, or hide it."""
        return self.carry_out(Certificate.show_publicly, **self.validated(VisibilitySerializer))

    @extend_schema(parameters=[downloads.REDIRECT], responses=downloads.ANSWERS)
    @action(detail=True, methods=["get"])
    def download(self, request: Request, **kwargs: Any) -> Response:
        """Get a link to the signed PDF."""
        return downloads.answer(request, artifacts.download_for_holder(self.get_object()))

    @action(detail=True, methods=["post"], url_path="mark-downloaded")
    def mark_downloaded(self, request: Request, **kwargs: Any) -> Response:
        """Note that the file was saved."""
        return self.carry_out(Certificate.mark_downloaded)
