"""The caller's inbox inside the product."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notifications
from accounts.filters import NotificationFilter
from accounts.models import Notification
from accounts.requests import AuthenticatedRequest
from accounts.serializers import notifications as shapes
from common.viewsets import DestroyMixin, ListMixin, RetrieveMixin


class NotificationViewSet(
    ListMixin[Notification], RetrieveMixin[Notification], DestroyMixin[Notification]
):
    """What the product told the caller."""

    request: AuthenticatedRequest
    schema_tag = "notifications"
    permission_classes = [IsAuthenticated]
    queryset = Notification.objects.all()
    serializer_class = shapes.NotificationSerializer
    filterset_class = NotificationFilter

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, **kwargs: Any) -> Response:
        """Mark the notice as read; the first time counts."""
        return self.carry_out(Notification.note_read)

    @extend_schema(request=None, responses=shapes.ReadCountSerializer)
    @action(detail=False, methods=["post"], url_path="read-all", filterset_class=None)
    def read_all(self, request: Request, **kwargs: Any) -> Response:
        """Mark everything as read."""
        count = notifications.read_all(by=self.request.user)
        return Response(shapes.ReadCountSerializer({"read_count": count}).data)

    @extend_schema(responses=shapes.UnreadCountSerializer)
    @action(
        detail=False,
        methods=["get"],
        url_path="unread-count",
        filterset_class=None,
        pagination_class=None,
    )
    def unread_count(self, request: Request, **kwargs: Any) -> Response:
        """Count what waits."""
        count = notifications.unread(self.request.user).count()
        return Response(shapes.UnreadCountSerializer({"unread_count": count}).data)
