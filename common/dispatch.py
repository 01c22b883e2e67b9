"""The way every request of the API takes, whatever its view."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import idempotency, oversight, scopes, throttling
from common.renderers import Renderer

Handler = Callable[..., HttpResponseBase]


class Pipeline(APIView):
    """Authentication, permission, throttle, body, idempotency key, handler: in this order.

    A view says by attributes what differs. `throttle_scope` names one scope or several besides
    anon and user. `idempotent = False` ignores the Idempotency-Key (answers with a secret);
    `external = True` means that the handler talks to a provider and holds no transaction.
    `resource` opens the view to API tokens with its scopes; `personal = True` keeps those of
    organizations out, because its rows are the caller's own and nobody else's.
    """

    resource: ClassVar[str] = ""
    personal: ClassVar[bool] = False
    throttle_scope: str | tuple[str, ...] = ""
    idempotent: bool = True
    external: bool = False
    cache_control: str = "no-store"

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        with oversight.watching() as watch:
            try:
                self.initial(self.request, *args, **kwargs)
                response = idempotency.run(self, self.choose_handler())
            except Exception as exc:  # noqa: BLE001 -- as REST framework: crashes are raised again
                response = self.handle_exception(exc)
            self.response = self.finalize_response(self.request, response, *args, **kwargs)
            oversight.record(self.request, self.response, watch)
        return self.response

    def choose_handler(self) -> Handler:
        """Return the method of this view that serves the request."""
        name = (self.request.method or "").lower()
        if name not in self.http_method_names:
            return self.http_method_not_allowed
        handler: Handler = getattr(self, name, self.http_method_not_allowed)
        return handler

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.refuse_nul(request)
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            # Read every body, also one that the operation does not need: broken is broken.
            request.data  # noqa: B018 -- parsed on access

    def refuse_nul(self, request: Request) -> None:
        """Refuse a NUL in the query: no database takes it."""
        values = request.query_params.lists()
        if any("\x00" in part for name, given in values for part in (name, *given)):
            raise ParseError("NUL characters are not allowed in the query.")

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            throttling.count_bad_token(request)
            raise

    def check_permissions(self, request: Request) -> None:
        scopes.require(request.auth, self, request.method or "")
        super().check_permissions(request)

    def check_throttles(self, request: Request) -> None:
        scope = self.throttle_scope
        throttling.check(request, self, (scope,) if isinstance(scope, str) else scope)

    def throttle_key(self, scope: str) -> str:
        """Return what a scope counts by instead of its usual key; empty for the usual one."""
        return ""

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if getattr(self.request, "accepted_renderer", None) is None or (
            self.request.accepted_renderer.format not in {"json", "api"}
        ):
            # A refused export is told in JSON, whatever type the file would have had.
            self.request.accepted_renderer = Renderer()
            self.request.accepted_media_type = Renderer.media_type
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        headers: Mapping[str, str] = throttling.headers(request)
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Cache-Control", self.cache_control)
        return answer


class OpenToAll(Pipeline):
    """Needs no sign-in: an invalid or expired token counts as none."""

    permission_classes = [AllowAny]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Leave out API tokens: a program is nobody in particular here."""
        known = super().get_authenticators()
        return [each for each in known if not getattr(each, "for_programs", False)]

    def perform_authentication(self, request: Request) -> None:
        with suppress(AuthenticationFailed):  # it leaves the anonymous user on the request
            request.user  # noqa: B018 -- authenticates on access


class BaseView(Pipeline):
    """One operation for signed-in callers."""


class PublicView(OpenToAll):
    """One operation for everybody."""
