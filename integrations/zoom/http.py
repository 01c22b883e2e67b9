"""The wire to Zoom: timeouts, typed failures, patience with rate limits, a circuit breaker."""

import random
import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import requests
import urllib3
from celery import current_task
from django.conf import settings
from django.utils import timezone

from integrations import doubles
from integrations.zoom.failures import (
    ZoomAuthFailed,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRejected,
    ZoomScopeMissing,
    ZoomUnavailable,
)
from integrations.zoom.payloads import moment

REAL_API: Final = "https://api.zoom.us/v2"
REAL_OAUTH: Final = "https://zoom.us"
USER_AGENT: Final = "CPD-Events"
CONNECT_TIMEOUT: Final = 3.05
READ_TIMEOUT: Final = 10
READ_TIMEOUT_IN_TASKS: Final = 30
MAX_ANSWER_BYTES: Final = 5 * 1024 * 1024
REPEATABLE: Final = frozenset({"GET", "PUT", "PATCH", "DELETE"})
REPEAT_AFTER: Final = (0.5, 2.0)  # seconds
QPS_AFTER: Final = (1.0, 2.0, 4.0)  # seconds
NOT_FOUND_CODE: Final = 3001
SCOPE_CODE: Final = 4711
WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,7}")
SCOPES_NAMED: Final = re.compile(r"scopes?:? *\[([^\]]*)\]")

_session = requests.Session()
_session.headers["User-Agent"] = USER_AGENT


class _Circuit:
    """Opens for 30 s after 5 failures in a row within a minute, in this process."""

    FAILURES: Final = 5
    WITHIN: Final = 60.0
    OPEN_FOR: Final = 30.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed_at: list[float] = []
        self._open_until = 0.0

    def check(self) -> None:
        if time.monotonic() < self._open_until:
            raise ZoomUnavailable("Zoom did not answer the last calls.")

    def succeeded(self) -> None:
        with self._lock:
            self._failed_at.clear()
            self._open_until = 0.0

    def failed(self) -> None:
        now = time.monotonic()
        with self._lock:
            recent = [at for at in self._failed_at if now - at < self.WITHIN]
            self._failed_at = [*recent, now]
            if len(self._failed_at) >= self.FAILURES:
                self._open_until = now + self.OPEN_FOR
                self._failed_at.clear()


circuit = _Circuit()


def call(
    method: str,
    path: str,
    *,
    token: str,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Call Zoom's API and return the answer; every failure has a type."""
    circuit.check()
    url = f"{api_base()}{path}"
    headers = {"Authorization": f"Bearer {token}"}
    waits = list(REPEAT_AFTER) if method in REPEATABLE else []
    patience = list(QPS_AFTER)
    while True:
        try:
            response = _send(method, url, headers=headers, json=body, params=query)
        except ZoomUnavailable:
            if not waits:
                circuit.failed()
                raise
            _pause(waits.pop(0))
            continue
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and patience and _is_qps(response):
            _pause(patience.pop(0))
            continue
        circuit.succeeded()
        return _read(response)


def api_base() -> str:
    """Return where Zoom's API is: as configured, else at Zoom or at the double that plays it."""
    played = doubles.start().get("zoom")
    configured: str = settings.ZOOM_API_BASE
    return f"{played}/v2" if played and configured == REAL_API else configured


def oauth_base() -> str:
    """Return where grants are made: as configured, else at Zoom or at the double that plays it."""
    played = doubles.start().get("zoom")
    configured: str = settings.ZOOM_OAUTH_BASE
    return played if played and configured == REAL_OAUTH else configured


def manner(url: str) -> dict[str, Any]:
    """Return how a call is made: time-outs by where we wait, no redirects, no proxy to ourselves.

    Somebody waits for the answer to a request; a task has more time.
    """
    reading = READ_TIMEOUT_IN_TASKS if current_task else READ_TIMEOUT
    proxies = {"http": ""} if url.startswith("http://127.0.0.1") else {}
    return {
        "timeout": (CONNECT_TIMEOUT, reading),
        "allow_redirects": False,
        "proxies": proxies,
    }


def _send(method: str, url: str, **kwargs: Any) -> requests.Response:
    try:
        response = _session.request(method, url, stream=True, **manner(url), **kwargs)
        content = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise ZoomUnavailable(type(error).__name__) from error
    if len(content) > MAX_ANSWER_BYTES:
        response.close()
        raise ZoomUnavailable("The answer is too large.")
    response._content = content  # noqa: SLF001 -- read here to bound its size
    if response.is_redirect or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ZoomUnavailable(f"HTTP {response.status_code}")
    return response


def _read(response: requests.Response) -> dict[str, Any]:
    facts = _json(response)
    code = facts.get("code") if isinstance(facts.get("code"), int) else 0
    message = str(facts.get("message") or "")
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return facts
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ZoomRateLimited(_retry_at(response))
    if code == SCOPE_CODE:
        named = SCOPES_NAMED.search(message)
        raise ZoomScopeMissing(named[1] if named else "")
    if status == HTTPStatus.UNAUTHORIZED:
        raise ZoomAuthFailed(message[:200])
    if status == HTTPStatus.NOT_FOUND or code == NOT_FOUND_CODE:
        raise ZoomNotFound(message[:200])
    raise ZoomRejected(int(code or status), message)


def _json(response: requests.Response) -> dict[str, Any]:
    if not response.content:
        return {}
    try:
        facts = response.json()
    except ValueError as error:
        if response.status_code < HTTPStatus.BAD_REQUEST:
            raise ZoomUnavailable("The answer is no JSON.") from error
        return {}
    return facts if isinstance(facts, dict) else {}


def _is_qps(response: requests.Response) -> bool:
    return response.headers.get("X-RateLimit-Type", "").upper() == "QPS"


def _retry_at(response: requests.Response) -> datetime:
    """Read seconds, an HTTP date or ISO 8601; without any the next day in UTC begins it anew."""
    given = response.headers.get("Retry-After", "")
    now = timezone.now()
    if WHOLE_SECONDS.fullmatch(given):
        return now + timedelta(seconds=int(given))
    try:
        return parsedate_to_datetime(given).astimezone(UTC)
    except (TypeError, ValueError):
        pass
    tomorrow = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return moment(given) or tomorrow + timedelta(days=1)


def _pause(seconds: float) -> None:
    time.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311 -- spreads retries, no secret
