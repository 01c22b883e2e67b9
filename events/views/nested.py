"""What hangs on one event: its history and the meetings of its sessions."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.models import OutgoingEmail
from common.viewsets import ListMixin
from events import access, meetings
from events.models import EventSession, EventStatusHistory
from events.scoping import EventScopedMixin
from events.serializers.parts import (
    EventEmailSerializer,
    EventMeetingSerializer,
    StatusChangeSerializer,
)
from events.serializers.writing import EventMeetingQueuedSerializer, EventMeetingRetrySerializer


@extend_schema(tags=["events"])
class EventStatusHistoryViewSet(
    EventScopedMixin[EventStatusHistory], ListMixin[EventStatusHistory]
):
    """How an event came to be what it is, newest first."""

    resource = "events"
    queryset = EventStatusHistory.objects.select_related("changed_by")
    serializer_class = StatusChangeSerializer
    ordering = ("-created_at", "-id")


@extend_schema(tags=["events"])
class EventEmailViewSet(EventScopedMixin[OutgoingEmail], ListMixin[OutgoingEmail]):
    """The messages that were sent because of an event, newest first."""

    resource = "events"
    event_action = access.Action.MANAGE
    queryset = OutgoingEmail.objects.defer("text", "html", "headers", "attachments")
    serializer_class = EventEmailSerializer
    ordering = ("-created_at", "-id")

    def of_event(self, rows: Any) -> Any:
        return rows.filter(part_of_uuid=self.event.uuid)


@extend_schema(tags=["events"])
class EventMeetingViewSet(EventScopedMixin[EventSession], ListMixin[EventSession]):
    """How the meetings of an event stand, session by session."""

    resource = "events"
    event_action = access.Action.MANAGE
    queryset = EventSession.objects.all()
    serializer_class = EventMeetingSerializer
    action_serializers = {"retry": EventMeetingRetrySerializer}
    ordering = ("session_number", "id")

    @extend_schema(responses={202: EventMeetingQueuedSerializer})
    @action(detail=False, methods=["post"])
    def retry(self, request: Request, **kwargs: Any) -> Response:
        """Try again where making a meeting failed."""
        queued = meetings.retry(
            self.event, by=self.request.user, **self.validated(EventMeetingRetrySerializer)
        )
        return Response({"queued": queued}, status=status.HTTP_202_ACCEPTED)
