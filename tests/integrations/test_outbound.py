"""One message to one receiver: signed, to the address just checked, within hard limits."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone
from standardwebhooks import Webhook

from integrations import outbound
from integrations.outbound import Message
from tests.integrations.receiver import mute_server, serving

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BODY = (
    '{"id":"msg_01J9Z3Q4N7K2T5V8X0B3D6F9HA","type":"ping","created_at":"2026-02-19T09:56:40Z",'
    '"sequence":1,"organization":null,"data":{"object":{"object":"webhook_endpoint",'
    '"uuid":"5a1c0b52-6a55-4f6e-9a3e-0f6f3f0f7d11"}}}'
)
MESSAGE = Message("msg_01J9Z3Q4N7K2T5V8X0B3D6F9HA", BODY, [SECRET], "v1")


@pytest.fixture
def private(settings):
    settings.OUTBOUND_ALLOW_PRIVATE = True
    settings.PUBLIC_BASE_URL = "http://localhost:8000"


@pytest.fixture
def receiver(private):
    with serving() as running:
        yield running


def outcome(answer):
    """Return the answer without how long it took."""
    return answer.status, answer.text, answer.error


def test_the_signature_is_the_one_of_the_scheme():
    at = datetime.fromtimestamp(1771495000, UTC)

    assert outbound.signatures(MESSAGE, at) == "v1,kR4I58njzQ8odVu3qiJri+XI7gf34HcWhzoo2Ciivck="


def test_new_secrets_differ_and_can_sign():
    secret, other = outbound.new_secret(), outbound.new_secret()

    assert secret != other
    assert len(secret) == len(SECRET)
    assert secret.startswith("whsec_")


def test_a_message_arrives_as_it_was_written_and_verifies(receiver):
    now = timezone.now()

    answer = outbound.deliver(receiver.url, MESSAGE, now=now)

    (path, headers, body) = receiver.received[0]
    signed = {name: headers.pop(name) for name in ("webhook-signature", "webhook-timestamp")}
    assert Webhook(SECRET).verify(body, {**headers, **signed}) == {
        "id": MESSAGE.id,
        "type": "ping",
        "created_at": "2026-02-19T09:56:40Z",
        "sequence": 1,
        "organization": None,
        "data": {
            "object": {
                "object": "webhook_endpoint",
                "uuid": "5a1c0b52-6a55-4f6e-9a3e-0f6f3f0f7d11",
            }
        },
    }
    assert (path, body.decode()) == ("/hooks?tenant=7", BODY)
    assert headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "accept-encoding": "identity",
        "content-length": str(len(BODY)),
        "content-type": "application/json",
        "user-agent": "CPD-Events-Webhooks/1",
        "cpd-api-version": "v1",
        "webhook-id": MESSAGE.id,
    }
    assert signed["webhook-timestamp"] == str(int(now.timestamp()))
    assert outcome(answer) == (200, "ok", "")
    assert answer.is_success
    assert answer.duration_ms < 5000


def test_both_secrets_sign_while_one_replaces_the_other(receiver):
    new = outbound.new_secret()
    message = Message(MESSAGE.id, BODY, [new, SECRET], "v1")

    outbound.deliver(receiver.url, message, now=timezone.now())

    (_, headers, body) = receiver.received[0]
    assert Webhook(new).verify(body, headers) == Webhook(SECRET).verify(body, headers)
    first = Webhook(new).sign(
        MESSAGE.id, datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), BODY
    )
    assert headers["webhook-signature"].split(" ")[0] == first


def test_an_endpoint_may_have_any_letters_in_its_message(receiver):
    message = Message(MESSAGE.id, '{"name":"Zoë"}', [SECRET], "v1")

    outbound.deliver(receiver.url, message, now=timezone.now())

    assert receiver.received[0][2] == '{"name":"Zoë"}'.encode()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(receiver, status):
    receiver.answers = [(status, {"location": receiver.url}, b"there")]

    answer = outbound.deliver(receiver.url, MESSAGE, now=timezone.now())

    assert outcome(answer) == (status, "there", "")
    assert not answer.is_success
    assert len(receiver.received) == 1


def test_proxies_of_the_environment_are_not_asked(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert outbound.deliver(receiver.url, MESSAGE, now=timezone.now()).status == 200


def test_of_a_long_answer_the_beginning_is_kept_without_control_characters(receiver):
    receiver.answers = [(200, {}, b"\x1b[2Jno\r\nway\x00 " + "é".encode() * 40_000)]

    answer = outbound.deliver(receiver.url, MESSAGE, now=timezone.now())

    assert answer.text.startswith("[2Jno  way  é")
    assert len(answer.text.encode()) <= 1024
    assert answer.is_success


@pytest.mark.parametrize(
    ("status", "written", "expected"),
    [
        (429, "120", timedelta(seconds=120)),
        (503, "Sat, 01 Aug 2026 10:05:00 GMT", timedelta(minutes=5)),
        (503, "Sat, 01 Aug 2026 09:00:00 GMT", timedelta()),
        (503, "Sat, 01 Aug 2026 10:05:00 -0000", timedelta(minutes=5)),
        (429, "soon", None),
        (429, "-5", None),
        (429, None, None),
        (500, "120", None),
    ],
)
def test_only_a_busy_receiver_may_ask_for_patience(receiver, status, written, expected):
    receiver.answers = [(status, {"retry-after": written} if written else {}, b"")]
    now = datetime(2026, 8, 1, 10, tzinfo=UTC)

    assert outbound.deliver(receiver.url, MESSAGE, now=now).retry_after == expected


class TestFailures:
    """Whatever the other side does ends in a word, within the limits."""

    def failure(self, url):
        return outcome(outbound.deliver(url, MESSAGE, now=timezone.now()))

    def test_nobody_listens(self, private):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

        assert self.failure(f"http://127.0.0.1:{port}/") == (None, "", "connection")

    def test_the_receiver_says_nothing(self, receiver, monkeypatch):
        monkeypatch.setattr(outbound, "FIRST_BYTE_SECONDS", 0.05)
        receiver.answers = [("hold", {}, b"")]

        assert self.failure(receiver.url) == (None, "", "timeout")

    @pytest.mark.parametrize(
        "beginning",
        [
            b"HTTP/1.1 200 OK\r\nX-Slow: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nabc",
            b"",
        ],
        ids=["header", "body", "chunk", "nothing"],
    )
    def test_the_whole_exchange_has_an_end(self, private, monkeypatch, beginning):
        monkeypatch.setattr(outbound, "WHOLE_SECONDS", 0.1)

        with mute_server(beginning) as port:
            assert self.failure(f"http://127.0.0.1:{port}/") == (None, "", "timeout")

    def test_also_a_handshake_has_an_end(self, private, monkeypatch):
        monkeypatch.setattr(outbound, "WHOLE_SECONDS", 0.1)

        with mute_server(b"\x16\x03\x03") as port:
            assert self.failure(f"https://127.0.0.1:{port}/") == (None, "", "timeout")

    def test_connecting_has_a_limit_of_its_own(self, private, monkeypatch):
        monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.05)

        with mute_server() as port:
            assert self.failure(f"https://127.0.0.1:{port}/") == (None, "", "timeout")

    @pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
    def test_the_answer_is_no_http(self, private, garbage):
        with mute_server(garbage) as port:
            assert self.failure(f"http://127.0.0.1:{port}/") == (None, "", "connection")

    def test_plain_text_is_no_tls(self, receiver):
        url = receiver.url.replace("http:", "https:")

        assert self.failure(url) == (None, "", "tls")

    def test_the_name_is_unknown(self):
        assert self.failure("https://hooks.invalid/") == (None, "", "unknown_host")

    def test_a_cut_wire_is_a_failed_try(self):
        with outbound._Cutoff(60) as cutoff:
            cutoff._end()
            ours, theirs = socket.socketpair()
            with ours, theirs:
                cutoff.watch(ours)

                assert ours.recv(1) == b""


class TestNames:
    """The connection goes to the address just checked, in the name of the host."""

    @pytest.fixture
    def resolver(self, monkeypatch):
        """Return the answers of the resolver for each name, one after the other."""
        answers = {}
        real = socket.getaddrinfo

        def look_up(host, port, *args, **kwargs):
            if host not in answers:
                return real(host, port, *args, **kwargs)
            found = answers[host].pop(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return answers

    @pytest.fixture
    def secure(self, private, tmp_path, monkeypatch):
        """Return a receiver with a certificate for hooks.example.org, and the names it is asked."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = certificate(tmp_path, "hooks.example.org")
        context.load_cert_chain(path)
        asked = []
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        monkeypatch.setattr(outbound, "DEFAULT_CA_BUNDLE_PATH", str(path))
        with serving(context) as running:
            running.asked = asked
            yield running

    def test_the_name_is_asked_for_once_and_said_to_the_server(self, secure, resolver):
        resolver["hooks.example.org"] = [["127.0.0.1"]]
        url = f"https://hooks.example.org:{secure.port}/hook"

        answer = outbound.deliver(url, MESSAGE, now=timezone.now())

        assert outcome(answer) == (200, "ok", "")
        assert secure.asked == ["hooks.example.org"]
        assert secure.received[0][1]["host"] == f"hooks.example.org:{secure.port}"
        assert resolver == {"hooks.example.org": []}

    def test_a_certificate_of_another_name_is_refused(self, secure, resolver):
        resolver["evil.example.org"] = [["127.0.0.1"]]
        url = f"https://evil.example.org:{secure.port}/hook"

        answer = outbound.deliver(url, MESSAGE, now=timezone.now())

        assert outcome(answer) == (None, "", "tls")
        assert secure.received == []

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, secure, resolver, monkeypatch):
        monkeypatch.undo()
        url = f"https://127.0.0.1:{secure.port}/hook"

        assert outcome(outbound.deliver(url, MESSAGE, now=timezone.now())) == (None, "", "tls")

    def test_where_one_address_does_not_answer_the_next_is_tried(self, receiver, resolver):
        resolver["hooks.example.org"] = [["::1", "127.0.0.1"]]
        url = f"http://hooks.example.org:{receiver.port}/hook"

        assert outbound.deliver(url, MESSAGE, now=timezone.now()).status == 200

    def test_a_name_that_turns_private_is_not_called(self, receiver, resolver, settings):
        settings.OUTBOUND_ALLOW_PRIVATE = False
        settings.OUTBOUND_PORTS = [receiver.port]
        resolver["hooks.example.org"] = [["8.8.8.8"], ["127.0.0.1"]]
        url = f"https://hooks.example.org:{receiver.port}/hook"
        outbound.addresses.check(url)

        answer = outbound.deliver(url, MESSAGE, now=timezone.now())

        assert outcome(answer) == (None, "", "blocked_address")
        assert receiver.received == []


def certificate(folder, name):
    """Write a key and a certificate that vouches for itself; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = timezone.now()
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path
