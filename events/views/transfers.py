"""Events that change hands."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import IsOrganizerOrMember
from accounts.requests import AuthenticatedRequest
from common.viewsets import ScopedViewSet
from events import transfer
from events.access import Action
from events.models import Event
from events.serializers.copying import EventTransferSerializer, TransferredEventSerializer
from events.serializers.reading import EventSerializer


@extend_schema(tags=["events"])
class EventTransferViewSet(ScopedViewSet[Event]):
    """Whose an event is."""

    request: AuthenticatedRequest
    resource = "events"
    permission_classes = [IsOrganizerOrMember]
    queryset = Event.objects.for_details()
    serializer_class = EventSerializer
    action_serializers = {"transfer": EventTransferSerializer, "retrieve": EventSerializer}
    action_capabilities = {"transfer": Action.DISPOSE}

    @extend_schema(responses={200: TransferredEventSerializer})
    def transfer(self, request: Request, **kwargs: Any) -> Response:
        """Give the event to a colleague, or one of one's own to one's organization."""
        with self.guarded() as event:
            to = self.validated(EventTransferSerializer)
            cleared = transfer.hand_over(event, by=self.request.user, **to)
        shown = self.answer(self.reload(event))
        # The tag is that of the event, as its own page would send it.
        return Response({**shown.data, "cleared": cleared}, headers={"ETag": shown.headers["ETag"]})
