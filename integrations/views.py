"""Where providers post, and where platform staff look after what they posted."""

import time
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status as http
from rest_framework.decorators import action
from rest_framework.fields import DictField
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import audit, context
from common.dispatch import BaseView
from common.exceptions import TooLarge, UnsupportedMedia
from common.models import AuditEntry
from common.pagination import CursorPaginationByCreated
from common.permissions import IsPlatformStaff
from common.viewsets import BaseViewSet, ListMixin, RetrieveMixin
from integrations import inbound, status, webhooks
from integrations.filters import InboundWebhookFilter
from integrations.models import InboundWebhook
from integrations.serializers import (
    BulkRetrySerializer,
    ConditionSerializer,
    ConditionsQuerySerializer,
    InboundWebhookSerializer,
    InboundWebhookSummarySerializer,
    QueuedSerializer,
    ReceivedSerializer,
    RetrySerializer,
    StripeMessageSerializer,
    ZoomMessageSerializer,
)


class ProviderView(APIView):
    """Take a signed message: no sign-in, no throttle, no parser before the bytes are verified."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = (JSONRenderer,)
    further_refusals = {"post": (401,)}
    provider: ClassVar[str]

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Answer JSON, whatever the provider would like best."""
        return JSONRenderer(), "application/json"

    def post(self, request: Request) -> Response:
        body = self._raw(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = inbound.receive(self.provider, body, headers, now=time.time())
        return Response(answer, headers={"Cache-Control": "no-store"})

    def _raw(self, request: Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMedia("The body must not be encoded.")
        body: bytes = request._request.body  # noqa: SLF001 -- the bytes as they came
        if len(body) > inbound.MAX_BODY_BYTES:
            raise TooLarge
        return body


@extend_schema(tags=["webhooks"])
class ZoomWebhookView(ProviderView):
    """Messages of Zoom."""

    provider = "zoom"

    @extend_schema(
        operation_id="webhooks_zoom", request=ZoomMessageSerializer, responses=ReceivedSerializer
    )
    def post(self, request: Request) -> Response:
        """Take a message signed in `x-zm-signature`; answers Zoom's URL validation."""
        return super().post(request)


@extend_schema(tags=["webhooks"])
class StripeWebhookView(ProviderView):
    """Messages of Stripe."""

    provider = "stripe"

    @extend_schema(
        operation_id="webhooks_stripe",
        request=StripeMessageSerializer,
        responses=ReceivedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Take a message signed in `Stripe-Signature`."""
        return super().post(request)


@extend_schema(tags=["integrations"])
class InboundWebhookViewSet(
    ListMixin[InboundWebhook], RetrieveMixin[InboundWebhook], BaseViewSet[InboundWebhook]
):
    """Messages of providers, for the people who run the platform."""

    scoped_by = "platform staff"

    permission_classes = (IsPlatformStaff,)
    queryset = InboundWebhook.objects.all()
    serializer_class = InboundWebhookSerializer
    action_serializers = {
        "list": InboundWebhookSummarySerializer,
        "retry": RetrySerializer,
        "retry_many": BulkRetrySerializer,
    }
    filterset_class = InboundWebhookFilter
    pagination_class = CursorPaginationByCreated

    def retrieve(self, request: Request, **kwargs: str) -> Response:
        """Show one message with its body; looking at it is audited."""
        response = super().retrieve(request, **kwargs)
        self._audit("inbound_webhook.read", target=self.get_object())
        return response

    @extend_schema(responses={202: InboundWebhookSummarySerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: str) -> Response:
        """Take a message up again."""
        webhook = self.get_object()
        asked = self.validated(RetrySerializer)
        with transaction.atomic():
            webhooks.retry(webhook, **asked)
            self._audit("inbound_webhook.retried", target=webhook, **asked)
        webhook.refresh_from_db()
        return Response(InboundWebhookSummarySerializer(webhook).data, http.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="integrations_inbound_webhooks_retry_many",
        request=BulkRetrySerializer,
        responses={202: QueuedSerializer},
    )
    @action(detail=False, methods=["post"], url_path="retry", url_name="retry-many")
    def retry_many(self, request: Request, **kwargs: str) -> Response:
        """Take up every failed or skipped message that matches, 10,000 at most."""
        asked = self.validated(BulkRetrySerializer)
        with transaction.atomic():
            queued = webhooks.retry_many(**asked)
            self._audit("inbound_webhooks.retried", queued=queued, **asked)
        return Response({"queued": queued}, http.HTTP_202_ACCEPTED)

    def _audit(self, what: str, **facts: Any) -> None:
        person: Any = self.request.user
        with context.acting(actor_type=AuditEntry.ActorType.STAFF):
            audit.record(what, by=person, **facts)


@extend_schema(tags=["integrations"])
class ConditionsView(BaseView):
    """The connections to the outside world."""

    @extend_schema(
        operation_id="integrations_conditions",
        parameters=[ConditionsQuerySerializer],
        responses={200: DictField(child=ConditionSerializer())},
    )
    def get(self, request: Request) -> Response:
        """Show whether Zoom, payments, mail and the inbox are set up and work."""
        query = ConditionsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(status.of_all(request.user, query.validated_data.get("organization")))
