"""Whether the product lives, whether it is ready, and what it counts."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from common import metrics, readiness
from common.exceptions import NotAuthenticated
from common.views.plain import PlainView

READINESS = inline_serializer(
    "Readiness",
    {
        "status": serializers.ChoiceField(readiness.STATES),
        "checks": serializers.DictField(child=serializers.ChoiceField(readiness.STATES)),
    },
)


class HealthView(PlainView):
    """Say that the process answers, without touching anything."""

    @extend_schema(
        operation_id="health_retrieve",
        summary="Is the process alive",
        tags=["health"],
        responses=inline_serializer("Health", {"status": serializers.CharField()}),
        examples=[OpenApiExample("Alive", {"status": "ok"}, response_only=True)],
    )
    def get(self, _request: Request) -> Response:
        return Response({"status": "ok"})


class ReadinessView(PlainView):
    """Say whether the parts the product stands on are there."""

    @extend_schema(
        operation_id="readiness_retrieve",
        summary="Is the product ready for requests",
        tags=["health"],
        responses={200: READINESS, 503: READINESS},
    )
    def get(self, _request: Request) -> Response:
        checks = readiness.check(timezone.now())
        verdict = readiness.verdict(checks)
        ready = verdict != readiness.DOWN
        return Response(
            {"status": verdict, "checks": checks},
            status=status.HTTP_200_OK if ready else status.HTTP_503_SERVICE_UNAVAILABLE,
        )


class MetricsView(PlainView):
    """Tell the counters and figures as Prometheus text."""

    further_refusals = {"get": (status.HTTP_401_UNAUTHORIZED, status.HTTP_404_NOT_FOUND)}

    @extend_schema(
        operation_id="metrics_retrieve",
        summary="Counters and figures for Prometheus",
        description="Needs the installation's metrics token as a Bearer token, where one is set.",
        tags=["health"],
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, description="Prometheus text"),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        self._admit(request)
        text = metrics.exposition(timezone.now())
        return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    def _admit(self, request: Request) -> None:
        if not settings.METRICS_TOKEN:
            if settings.METRICS_OPEN:
                return
            raise Http404
        told = request.headers.get("Authorization", "")
        if not constant_time_compare(told, f"Bearer {settings.METRICS_TOKEN}"):
            raise NotAuthenticated
