"""Keys for programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts import api_tokens
from accounts.filters import ApiTokenFilter
from accounts.models import ApiToken
from accounts.permissions import IsVerified
from accounts.requests import AuthenticatedRequest
from accounts.serializers import api_tokens as shapes
from common.viewsets import DestroyMixin, ListMixin, RetrieveMixin, UpdateMixin


class ApiTokenViewSet(
    ListMixin[ApiToken], RetrieveMixin[ApiToken], UpdateMixin[ApiToken], DestroyMixin[ApiToken]
):
    """One's own keys, and those of the organizations whose keys one keeps.

    A key acts as its creator: a personal one with their own content, one of an organization
    there alone, with the lesser of their role and organizer. Its secret is shown once.
    """

    request: AuthenticatedRequest
    schema_tag = "api tokens"
    permission_classes = [IsVerified]
    idempotent = False
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    queryset = ApiToken.objects.select_related("user", "organization")
    serializer_class = shapes.ApiTokenSerializer
    action_serializers = {
        "create": shapes.ApiTokenCreateSerializer,
        "rotate": shapes.ApiTokenRotateSerializer,
    }
    filterset_class = ApiTokenFilter
    search_fields = ("name", "prefix")
    ordering_fields = ("created_at", "expires_at", "last_used_at", "name")

    @extend_schema(responses={201: shapes.IssuedApiTokenSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Make a key; wants a fresh proof of identity."""
        wishes = self.validated(shapes.ApiTokenCreateSerializer)
        issued = api_tokens.create(by=self.request.user, **wishes)
        response = self.tell(issued, status.HTTP_201_CREATED)
        response.headers["Location"] = request.build_absolute_uri(
            f"{request.path}{issued.row.uuid}/"
        )
        return response

    @extend_schema(responses=shapes.IssuedApiTokenSerializer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **kwargs: Any) -> Response:
        """Give the key a new secret; wants a fresh proof of identity of its creator."""
        wishes = self.validated(shapes.ApiTokenRotateSerializer)
        with self.guarded() as row:
            issued = api_tokens.rotate(row, by=self.request.user, **wishes)
        return self.tell(issued, status.HTTP_200_OK)

    def tell(self, issued: api_tokens.Issued, status_code: int) -> Response:
        """Answer with the row and, this once, its secret."""
        answer = self.answer(issued.row, status_code)
        told = {**answer.data, "token": issued.token}
        return Response(told, status=status_code, headers={"ETag": answer.headers["ETag"]})

    def perform_update(self, serializer: BaseSerializer[ApiToken]) -> None:
        if "name" in serializer.validated_data:
            token: Any = serializer.instance
            api_tokens.rename(token, by=self.request.user, **serializer.validated_data)

    def perform_destroy(self, row: ApiToken) -> None:
        api_tokens.revoke(row, by=self.request.user)
