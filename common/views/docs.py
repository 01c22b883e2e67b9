"""The schema and the page that shows it."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


@cache
def schema() -> dict[str, Any]:
    """Return the schema; it is the same for everybody as long as the process lives."""
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema of this API, as YAML or, by Accept, as JSON."""

    @extend_schema(
        operation_id="schema_retrieve",
        summary="This document",
        tags=["health"],
        responses={
            (200, "application/vnd.oai.openapi"): OpenApiTypes.OBJECT,
            (200, "application/vnd.oai.openapi+json"): OpenApiTypes.OBJECT,
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(schema(), headers={"Content-Disposition": 'inline; filename="openapi"'})


class DocsView(SpectacularSwaggerSplitView):
    """The schema for people: every operation, to read and to try."""
