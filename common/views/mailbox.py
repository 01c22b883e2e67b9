"""The development mailbox: what would have been sent, read from the files the transport writes."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

SHOWN = ("uuid", "kind", "to_email", "subject", "text", "html", "created_at")
NEWEST = 200


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Show the newest messages to people."""
    messages = _messages(request.GET.get("to", ""))
    return render(request, "common/mailbox.html", {"messages": messages})


@require_safe
def mailbox_json(request: HttpRequest) -> JsonResponse:
    """List the newest messages, all or those to one address."""
    return JsonResponse(_messages(request.GET.get("to", "")), safe=False)


def _messages(to: str) -> list[dict[str, Any]]:
    if not settings.MAILBOX_SHOWN:
        raise Http404
    wanted = to.strip().lower()
    messages = [json.loads(file.read_text()) for file in settings.MAIL_DIR.glob("*.json")]
    messages.sort(key=lambda message: str(message["created_at"]), reverse=True)
    return [
        {name: message.get(name, "") for name in SHOWN}
        for message in messages
        if wanted in ("", str(message["to_email"]).lower())
    ][:NEWEST]
