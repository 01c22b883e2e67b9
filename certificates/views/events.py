"""Certificates of one event, for those who issue them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import Capability
from certificates import artifacts, forecasts, issuing
from certificates.filters import EventCertificateFilter
from certificates.models import Certificate
from certificates.serializers import (
    CertificateHistorySerializer,
    CertificateSummarySerializer,
    CertificateTemplateSerializer,
    DismissReviewSerializer,
    EligibilitySerializer,
    EventCertificateSerializer,
    IssueOutcomeSerializer,
    IssueSerializer,
    RevokeSerializer,
)
from certificates.views import downloads
from common.selection import Expansion
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet
from events.scoping import EventScopedMixin
from registrations.models import Registration


@extend_schema(tags=["certificates"])
class EventCertificateViewSet(
    ListMixin[Certificate],
    RetrieveMixin[Certificate],
    EventScopedMixin[Certificate],
    ScopedViewSet[Certificate],
):
    """The certificates of an event. They are never edited: reissued, or revoked with a reason."""

    resource = "certificates"
    further_refusals = {"issue": (402,), "download": (409,)}
    queryset = Certificate.objects.all()
    serializer_class = EventCertificateSerializer
    action_serializers = {
        "issue": IssueSerializer,
        "revoke": RevokeSerializer,
        "dismiss_review": DismissReviewSerializer,
    }
    filterset_class = EventCertificateFilter
    expansions = {"template": Expansion(CertificateTemplateSerializer)}
    search_fields = (
        "holder_name",
        "holder_email",
        "short_code",
        "printed_number",
        "event_title",
    )
    ordering = ("-issued_at", "-uuid")
    ordering_fields = ("issued_at", "event_date", "attendee_name", "expires_on")

    @property
    def event_action(self) -> str:  # type: ignore[override]  # it depends on the method
        reading = self.request.method in SAFE_METHODS
        return Capability.CERTIFICATES_VIEW if reading else Capability.CERTIFICATES_ISSUE

    def get_queryset(self) -> QuerySet[Certificate]:
        rows: Any = ScopedViewSet.get_queryset(self)
        if getattr(self, "swagger_fake_view", False):
            return Certificate.objects.none()
        shown: QuerySet[Certificate] = rows.of_event(self.event.pk).with_facts().with_relations()
        return shown

    @extend_schema(responses={200: IssueOutcomeSerializer, 201: IssueOutcomeSerializer})
    @action(detail=False, methods=["post"], throttle_scope="bulk")
    def issue(self, request: Request, **kwargs: Any) -> Response:
        """Issue certificates to those named, or to everybody eligible."""
        wishes = self.validated(IssueSerializer)
        outcome = issuing.issue_for_event(self.event, by=self.request.user, **wishes)
        made = outcome.issued and not wishes.get("dry_run")
        return Response(
            IssueOutcomeSerializer(outcome).data,
            status=status.HTTP_201_CREATED if made else status.HTTP_200_OK,
        )

    @extend_schema(responses=EligibilitySerializer(many=True), filters=False)
    @action(detail=False, methods=["get"])
    def eligibility(self, request: Request, **kwargs: Any) -> Response:
        """Tell for each registration whether a certificate is owed, and why not."""
        people: Any = Registration.objects.current().filter(event=self.event)
        page: Any = self.paginate_queryset(people.select_related("user").order_by("pk"))
        standings = forecasts.forecast(self.event, page or [])
        return self.get_paginated_response(EligibilitySerializer(standings, many=True).data)

    @extend_schema(responses=CertificateSummarySerializer, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def summary(self, request: Request, **kwargs: Any) -> Response:
        """Count what was issued, is owed and needs a judgement."""
        return Response(CertificateSummarySerializer(forecasts.summary(self.event)).data)

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
