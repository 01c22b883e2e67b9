"""A receiver of webhooks on loopback, that answers what the test tells it to."""

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT = 10  # seconds until a test that went wrong ends


class Receiver(ThreadingHTTPServer):
    """Keeps what came; `answers` are (status, headers, body), the last one repeats."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = []
        self.answers = [(200, {}, b"ok")]
        self.released = threading.Event()

    @property
    def port(self):
        return self.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks?tenant=7"

    def handle_error(self, request, client_address):
        """Say nothing when the other side hangs up: tests make it do so."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.path, headers, body))
        answers = self.server.answers
        status, extra, content = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == "hold":
            self.server.released.wait(WAIT)
            return
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Keep the test output clean."""


@contextmanager
def serving(context=None):
    """Run a receiver, with TLS if a context is given."""
    receiver = Receiver()
    if context is not None:
        receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        receiver.shutdown()
        receiver.server_close()
        thread.join(WAIT)


@contextmanager
def mute_server(first_bytes=b""):
    """Accept connections, send the bytes to each, and then nothing, for as long as it takes."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken = []

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(connection)
            connection.sendall(first_bytes)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in taken:
            connection.close()
        thread.join(WAIT)
