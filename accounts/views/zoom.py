"""The signed-in organizer's connection to Zoom."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import passwords, zoom_connecting, zoom_connections
from accounts.models import ZoomConnection
from accounts.permissions import IsOrganizer
from accounts.requests import AuthenticatedRequest
from accounts.serializers import zoom as shapes
from accounts.serializers.access import MessageSerializer
from common.viewsets import BaseViewSet


class ZoomViewSet(BaseViewSet[ZoomConnection]):
    """The Zoom account that hosts one's meetings."""

    scoped_by = "the caller's own connection"
    request: AuthenticatedRequest
    schema_tag = "zoom"
    permission_classes = [IsOrganizer]
    external = True
    serializer_class = shapes.ZoomConditionSerializer
    action_serializers = {
        "complete": shapes.ZoomCallbackSerializer,
        "destroy": shapes.FreshProofOfIdentitySerializer,
    }

    def retrieve(self, request: Request) -> Response:
        """Show how the connection is doing."""
        condition = zoom_connections.condition(self.request.user)
        return Response(shapes.ZoomConditionSerializer(asdict(condition)).data)

    @extend_schema(responses={200: shapes.AuthorizationUrlSerializer})
    def connect(self, request: Request) -> Response:
        """Start connecting; the answer says where to send the browser."""
        session: Any = request.auth
        url = zoom_connecting.begin(self.request.user, session, now=timezone.now())
        return Response({"authorization_url": url})

    @extend_schema(responses={200: MessageSerializer})
    def complete(self, request: Request) -> Response:
        """Finish connecting with what Zoom sent back."""
        session: Any = request.auth
        body = self.validated(shapes.ZoomCallbackSerializer)
        zoom_connecting.complete(session, **body, now=timezone.now())
        return Response({"message": "Zoom connected successfully."})

    @extend_schema(request=shapes.FreshProofOfIdentitySerializer, responses={204: None})
    def destroy(self, request: Request) -> Response:
        """Disconnect; wants a fresh proof of identity, and does no harm when repeated."""
        user = self.request.user
        body = self.validated(shapes.FreshProofOfIdentitySerializer)
        passwords.require_fresh(user, password=body["password"], now=timezone.now())
        zoom_connections.disconnect(user, by=user)
        return Response(status=status.HTTP_204_NO_CONTENT)
