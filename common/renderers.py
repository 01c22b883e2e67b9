"""How answers are written: JSON, the browsable page, and the types of exports."""

import decimal
import json
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from rest_framework.compat import SHORT_SEPARATORS
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import (
    BaseRenderer,
    BrowsableAPIRenderer,
    HTMLFormRenderer,
    JSONRenderer,
)
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder as FrameworkEncoder

CSV_TYPE: Final = "text/csv"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class JSONEncoder(FrameworkEncoder):
    """REST framework's encoder, but a decimal stays exact, as text."""

    def default(self, obj: Any) -> Any:
        return str(obj) if isinstance(obj, decimal.Decimal) else super().default(obj)


def encode(data: Any) -> bytes:
    """Return the JSON of an answer: UTF-8, unescaped, without spaces."""
    text = json.dumps(
        data, cls=JSONEncoder, ensure_ascii=False, allow_nan=False, separators=SHORT_SEPARATORS
    )
    # Line separators of JavaScript, as in REST framework's own renderer.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


class Renderer(JSONRenderer):
    """JSON; an answer whose bytes were already made for its tag is not made twice."""

    encoder_class = JSONEncoder

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        context = renderer_context or {}
        encoded: bytes | None = getattr(context.get("response"), "encoded", None)
        if encoded is not None and self.get_indent(accepted_media_type or "", context) is None:
            return encoded
        return super().render(data, accepted_media_type, renderer_context)


class FormRenderer(HTMLFormRenderer):
    """Forms of the page; a select box too long to be of use becomes a field for a uuid."""

    def render_field(self, field: Any, parent_style: Mapping[str, Any]) -> str:
        if getattr(field, "shows_uuid", False) and field.has_too_many_choices():
            field.style.setdefault("base_template", "input.html")
        rendered: str = super().render_field(field, parent_style)
        return rendered


class BrowsableRenderer(BrowsableAPIRenderer):
    """The page that people with a browser session get."""

    form_renderer_class = FormRenderer

    def get_default_renderer(self, view: Any) -> BaseRenderer:
        return Renderer()


class Negotiation(DefaultContentNegotiation):
    """Choose by `Accept`; the page is for browser sessions, in development for everybody."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        allowed = [
            renderer
            for renderer in renderers
            if renderer.format != BrowsableAPIRenderer.format or may_browse(request)
        ]
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, allowed, format_suffix)
        return chosen


def may_browse(request: Request) -> bool:
    """Tell whether this caller may be answered with the browsable page."""
    if not settings.BROWSABLE_API or "text/html" not in request.headers.get("Accept", ""):
        return False
    user = getattr(request._request, "user", None) or AnonymousUser()  # noqa: SLF001 -- the session's user; ours is not known before negotiation
    return settings.DEBUG or user.is_authenticated


class CsvRenderer(BaseRenderer):
    """Names the type for negotiation; the bytes are streamed by `common.exports`."""

    media_type = CSV_TYPE
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        return encode(data)


class XlsxRenderer(CsvRenderer):
    """Names the type for negotiation; the bytes are written by `common.exports`."""

    media_type = XLSX_TYPE
    format = "xlsx"
    charset = None  # type: ignore[assignment]  # binary
