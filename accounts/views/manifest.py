"""What a front end may offer the caller."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import manifest
from accounts.requests import AuthenticatedRequest
from accounts.serializers.manifest import ManifestSerializer
from common.dispatch import BaseView


@extend_schema(tags=["auth"])
class ManifestView(BaseView):
    """What the caller may do, by the rules that the endpoints follow."""

    request: AuthenticatedRequest
    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="auth_manifest_retrieve",
        summary="Show what I may do",
        responses={200: ManifestSerializer},
    )
    def get(self, request: Request) -> Response:
        standing = manifest.of(self.request.user)
        return Response(ManifestSerializer(standing).data)
