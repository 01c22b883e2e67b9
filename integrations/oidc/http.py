"""The wire to those who vouch: bounded in time and size, no redirects, outages by name."""

from http import HTTPStatus
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter

from integrations.oidc.failures import OidcUnavailable

USER_AGENT: Final = "CPD-Events"
TIMEOUT: Final = (3.05, 10)  # seconds to connect and between two bytes; somebody waits
MAX_ANSWER_BYTES: Final = 512 * 1024


class BoundedAdapter(HTTPAdapter):
    """Reads no more than an answer may hold; one that is no answer is an outage."""

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        kwargs |= {"stream": True, "timeout": TIMEOUT}
        try:
            response = super().send(request, *args, **kwargs)
            content = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise OidcUnavailable(type(error).__name__) from error
        if len(content) > MAX_ANSWER_BYTES:
            response.close()
            raise OidcUnavailable("The answer is too large.")
        response._content = content  # noqa: SLF001 -- read here to bound its size
        _require_up(response)
        return response


def prepare(session: requests.Session, *, address: str) -> None:
    """Let the session speak as we speak; what listens in this process needs no proxy."""
    session.headers["User-Agent"] = USER_AGENT
    session.trust_env = not address.startswith("http://127.0.0.1")
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())


def _require_up(response: requests.Response) -> None:
    status = response.status_code
    busy = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if busy or response.is_redirect:
        raise OidcUnavailable(f"HTTP {status}")
