"""Libraries of speakers."""

from typing import Any

from rest_framework.serializers import BaseSerializer

from accounts.permissions import IsOrganizerOrMember
from accounts.requests import AuthenticatedRequest
from common.parsers import StrictJSONParser, UploadParser
from common.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, UpdateMixin
from events import speakers
from events.filters import SpeakerFilter
from events.models import Speaker
from events.serializers.speakers import SpeakerSerializer, SpeakerWriteSerializer


class SpeakerViewSet(
    ListMixin[Speaker],
    CreateMixin[Speaker],
    RetrieveMixin[Speaker],
    UpdateMixin[Speaker],
    DestroyMixin[Speaker],
):
    """The people who speak at one's events and at those of one's organizations."""

    request: AuthenticatedRequest
    schema_tag = "events"
    resource = "events"
    permission_classes = [IsOrganizerOrMember]
    parser_classes = [StrictJSONParser, UploadParser]
    queryset = Speaker.objects.select_related("organization", "owner", "photo")
    serializer_class = SpeakerSerializer
    action_serializers = {
        "create": SpeakerWriteSerializer,
        "partial_update": SpeakerWriteSerializer,
        "retrieve": SpeakerSerializer,
    }
    filterset_class = SpeakerFilter
    search_fields = ("name", "email")
    ordering = ("name", "id")
    ordering_fields = ("name",)
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: BaseSerializer[Speaker]) -> Speaker:
        return speakers.add(by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Speaker]) -> None:
        speaker: Any = serializer.instance
        speakers.change(speaker, by=self.request.user, changes=serializer.validated_data)

    def perform_destroy(self, row: Speaker) -> None:
        speakers.remove(row, by=self.request.user)
