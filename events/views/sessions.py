"""The sessions of an event."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.requests import AuthenticatedRequest
from common.viewsets import ListMixin, RetrieveMixin, ScopedViewSet
from events.filters import EventSessionFilter
from events.models import EventSession
from events.scoping import EventScopedMixin
from events.serializers.parts import EventSessionSerializer
from events.serializers.writing import EventReasonSerializer


@extend_schema(tags=["events"])
class EventSessionViewSet(
    EventScopedMixin[EventSession],
    ListMixin[EventSession],
    RetrieveMixin[EventSession],
    ScopedViewSet[EventSession],
):
    """The sessions of one event."""

    request: AuthenticatedRequest
    resource = "events"
    queryset = EventSession.objects.select_related("event").prefetch_related(
        "speakers", "event__sessions"
    )
    serializer_class = EventSessionSerializer
    action_serializers = {"cancel": EventReasonSerializer, "retrieve": EventSessionSerializer}
    filterset_class = EventSessionFilter
    ordering = ("session_number", "id")
    ordering_fields = ("session_number",)

    @action(detail=True, methods=["post"])
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Begin a session; a published event goes live with it."""
        return self.carry_out(EventSession.start)

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, **kwargs: Any) -> Response:
        """End a session; the event ends with its last one."""
        return self.carry_out(EventSession.complete)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Take a session out of the event."""
        return self.carry_out(EventSession.cancel, **self.validated(EventReasonSerializer))
