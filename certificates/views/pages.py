"""The check for people: pages that work without script, without cookie and without account."""

from typing import Any
from urllib.parse import quote

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from certificates import artifacts, fields, links, verification
from certificates.serializers import FileVerificationSerializer, VerificationSerializer
from certificates.views.public import compared
from common import throttling
from common.dispatch import PublicView
from common.parsers import UploadParser
from common.renderers import Renderer

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
LONGEST_CODE = 40
REFUSED = "certificates/refused.html"
PAGE = {(200, "text/html"): OpenApiTypes.STR}


class PageRenderer(TemplateHTMLRenderer):
    """A page; refusals are pages too."""

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> Any:
        response = renderer_context["response"]
        if response.template_name is None and "error" in (data or {}):
            response.template_name = REFUSED
        return super().render(data, accepted_media_type, renderer_context)

    def get_exception_template(self, response: Any) -> Any:
        return self.resolve_template([REFUSED])

    def get_template_context(self, data: Any, renderer_context: Any) -> dict[str, Any]:
        return {**data, "status_code": renderer_context["response"].status_code}


class PageView(PublicView):
    """A page for people, JSON for programs that accept it."""

    authentication_classes = ()
    renderer_classes = (PageRenderer, Renderer)
    parser_classes = (UploadParser,)
    throttle_scope = "verify"
    idempotent = False

    def handle_exception(self, exc: Exception) -> Response:
        wanted = getattr(self.request, "accepted_renderer", None)
        response = super().handle_exception(exc)
        if isinstance(wanted, PageRenderer):
            self.request.accepted_renderer = wanted
            self.request.accepted_media_type = wanted.media_type
        return response

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        response.headers["Content-Security-Policy"] = CSP
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    def shown(self, facts: dict[str, Any]) -> Response:
        """Answer with the page of a certificate, or its JSON."""
        if isinstance(self.request.accepted_renderer, PageRenderer):
            shown_code = fields.spaced(facts["certificate_id"]) if facts["certificate_id"] else ""
            return Response(
                {
                    "certificate": facts,
                    "shown_code": shown_code,
                    "days": fields.period(facts["event_date"], facts["event_end_date"]),
                },
                template_name="certificates/verified.html",
            )
        serializer = (
            FileVerificationSerializer if "file_matches" in facts else VerificationSerializer
        )
        return Response(serializer(facts).data)


class VerifyFormPage(PageView):
    """Ask for a code or a file."""

    further_refusals = {"post": (404,)}

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]  # it depends on the method
        return "verify_upload" if self.request.method == "POST" else "verify"

    @extend_schema(
        operation_id="verify_form",
        summary="Page to check a certificate",
        tags=["public"],
        parameters=[OpenApiParameter("code", str, description="A code: goes to its page.")],
        responses={**PAGE, 302: OpenApiResponse(description="To the page of the code.")},
    )
    def get(self, request: Request) -> Response:
        code = request.query_params.get("code", "").strip()
        if not code:
            return Response({}, template_name="certificates/verify.html")
        plain = "".join(letter for letter in code if letter.isalnum() or letter == "-")
        address = f"/verify/{quote(plain[:LONGEST_CODE] or '-')}/"
        return Response(
            {},
            status=status.HTTP_302_FOUND,
            headers={"Location": address},
            template_name="certificates/verify.html",
        )

    @extend_schema(
        operation_id="verify_file",
        summary="Page about an uploaded file",
        tags=["public"],
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses=PAGE,
    )
    def post(self, request: Request) -> Response:
        certificate = compared(request)
        return self.shown({**verification.public_facts(certificate), "file_matches": True})


class VerifyCodePage(PageView):
    """Tell whether the certificate of a code is valid."""

    @extend_schema(
        operation_id="verify_code",
        summary="Page about a certificate",
        tags=["public"],
        responses={**PAGE, (200, "application/json"): VerificationSerializer},
    )
    def get(self, request: Request, code: str) -> Response:
        address = throttling.client_address(request)
        certificate = verification.by_code(code, address=address)
        if request.method == "GET":
            verification.note_view(certificate, viewer=None, address=address)
        return self.shown(verification.public_facts(certificate))


class OpenPage(PageView):
    """Lead from the link in an e-mail to the file."""

    throttle_scope = "token"
    further_refusals = {"get": (409, 410)}

    @extend_schema(
        operation_id="certificates_open",
        summary="Open a certificate by the link in an e-mail",
        tags=["certificates"],
        responses={302: OpenApiResponse(description="To the file, for ten minutes.")},
    )
    def get(self, request: Request, token: str) -> Response:
        link = artifacts.download_for_holder(links.opened(token))
        return Response(
            {},
            status=status.HTTP_302_FOUND,
            headers={"Location": link.download_url},
            template_name="certificates/verify.html",
        )
