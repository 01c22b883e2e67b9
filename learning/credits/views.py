"""Credits as people and providers see them."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import AuthenticatedRequest
from common.viewsets import BaseViewSet, ListMixin, RetrieveMixin
from events.models import Event
from learning.credits import ledger
from learning.credits.filters import CreditAwardFilter, EventCreditFilter
from learning.credits.models import CreditAward, CreditDecision
from learning.credits.serializers import (
    CreditAwardSerializer,
    CreditAwardSummarySerializer,
    CreditSummarySerializer,
    EventCreditSerializer,
)


@extend_schema(tags=["credits"])
class MyCreditViewSet(ListMixin[CreditAward], RetrieveMixin[CreditAward], BaseViewSet[CreditAward]):
    """The caller's rows of the credit ledger, newest first; nothing is ever netted away."""

    scoped_by = "visible_to: the caller's own rows"
    request: AuthenticatedRequest
    resource = "credits"
    personal = True
    queryset = CreditAward.objects.all()
    serializer_class = CreditAwardSerializer
    action_serializers = {"list": CreditAwardSummarySerializer, "summary": CreditSummarySerializer}
    filterset_class = CreditAwardFilter
    ordering = ("-activity_date",)
    ordering_fields = ("activity_date", "created_at")

    def get_queryset(self) -> QuerySet[CreditAward]:
        if getattr(self, "swagger_fake_view", False):
            return CreditAward.objects.none()
        return CreditAward.objects.visible_to(self.request.user).as_shown()

    @extend_schema(summary="Sum up the caller's credits", responses=CreditSummarySerializer)
    @action(detail=False, methods=["get"], pagination_class=None)
    def summary(self, request: Request, **kwargs: Any) -> Response:
        """Totals by credit type and scheme; the filters of the list apply."""
        rows = self.filter_queryset(self.get_queryset())
        return Response(CreditSummarySerializer({"results": ledger.summary(rows)}).data)


@extend_schema(tags=["credits"])
class EventCreditViewSet(ListMixin[CreditDecision], BaseViewSet[CreditDecision]):
    """What each person earned at an event by the latest decision, with the reasons."""

    scoped_by = "the event, which the caller sees"
    request: AuthenticatedRequest
    resource = "credits"
    queryset = CreditDecision.objects.all()
    serializer_class = EventCreditSerializer
    filterset_class = EventCreditFilter

    @cached_property
    def event(self) -> Event:
        seen = Event.objects.visible_to(self.request.user)
        return get_object_or_404(seen, uuid=self.kwargs["event_uuid"])

    def get_queryset(self) -> QuerySet[CreditDecision]:
        if getattr(self, "swagger_fake_view", False):
            return CreditDecision.objects.none()
        return CreditDecision.objects.latest_of(self.event)
