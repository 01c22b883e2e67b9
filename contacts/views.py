"""The page behind the link that every invitation and promotional mail carries."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from common.exceptions import NotFound
from contacts import suppressions
from contacts.models import Suppression

ONE_CLICK = "One-Click"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribeView(View):
    """A page with one button; mail programs press it by themselves (RFC 8058).

    Looking changes nothing, for scanners follow every link.
    """

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return _page(request, token, is_done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        by_program = request.POST.get("List-Unsubscribe") == ONE_CLICK
        source = Suppression.Source.ONE_CLICK if by_program else Suppression.Source.PAGE
        return _page(request, token, is_done=True, source=source)


def _page(request: HttpRequest, token: str, *, is_done: bool, **said: Any) -> HttpResponse:
    try:
        wish = suppressions.read(token)
    except NotFound:
        return _answer(request, "contacts/unknown_link.html", {}, status=404)
    if is_done:
        suppressions.unsubscribe(wish, **said)
    return _answer(request, "contacts/unsubscribe.html", {"wish": wish, "is_done": is_done})


def _answer(
    request: HttpRequest, template: str, facts: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    return TemplateResponse(request, template, facts, status=status, headers=HEADERS)
