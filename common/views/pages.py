"""The landing page, the list of collections, and what Django's own error handlers answer."""

import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, is_valid_path, reverse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import answers
from common.exceptions import NotAllowed, NotFound
from common.views.plain import PlainView

NAME = "CPD Events"
CERTIFICATE_CHECK = "/verify/"


class LandingRenderer(TemplateHTMLRenderer):
    """The page, with a link to the certificate check where that is served."""

    def get_template_context(self, data: Any, renderer_context: Any) -> dict[str, Any]:
        page = CERTIFICATE_CHECK if is_valid_path(CERTIFICATE_CHECK) else ""
        return {**super().get_template_context(data, renderer_context), "certificate_check": page}


class LandingView(APIView):
    """Introduce the product: a page for people, a summary for programs."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (LandingRenderer, JSONRenderer)
    template_name = "common/landing.html"

    @extend_schema(
        operation_id="landing_retrieve",
        summary="What this is and where to go",
        tags=["health"],
        responses=inline_serializer(
            "Landing",
            {
                "name": serializers.CharField(),
                "version": serializers.CharField(),
                "docs": serializers.URLField(),
                "schema": serializers.URLField(),
                "api": serializers.URLField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "name": NAME,
                "version": settings.SPECTACULAR_SETTINGS["VERSION"],
                "docs": request.build_absolute_uri(reverse("docs")),
                "schema": request.build_absolute_uri(reverse("schema")),
                "api": request.build_absolute_uri(reverse("api-root")),
            }
        )


class CollectionsView(PlainView):
    """List the collections of the API."""

    @extend_schema(
        operation_id="collections_list",
        summary="The collections of the API",
        tags=["health"],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        prefix = request.path.lstrip("/")
        return Response(
            {
                route.removeprefix(prefix).strip("/"): request.build_absolute_uri(f"/{route}")
                for route in sorted(set(_routes(get_resolver())))
                if route.startswith(prefix) and route != prefix and "<" not in route
            }
        )


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Yield the routes of all lists, as the URL map writes them."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        elif isinstance(pattern, URLPattern) and str(pattern.name).endswith("-list"):
            yield route


@csrf_exempt
def unknown_address(_request: HttpRequest, **_: Any) -> HttpResponseBase:
    """Answer the last route under `/api/`, so that DEBUG changes nothing."""
    return answers.refuse(NotFound())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Refuse a form without its CSRF token."""
    if answers.is_page(request):
        return defaults.permission_denied(request, PermissionError(reason))
    return answers.refuse(NotAllowed("The CSRF token is missing or wrong."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if answers.is_page(request):
        return defaults.bad_request(request, exception)
    return answers.to_exception(exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if answers.is_page(request):
        return defaults.permission_denied(request, exception)
    return answers.to_exception(exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if answers.is_page(request):
        return defaults.page_not_found(request, exception)
    return answers.to_exception(exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer a crash of a middleware, or of a page; an outage is 503 there too."""
    error = sys.exc_info()[1]
    if answers.is_page(request) and not answers.is_database_away(error):
        return defaults.server_error(request)
    return answers.to_exception(error)
