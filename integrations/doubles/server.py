"""A small HTTP server on loopback for doubles: a table of routes, faults on demand, a call log."""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
from django.conf import settings

LOOPBACK: Final = "127.0.0.1"
SEND_TIMEOUT: Final = 10


@dataclass(frozen=True)
class Call:
    """One request that a double received."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return a form body."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}

    def json(self) -> dict[str, Any]:
        """Return a JSON body, empty when there is none."""
        parsed = json.loads(self.body or b"{}")
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True)
class Answer:
    """What a double answers."""

    status: int = HTTPStatus.OK
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


@dataclass
class Fault:
    """What goes wrong for the next ``times`` calls whose path matches."""

    path: str
    times: int = 1
    answer: Answer | None = None
    delay: float = 0.0
    drop: bool = False
    after: bool = False  # the double does its work and only the answer is lost


Route = tuple[str, str, Callable[..., Answer]]


class Double:
    """A provider's stand-in: subclasses list their routes in ``routes``.

    Calls take turns; those named in ``unlocked`` do not, because the product calls back.
    """

    routes: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    unlocked: ClassVar[frozenset[str]] = frozenset()
    provider = ""
    deliver_to = ""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._table = [
            (method, re.compile(pattern + r"\Z"), getattr(self, name))
            for method, pattern, name in self.routes
        ]
        self.reset()

    def reset(self) -> None:
        """Forget everything but where to listen and to deliver."""
        self.calls: list[Call] = []
        self.faults: list[Fault] = []

    @property
    def url(self) -> str:
        """Where the double listens."""
        if self._server is None:
            raise RuntimeError("The double has not been started.")
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def webhook_secret(self) -> str:
        """The secret that the product expects its messages to be signed with."""
        known: list[str] = getattr(settings, f"{self.provider.upper()}_WEBHOOK_SECRET")
        return [*known, settings.DEVELOPMENT_WEBHOOK_SECRET][0]

    def start(self) -> "Double":
        """Listen on a free port of loopback."""
        self._server = _Server((LOOPBACK, 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the socket."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @staticmethod
    def said(status: int, body: Any = None, **headers: str) -> Answer:
        """Return an answer for `fail`; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(status, body, named)

    def fail(self, path: str, **facts: Any) -> None:
        """Let the next calls of a path (a regular expression) go wrong."""
        self.faults.append(Fault(path, **facts))

    def count(self, method: str, path: str) -> int:
        """Return how often a path (a regular expression) was called."""
        return sum(
            call.method == method and bool(re.fullmatch(path, call.path)) for call in self.calls
        )

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a message to the product, wherever it is reached; return what it answered."""
        usual = f"{settings.PUBLIC_BASE_URL}/api/v1/webhooks/{self.provider}/"
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us and ourselves
            answer = session.post(
                self.deliver_to or usual, data=body, headers=headers, timeout=SEND_TIMEOUT
            )
        return answer.status_code

    def answer(self, call: Call) -> Answer | None:
        """Return the answer to a call; None drops the connection."""
        with self.lock:
            self.calls.append(call)
            fault = self._next_fault(call.path)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.after:
                self.work(call)
            if fault.drop:
                return None
            if fault.answer is not None:
                return fault.answer
        return self.work(call)

    def unknown(self, call: Call) -> Answer:
        """Answer a path that the double does not play."""
        return Answer(HTTPStatus.NOT_FOUND, {"message": f"No such path: {call.path}"})

    def work(self, call: Call) -> Answer:
        """Do what a call asks for."""
        for method, pattern, play in self._table:
            match = pattern.match(call.path)
            if match and method == call.method:
                return self.play(play, call, match.groupdict())
        return self.unknown(call)

    def play(self, act: Callable[..., Answer], call: Call, named: Mapping[str, str]) -> Answer:
        """Carry out one call; a body that makes no sense is refused."""
        try:
            with nullcontext() if act.__name__ in self.unlocked else self.lock:
                return act(call, **named)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return Answer(HTTPStatus.BAD_REQUEST, {"code": 300, "message": f"Bad body: {error}"})

    def _next_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and re.fullmatch(fault.path, path):
                fault.times -= 1
                return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; tests make them do so."""


def _handler_of(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            call = Call(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            answer = double.answer(call)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            content = answer.encoded()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 -- the library's names

        def log_message(self, *_: Any) -> None:
            """Stay quiet; the call log tells more."""

    return Handler
