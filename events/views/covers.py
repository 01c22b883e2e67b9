"""The image of an event."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.parsers import UploadParser
from common.viewsets import ScopedViewSet
from events import covers
from events.models import Event
from events.serializers.reading import EventSerializer
from events.serializers.writing import CoverImageSerializer


@extend_schema(tags=["events"])
class CoverImageViewSet(ScopedViewSet[Event]):
    """What stands above an event."""

    resource = "events"
    parser_classes = [UploadParser]
    queryset = Event.objects.for_details()
    serializer_class = EventSerializer
    action_serializers = {"upload": CoverImageSerializer, "retrieve": EventSerializer}

    @extend_schema(
        request={"multipart/form-data": CoverImageSerializer}, responses={200: EventSerializer}
    )
    def upload(self, request: Request, **kwargs: Any) -> Response:
        """Show this image: JPEG, PNG, GIF or WebP of at most 5 MB."""
        image = self.validated(CoverImageSerializer).get("image")
        return self.carry_out(covers.show, image=image)

    @extend_schema(request=None, responses={200: EventSerializer})
    def remove(self, request: Request, **kwargs: Any) -> Response:
        """Show no image."""
        return self.carry_out(covers.hide)
