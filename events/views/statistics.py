"""Numbers about events, for those who manage them."""

from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.utils import timezone as clock
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import IsOrganizerOrMember
from accounts.requests import AuthenticatedRequest
from common.charts import Chart
from common.viewsets import ScopedViewSet
from events import access, dashboard, reports
from events.models import Event, EventSession
from events.scoping import EventScopedMixin
from events.serializers.statistics import (
    ChartQuerySerializer,
    DashboardSerializer,
    EventStatisticsSerializer,
    ReportQuerySerializer,
    ReportSerializer,
)
from events.statistics import Statistics

DRAWING = {(200, "image/svg+xml"): OpenApiTypes.STR}
# A drawing is looked at, never run.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


@extend_schema(tags=["events"])
class EventStatisticsViewSet(EventScopedMixin[EventSession]):
    """How one event is doing."""

    resource = "events"
    event_action = access.Action.STATISTICS
    queryset = EventSession.objects.all()
    serializer_class = EventStatisticsSerializer

    @cached_property
    def statistics(self) -> Statistics:
        return Statistics(self.event, ZoneInfo(self.request.user.timezone))

    def show(self, request: Request, **kwargs: Any) -> Response:
        """Show registrations, attendance, money and where to find the drawings."""
        shown = {**self.statistics.numbers(), "charts": self._charts()}
        return Response(EventStatisticsSerializer(shown).data)

    @extend_schema(responses=DRAWING)
    def registrations(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Draw how many registered on each day."""
        return _drawing(self.statistics.registrations_chart())

    @extend_schema(parameters=[ChartQuerySerializer], responses=DRAWING)
    def drop_off(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Draw how many were present, every five minutes of a session."""
        asked = ChartQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        session = self.statistics.session(asked.validated_data.get("session"))
        if session is None:
            raise Http404
        return _drawing(self.statistics.drop_off_chart(session))

    def _charts(self) -> list[dict[str, str]]:
        numbers = self.statistics
        drawn = [("registrations", "", numbers.registrations_chart())]
        drawn += [
            ("drop-off", f"?session={session.uuid}", numbers.drop_off_chart(session))
            for session in numbers.sessions
        ]
        base = f"/api/v1/events/{self.event.uuid}/statistics/charts"
        return [
            {
                "name": name,
                "url": self.request.build_absolute_uri(f"{base}/{name}/{query}"),
                "text": chart.text,
            }
            for name, query, chart in drawn
        ]


@extend_schema(tags=["events"])
class EventOverviewViewSet(ScopedViewSet[Event]):
    """How the caller's events are doing together."""

    request: AuthenticatedRequest
    resource = "events"
    permission_classes = [IsOrganizerOrMember]
    queryset = Event.objects.all()

    @extend_schema(responses={200: DashboardSerializer})
    def dashboard(self, request: Request, **kwargs: Any) -> Response:
        """Show what comes next and what needs attention."""
        events = self._managed()
        found = dashboard.overview(
            events, events.for_summaries(), by=self.request.user, now=clock.now()
        )
        return Response(DashboardSerializer(found, context=self.get_serializer_context()).data)

    @extend_schema(parameters=[ReportQuerySerializer], responses={200: ReportSerializer})
    def reports(self, request: Request, **kwargs: Any) -> Response:
        """Show registrations and money of a period, day by day."""
        asked = ReportQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        events = self._managed()
        if organization := asked.validated_data.get("organization"):
            events = events.filter(organization__uuid=organization)
        zone = ZoneInfo(self.request.user.timezone)
        found = reports.report(
            events, period=asked.validated_data["period"], zone=zone, now=clock.now()
        )
        return Response(ReportSerializer(found).data)

    def _managed(self) -> Any:
        return Event.objects.filter(access.somewhere(self.request.user, access.Action.STATISTICS))


def _drawing(chart: Chart) -> HttpResponse:
    return HttpResponse(chart.svg, content_type="image/svg+xml", headers=SAFE)
