"""The sessions of an event."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.requests import AuthenticatedRequest
from common.viewsets import (
    CreateMixin,
    DestroyMixin,
    ListMixin,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)
from events import access, agenda, meeting_sync
from events.filters import EventSessionFilter
from events.models import EventSession
from events.scoping import EventScopedMixin
from events.serializers.parts import EventSessionSerializer
from events.serializers.writing import (
    EventReasonSerializer,
    HostLinkSerializer,
    OrderSerializer,
    SessionRescheduleSerializer,
    SessionWriteSerializer,
)


class EventSessionVerbs(EventScopedMixin[EventSession], ScopedViewSet[EventSession]):
    """The moves of the status table, and of the programme."""

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

    @action(detail=True, methods=["post"], url_path="restore-session")
    def restore_session(self, request: Request, **kwargs: Any) -> Response:
        """Bring a cancelled session back."""
        return self.carry_out(agenda.restore)

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, **kwargs: Any) -> Response:
        """Move a session of a published or live event; registrants are told."""
        return self.carry_out(agenda.reschedule, **self.validated(SessionRescheduleSerializer))


@extend_schema(tags=["events"])
class EventSessionViewSet(
    EventSessionVerbs,
    ListMixin[EventSession],
    CreateMixin[EventSession],
    RetrieveMixin[EventSession],
    UpdateMixin[EventSession],
    DestroyMixin[EventSession],
):
    """The sessions of one event."""

    request: AuthenticatedRequest
    resource = "events"
    queryset = EventSession.objects.select_related("event").prefetch_related(
        "speakers", "event__sessions"
    )
    serializer_class = EventSessionSerializer
    action_serializers = {
        "create": SessionWriteSerializer,
        "update": SessionWriteSerializer,
        "partial_update": SessionWriteSerializer,
        "cancel": EventReasonSerializer,
        "reschedule": SessionRescheduleSerializer,
        "reorder": OrderSerializer,
        "retrieve": EventSessionSerializer,
    }
    filterset_class = EventSessionFilter
    search_fields = ("title",)
    ordering = ("session_number", "id")
    ordering_fields = ("session_number",)

    def perform_create(self, serializer: BaseSerializer[EventSession]) -> EventSession:
        self.require(access.Action.MANAGE)
        return agenda.add(self.event, by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[EventSession]) -> None:
        session: Any = serializer.instance
        changes = serializer.validated_data
        if not serializer.partial:
            changes = agenda.replacing(session, changes, SessionWriteSerializer.Meta.fields)
        agenda.change(session, by=self.request.user, changes=changes)

    def perform_destroy(self, row: EventSession) -> None:
        agenda.remove(row, by=self.request.user)

    @extend_schema(responses=EventSessionSerializer(many=True))
    @action(detail=False, methods=["post"])
    def reorder(self, request: Request, **kwargs: Any) -> Response:
        """Number the sessions in the order named."""
        self.require(access.Action.MANAGE)
        agenda.reorder(self.event, by=self.request.user, **self.validated(OrderSerializer))
        self.action = "list"
        return self.list(request)


@extend_schema(tags=["events"])
class HostLinkViewSet(EventScopedMixin[EventSession], ScopedViewSet[EventSession]):
    """The host's way into the meeting of a session."""

    request: AuthenticatedRequest
    resource = "events"
    external = True
    event_action = access.Action.MANAGE
    queryset = EventSession.objects.select_related("event__owner", "zoom_connection")
    serializer_class = HostLinkSerializer

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Fetch the link from Zoom; nothing of it is kept."""
        found = meeting_sync.host_link(self.get_object(), now=timezone.now())
        answer = HostLinkSerializer(asdict(found)).data
        return Response(answer, headers={"Cache-Control": "no-store"})
