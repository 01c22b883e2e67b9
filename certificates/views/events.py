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
from certificates import forecasts, issuing
from certificates.filters import EventCertificateFilter
from certificates.models import Certificate
from certificates.serializers import (
    CertificateSummarySerializer,
    CertificateTemplateSerializer,
    DismissReviewSerializer,
    EligibilitySerializer,
    EventCertificateSerializer,
    IssueOutcomeSerializer,
    IssueSerializer,
    RevokeSerializer,
)
from certificates.views.verbs import CertificateVerbs
from common.selection import Expansion
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet
from events.scoping import EventScopedMixin
from registrations.models import Registration


@extend_schema(tags=["certificates"])
class EventCertificateViewSet(
    ListMixin[Certificate],
    RetrieveMixin[Certificate],
    EventScopedMixin[Certificate],
    CertificateVerbs,
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
    search_fields = ("holder_name", "holder_email", "short_code", "printed_number", "event_title")
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
