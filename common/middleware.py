"""The outermost layer: who asks, what every answer carries, and what goes wrong below."""

import ipaddress
import re
import time
import uuid
from collections.abc import Callable
from http.client import INTERNAL_SERVER_ERROR, NOT_FOUND

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase

from common import answers, context, metrics
from common.exceptions import InvalidRequest

log = structlog.get_logger("access")
crash_log = structlog.get_logger("crash")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
HEALTH = frozenset({"/healthz", "/readyz"})
USER_AGENT_LENGTH = 300
CSP_DATA = "default-src 'none'; frame-ancestors 'none'"
CSP_PAGE = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FEATURES = (
    "accelerometer autoplay camera display-capture encrypted-media fullscreen geolocation "
    "gyroscope magnetometer microphone midi payment picture-in-picture "
    "publickey-credentials-get screen-wake-lock usb xr-spatial-tracking"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES.split()),
    "Cache-Control": "no-store",
}


class HttpsRequired(InvalidRequest):
    code = "HTTPS_REQUIRED"
    message = "This API is served over https only."


class RequestMiddleware:
    """Give each request its id and context, each answer its headers and its access line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        with context.acting(
            request_id=_request_id(request),
            actor_type="system",
            actor_uuid=None,
            token_uuid=None,
            ip_address=client_ip(request),
            user_agent=_user_agent(request),
        ) as origin:
            response = _refusal(request) or self.get_response(request)
            if response.status_code == NOT_FOUND and request.resolver_match is None:
                response = answers.not_found(request) or response
            _dress(request, response, origin.request_id)
            _note(request, response, time.perf_counter() - started)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer what a view raised, with DEBUG on too, where Django shows its own page."""
        if answers.is_page(request) and not answers.is_database_away(exception):
            return None
        response = answers.to_exception(exception)
        if response.status_code >= INTERNAL_SERVER_ERROR:
            crash_log.error("view failed", exc_info=exception)
            got_request_exception.send(sender=type(self), request=request)
        return response


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address: the socket's, or what our own proxies say of it."""
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.NUM_PROXIES:
        return direct
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    told = forwarded[-min(settings.NUM_PROXIES, len(forwarded))].strip()
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return direct


def _request_id(request: HttpRequest) -> str:
    told = request.headers.get("X-Request-ID", "")
    return told if REQUEST_ID.fullmatch(told) else uuid.uuid4().hex


def _user_agent(request: HttpRequest) -> str:
    told = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]
    return "".join(character for character in told if character.isprintable())


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    """Answer requests that must not reach the product: unknown hosts, and plain http."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return answers.refuse(InvalidRequest("This host is not served here."))
    if not settings.HTTPS_REQUIRED or request.is_secure() or request.path in HEALTH:
        return None
    if request.path.startswith("/api/"):
        return answers.refuse(HttpsRequired())
    return HttpResponsePermanentRedirect(f"https://{host}{request.get_full_path()}")


def _dress(request: HttpRequest, response: HttpResponseBase, request_id: str) -> None:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    response.headers["X-Request-ID"] = request_id
    response.headers.setdefault("Content-Security-Policy", CSP_PAGE if is_html else CSP_DATA)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        # Django's middleware says it on what it has seen; refusals of this one come from above.
        response.headers.setdefault(
            "Strict-Transport-Security",
            f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains",
        )


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    if request.path in HEALTH:
        return
    route = _route(request)
    method = request.method if request.method in METHODS else "OTHER"
    metrics.observe_request(
        method=method, route=route, status=response.status_code, seconds=seconds
    )
    metrics.share()
    log.info(
        "request",
        method=method,
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
    )


def _route(request: HttpRequest) -> str:
    """Return the route, never the path: a path may hold a token."""
    if request.resolver_match is not None:
        return request.resolver_match.route
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"
