"""What integrators are told, where, and what became of it."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import deliveries, endpoints, webhooks
from accounts.filters import WebhookDeliveryFilter, WebhookEndpointFilter
from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.permissions import IsVerified
from accounts.requests import AuthenticatedRequest
from accounts.serializers import webhooks as shapes
from common.pagination import CursorPaginationByCreated
from common.viewsets import BaseViewSet, DestroyMixin, ListMixin, RetrieveMixin

TRIES = Prefetch("attempts_log", queryset=WebhookAttempt.objects.order_by("pk"))
TAG = "outbound webhooks"


class EndpointVerbs(BaseViewSet[WebhookEndpoint]):
    """What is done with an endpoint that is there."""

    request: AuthenticatedRequest

    @extend_schema(request=None, responses=shapes.RotatedSecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, **kwargs: Any) -> Response:
        """Replace the secret; for 24 hours the old one signs as well."""
        with self.guarded() as row:
            rotated = endpoints.rotate_secret(row, by=self.request.user)
        return Response(shapes.RotatedSecretSerializer(rotated).data)

    @extend_schema(request=None, responses=shapes.WebhookEndpointSerializer)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, **kwargs: Any) -> Response:
        """Send to the endpoint again and forget that it failed."""
        return self.carry_out(endpoints.enable)

    @extend_schema(request=None, responses={202: shapes.WebhookDeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Send the endpoint a ping."""
        with self.guarded() as row:
            delivery = endpoints.ping(row, by=self.request.user)
        answer = shapes.WebhookDeliverySerializer(delivery).data
        return Response(answer, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={202: shapes.CountSerializer})
    @action(detail=True, methods=["post"], url_path="redeliver-failed")
    def redeliver_failed(self, request: Request, **kwargs: Any) -> Response:
        """Send again what failed or was dropped, with the same ids."""
        wishes = self.validated(shapes.RedeliverFailedSerializer)
        with self.guarded() as row:
            count = deliveries.redeliver_failed(row, by=self.request.user, **wishes)
        return Response({"count": count}, status=status.HTTP_202_ACCEPTED)


class WebhookEndpointViewSet(
    EndpointVerbs,
    ListMixin[WebhookEndpoint],
    RetrieveMixin[WebhookEndpoint],
    DestroyMixin[WebhookEndpoint],
):
    """Addresses that are told what happens, one's own and those of organizations one keeps.

    Messages are signed by the scheme of standardwebhooks.com; the secret is shown once.
    """

    resource = "webhooks"
    request: AuthenticatedRequest
    schema_tag = TAG
    permission_classes = [IsVerified]
    idempotent = False
    queryset = WebhookEndpoint.objects.select_related("user", "organization")
    serializer_class = shapes.WebhookEndpointSerializer
    action_serializers = {
        "create": shapes.WebhookEndpointCreateSerializer,
        "partial_update": shapes.WebhookEndpointChangeSerializer,
        "redeliver_failed": shapes.RedeliverFailedSerializer,
    }
    filterset_class = WebhookEndpointFilter
    search_fields = ("url", "description")
    ordering_fields = ("created_at", "url")

    @extend_schema(responses={201: shapes.NewWebhookEndpointSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Add an endpoint; the answer holds its secret, this once."""
        wishes = self.validated(shapes.WebhookEndpointCreateSerializer)
        row = endpoints.create(by=self.request.user, **wishes)
        told = {**self.answer(row).data, "secret": row.secret}
        location = request.build_absolute_uri(f"{request.path}{row.uuid}/")
        return Response(told, status=status.HTTP_201_CREATED, headers={"Location": location})

    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the endpoint."""
        return self.carry_out(
            endpoints.change, **self.validated(shapes.WebhookEndpointChangeSerializer)
        )

    def perform_destroy(self, row: WebhookEndpoint) -> None:
        endpoints.remove(row, by=self.request.user)


class WebhookDeliveryViewSet(
    ListMixin[WebhookDelivery], RetrieveMixin[WebhookDelivery], BaseViewSet[WebhookDelivery]
):
    """The messages of the last 30 days to one endpoint, newest first."""

    resource = "webhooks"
    request: AuthenticatedRequest
    scoped_by = "the endpoint, which the caller keeps"
    schema_tag = TAG
    permission_classes = [IsVerified]
    pagination_class = CursorPaginationByCreated
    queryset = WebhookDelivery.objects.prefetch_related(TRIES)
    serializer_class = shapes.WebhookDeliveryDetailSerializer
    action_serializers = {"list": shapes.WebhookDeliverySerializer}
    filterset_class = WebhookDeliveryFilter

    @cached_property
    def endpoint(self) -> WebhookEndpoint:
        kept = WebhookEndpoint.objects.managed_by(self.request.user)
        return get_object_or_404(kept, uuid=self.kwargs["endpoint_uuid"])

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        if self.action == "list":
            rows = rows.prefetch_related(None)
        return rows.filter(endpoint=self.endpoint)

    @extend_schema(request=None, responses={202: shapes.WebhookDeliveryDetailSerializer})
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, **kwargs: Any) -> Response:
        """Send the same message again, with all its tries."""
        return self.carry_out(deliveries.redeliver, status.HTTP_202_ACCEPTED)


class WebhookEventTypeViewSet(BaseViewSet[Any]):
    """The catalogue of what endpoints can be told, by name, each with an example."""

    resource = "webhooks"
    scoped_by = "nobody's rows: the same for everybody"
    schema_tag = TAG
    serializer_class = shapes.WebhookEventTypeSerializer
    filter_backends = ()

    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the types of messages."""
        page = self.paginate_queryset(webhooks.types())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
