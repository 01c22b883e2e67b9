"""Log lines: their shape, and what must never stand in them."""

import io
import json
import logging
import uuid

import pytest
import structlog

from common import context, logs

SECRETS = [
    "Bearer abc.def-ghi_jkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "cpd_ab12cd34_s3cr3tpart",
    "whsec_0123456789abcdef",
    "anna.berg@example.org",
    "GET /verify?token=tok3n&code=c0de",
]


@pytest.fixture
def lines():
    """Configure JSON logging into memory, and put the old configuration back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure({"format": "json", "level": "INFO"})
    stream = io.StringIO()
    root.handlers[0].setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before, level


def test_a_line_says_when_where_and_for_whom(lines):
    who = uuid.uuid4()

    with context.acting(request_id="r-1", actor_uuid=who):
        structlog.get_logger("events").info("event published", event_uuid="e-1")

    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "message": "event published",
        "level": "info",
        "logger": "events",
        "request_id": "r-1",
        "user_uuid": str(who),
        "event_uuid": "e-1",
    }


def test_lines_of_libraries_have_the_same_shape(lines):
    logging.getLogger("library").warning("slow: %s s", 3)

    (line,) = lines()
    assert (line["message"], line["level"], line["logger"]) == ("slow: 3 s", "warning", "library")


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_inside_texts_are_removed(lines, secret):
    structlog.get_logger("x").warning("refused", told=secret, deep={"list": [secret]})
    logging.getLogger("y").warning("refused %s", secret)

    written = json.dumps(lines())
    assert "[removed]" in written
    assert not [part for part in secret.split() if len(part) > 8 and part in written]


@pytest.mark.parametrize(
    "key", ["password", "Authorization", "refresh_token", "set-cookie", "to_email", "signature"]
)
def test_values_of_secret_keys_are_removed(lines, key):
    structlog.get_logger("x").info("seen", **{key: "harmless looking"})

    assert lines()[0][key] == "[removed]"


def test_secrets_in_tracebacks_are_removed(lines):
    try:
        int("anna.berg@example.org")
    except ValueError:
        structlog.get_logger("x").exception("crashed")

    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "anna" not in json.dumps(line)


def test_line_breaks_stay_inside_one_line(lines):
    structlog.get_logger("x").info("named", name='Anna\r\n{"level": "forged"}')

    assert len(lines()) == 1


def test_the_console_format_is_readable(lines):
    logs.configure({"format": "console", "level": "INFO"})
    stream = io.StringIO()
    logging.getLogger().handlers[0].setStream(stream)

    structlog.get_logger("x").info("hello", number=1)

    assert "hello" in stream.getvalue()
    assert "number=1" in stream.getvalue()


CANARIES = {
    "password": "canary-Passw0rd-aaaa",
    "bearer": "canarybearerbbbb",
    "path": "canarypathcccc",
    "query": "canaryquerydddd",
    "body": "canary-body-eeee@example.org",
    "cookie": "canarycookieffff",
}


@pytest.mark.django_db
def test_nothing_a_client_sends_in_confidence_reaches_the_log(lines, monkeypatch):
    from rest_framework.test import APIClient

    from common.views.pages import CollectionsView

    def crash(*_):
        raise RuntimeError(f"Bearer {CANARIES['bearer']} of {CANARIES['body']} failed")

    client = APIClient()
    client.raise_request_exception = False
    client.cookies["sessionid"] = CANARIES["cookie"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {CANARIES['bearer']}")
    monkeypatch.setattr(CollectionsView, "get", crash)

    client.post(
        "/api/v1/auth/token/", {"email": CANARIES["body"], "password": CANARIES["password"]}
    )
    client.get(f"/files/{CANARIES['path']}/x.pdf")
    client.get(f"/nothing/{CANARIES['path']}?token={CANARIES['query']}")
    client.get(f"/api/v1/?token={CANARIES['query']}")

    written = json.dumps(lines())
    assert "view failed" in written
    assert [name for name, canary in CANARIES.items() if canary in written] == []
