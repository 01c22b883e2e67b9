"""What is done with one certificate by those who answer for it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certificates import artifacts, issuing
from certificates.models import Certificate
from certificates.serializers import (
    CertificateHistorySerializer,
    DismissReviewSerializer,
    EventCertificateSerializer,
    RevokeSerializer,
)
from certificates.views import downloads
from common.viewsets import ScopedViewSet


class CertificateVerbs(ScopedViewSet[Certificate]):
    """Revoke, clear, rebuild, resend, download, look back."""

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, **kwargs: Any) -> Response:
        """Revoke a certificate for good."""
        return self.carry_out(issuing.revoke, **self.validated(RevokeSerializer))

    @action(detail=True, methods=["post"], url_path="dismiss-review")
    def dismiss_review(self, request: Request, **kwargs: Any) -> Response:
        """Leave a certificate as it is although its facts changed since."""
        return self.carry_out(Certificate.dismiss_review, **self.validated(DismissReviewSerializer))

    @extend_schema(responses={202: EventCertificateSerializer})
    @action(detail=True, methods=["post"])
    def rebuild(self, request: Request, **kwargs: Any) -> Response:
        """Try again to make the PDF that could not be made."""
        return self.carry_out(artifacts.rebuild, status.HTTP_202_ACCEPTED)

    @extend_schema(responses={202: EventCertificateSerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, **kwargs: Any) -> Response:
        """Mail the certificate to its holder once more, at most every ten minutes."""
        return self.carry_out(artifacts.resend, status.HTTP_202_ACCEPTED)

    @extend_schema(parameters=[downloads.REDIRECT], responses=downloads.ANSWERS)
    @action(detail=True, methods=["get"])
    def download(self, request: Request, **kwargs: Any) -> Response:
        """Get a link to the signed PDF, whatever the status of the certificate."""
        return downloads.answer(request, artifacts.download(self.get_object()))

    @extend_schema(responses=CertificateHistorySerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def history(self, request: Request, **kwargs: Any) -> Response:
        """List what happened to a certificate, newest first."""
        rows: Any = self.get_object().history.select_related("actor")
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(CertificateHistorySerializer(page, many=True).data)
