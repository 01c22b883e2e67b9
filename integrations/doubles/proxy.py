"""The doubles at the product's own address, so that a person reaches them with one port."""

import requests
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from integrations import doubles

PASSED_ON = ("Accept", "Authorization", "Content-Type", "Idempotency-Key")


@csrf_exempt
def proxy(request: HttpRequest, provider: str, path: str) -> HttpResponse:
    """Pass a call on to a double of this process; elsewhere than in development there is none."""
    double = doubles.running(provider) if settings.DEBUG else None
    if double is None:
        raise Http404
    # Its messages come to the address at which people reach us.
    double.deliver_to = request.build_absolute_uri(f"/api/v1/webhooks/{provider}/")
    answer = requests.request(
        request.method or "GET",
        f"{double.url}/{path}",
        params=request.GET.dict(),
        data=request.body,
        headers={name: request.headers[name] for name in PASSED_ON if name in request.headers},
        allow_redirects=False,
        proxies={"http": ""},  # the double listens in this process
        timeout=15,
    )
    response = HttpResponse(
        answer.content,
        status=answer.status_code,
        content_type=answer.headers.get("Content-Type", "application/json"),
    )
    if "Location" in answer.headers:
        response.headers["Location"] = answer.headers["Location"]
    return response
