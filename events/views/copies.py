"""Copies of events."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import IsOrganizerOrMember
from accounts.requests import AuthenticatedRequest
from common.viewsets import ScopedViewSet
from events import copying
from events.models import Event
from events.serializers.copying import DuplicateSerializer
from events.serializers.reading import EventSerializer


@extend_schema(tags=["events"])
class EventCopyViewSet(ScopedViewSet[Event]):
    """Events made of events."""

    request: AuthenticatedRequest
    resource = "events"
    permission_classes = [IsOrganizerOrMember]
    queryset = Event.objects.for_details()
    serializer_class = EventSerializer
    action_serializers = {"duplicate": DuplicateSerializer, "retrieve": EventSerializer}

    @extend_schema(responses={201: EventSerializer})
    def duplicate(self, request: Request, **kwargs: Any) -> Response:
        """Draft the event once more, at its wall-clock time in the weeks to come."""
        with self.guarded() as event:
            changes = self.validated(DuplicateSerializer)
            copy = copying.duplicate(event, by=self.request.user, **changes)
        return self.answer(self.reload(copy), status.HTTP_201_CREATED)
