"""Messages to integrators: signed, sent to an address just checked, within hard limits.

The scheme is https://www.standardwebhooks.com/, so that receivers find a library for it.
"""

import base64
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from types import TracebackType
from typing import Any, Final, Self

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from standardwebhooks import Webhook
from urllib3.connection import HTTPConnection, HTTPSConnection

from integrations import addresses
from integrations.addresses import BlockedAddress, Target, UnknownHost

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 -- announces a secret, is none
SECRET_BYTES: Final = 32
USER_AGENT: Final = "CPD-Events-Webhooks/1"
CONNECT_SECONDS: Final = 3.0
FIRST_BYTE_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 10.0
READ_BYTES: Final = 64 * 1024
KEPT_BYTES: Final = 1024
# Of a host with many addresses the first few are enough.
TRIED_ADDRESSES: Final = 3
PATIENCE: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Message:
    """What is sent: the exact body, and the secrets that sign it, newest first."""

    id: str
    body: str
    secrets: Sequence[str]
    version: str


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: a status, or an error that says why there is none.

    Errors are `blocked_address`, `unknown_host`, `timeout`, `tls` and `connection`.
    """

    status: int | None = None
    text: str = ""
    error: str = ""
    duration_ms: int = 0
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver took the message."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)


def new_secret() -> str:
    """Return a secret that receivers verify our signatures with."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signatures(message: Message, at: datetime) -> str:
    """Return the signature under each secret, separated by spaces."""
    moment = at.astimezone(UTC)
    return " ".join(
        Webhook(secret).sign(message.id, moment, message.body) for secret in message.secrets
    )


def deliver(url: str, message: Message, *, now: datetime) -> Answer:
    """Post the message once and tell what came of it; never raises for what the other side does.

    Call it outside transactions: it may take ten seconds. Redirects are not followed, proxies
    not asked, and of a long answer only the beginning is read.
    """
    begun = time.monotonic()
    answer = _attempt(url, message, now)
    took = round((time.monotonic() - begun) * 1000)
    return Answer(answer.status, answer.text, answer.error, took, answer.retry_after)


def _attempt(url: str, message: Message, now: datetime) -> Answer:
    try:
        target = addresses.resolve(url)
    except BlockedAddress:
        return Answer(error="blocked_address")
    except UnknownHost:
        return Answer(error="unknown_host")
    with _Cutoff(WHOLE_SECONDS) as cutoff:
        try:
            answer = _exchange(target, message, now, cutoff)
        except (OSError, HTTPException, urllib3.exceptions.HTTPError) as error:
            return Answer(error="timeout" if cutoff.is_over else _reason(error))
    return Answer(error="timeout") if cutoff.is_over else answer


class _Cutoff:
    """Ends an exchange after so many seconds, also where the other side dribbles bytes."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._wire: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, wire: socket.socket) -> None:
        """Remember the connection by a handle of its own: TLS takes the first one away."""
        self.release()
        self._wire = wire.dup()
        if self.is_over:
            self._end()

    def release(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def _end(self) -> None:
        self.is_over = True
        if self._wire is not None:
            with suppress(OSError):  # the exchange ended at this very moment
                self._wire.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self.release()


class _Plain(HTTPConnection):
    cutoff: _Cutoff

    def _new_conn(self) -> socket.socket:
        wire = super()._new_conn()
        self.cutoff.watch(wire)
        return wire


class _Secure(HTTPSConnection):
    cutoff: _Cutoff

    def _new_conn(self) -> socket.socket:
        wire = super()._new_conn()
        self.cutoff.watch(wire)
        return wire


def _exchange(target: Target, message: Message, now: datetime, cutoff: _Cutoff) -> Answer:
    connection = _connected(target, cutoff)
    try:
        connection.timeout = FIRST_BYTE_SECONDS
        connection.request(
            "POST",
            target.path,
            body=message.body.encode(),
            headers=_headers(target, message, now),
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
        )
        response = connection.getresponse()
        text = _readable(response.read(READ_BYTES))
        patience = _patience(response.headers.get("Retry-After", ""), response.status, now)
        return Answer(response.status, text, retry_after=patience)
    finally:
        connection.close()


def _connected(target: Target, cutoff: _Cutoff) -> Any:
    """Connect to the first of the checked addresses that answers."""
    *earlier, last = target.addresses[:TRIED_ADDRESSES]
    for address in earlier:
        with suppress(urllib3.exceptions.TimeoutError):  # also what nobody listens to
            return _connect(target, address, cutoff)
    return _connect(target, last, cutoff)


def _connect(target: Target, address: str, cutoff: _Cutoff) -> Any:
    connection: Any
    if target.scheme == "https":
        # The name is what the certificate must be for; the address is where we connect to.
        connection = _Secure(
            address,
            target.port,
            timeout=CONNECT_SECONDS,
            server_hostname=target.host,
            ca_certs=DEFAULT_CA_BUNDLE_PATH,
        )
    else:
        connection = _Plain(address, target.port, timeout=CONNECT_SECONDS)
    connection.cutoff = cutoff
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


def _headers(target: Target, message: Message, now: datetime) -> dict[str, str]:
    return {
        "host": target.authority,
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "cpd-api-version": message.version,
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures(message, now),
    }


def _reason(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # a timeout to urllib3
        return "connection"
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError):
        return "tls"
    return "connection"


def _readable(body: bytes) -> str:
    text = body[:KEPT_BYTES].decode("utf-8", "ignore")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _patience(written: str, status: int, now: datetime) -> timedelta | None:
    """Return how long the receiver wants to be left alone, in either form of RFC 9110 10.2.3."""
    if status not in PATIENCE or not written:
        return None
    if WHOLE_NUMBER.fullmatch(written):
        return timedelta(seconds=int(written))
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return None
    moment = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
