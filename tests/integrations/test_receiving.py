"""POST /webhooks/zoom/ and /webhooks/stripe/: what is taken, what is refused, at which price."""

import gzip
import json
import threading

import pytest
import time_machine
from django.db import DatabaseError, connections
from rest_framework.test import APIClient

from common import outbox
from common.models import OutboxTask
from integrations import webhooks
from integrations.models import InboundWebhook
from integrations.signatures import stripe_signature
from tests.integrations import test_signatures as vectors
from tests.integrations import zoom_bodies as zoom

URL = "/api/v1/webhooks/zoom/"
STRIPE_URL = "/api/v1/webhooks/stripe/"
RECEIVED = {"status": "received"}


@pytest.fixture
def client(db):
    return APIClient()


@pytest.fixture
def without_worker(monkeypatch):
    """Leave tasks to the sweep, as in a process whose broker is away."""
    monkeypatch.setattr(outbox, "_broker_down_until", float("inf"))


def send(client, url, body, **headers):
    return client.generic("POST", url, body, content_type="application/json", headers=headers)


def code_of(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize(
    ("body", "timestamp", "signature"),
    [
        (vectors.ZOOM_BODY, vectors.ZOOM_TIME, vectors.ZOOM_SIGNATURE),
        (vectors.Z03, vectors.Z03_TIME, vectors.Z03_SIGNATURE),
    ],
    ids=["short", "Z03"],
)
def test_known_messages_of_zoom_are_taken(client, settings, body, timestamp, signature):
    settings.ZOOM_WEBHOOK_SECRET = [vectors.ZOOM_SECRET]
    headers = {"x-zm-request-timestamp": timestamp, "x-zm-signature": signature}

    with time_machine.travel(int(timestamp), tick=False):
        taken = send(client, URL, body, **headers)
        changed = send(client, URL, body.replace(b"Acc", b"Abc"), **headers)

    assert (taken.status_code, taken.json()) == (200, RECEIVED)
    assert code_of(changed) == (401, "INVALID_SIGNATURE")
    assert [row.body.encode() for row in InboundWebhook.objects.all()] == [body]


def test_a_known_message_of_stripe_is_taken(client, settings):
    settings.STRIPE_WEBHOOK_SECRET = ["whsec_connect", vectors.STRIPE_SECRET]
    header = f"t={vectors.STRIPE_TIME},v1={vectors.STRIPE_SIGNATURE}"

    with time_machine.travel(int(vectors.STRIPE_TIME), tick=False):
        taken = send(client, STRIPE_URL, vectors.STRIPE_BODY, **{"stripe-signature": header})
        stale = send(client, STRIPE_URL, vectors.STRIPE_BODY, **{"stripe-signature": "t=1,v1=2"})

    assert (taken.status_code, taken.json()) == (200, RECEIVED)
    assert code_of(stale) == (401, "INVALID_SIGNATURE")
    row = InboundWebhook.objects.get()
    assert (row.provider, row.dedupe_key, row.subject_ref) == ("stripe", "evt_1Test", "pi_1Test")


def test_a_message_is_stored_once_with_its_task(client):
    message = zoom.joined("1", "09:00:00", registrant=1)

    answers = [zoom.post(client, message).json() for _ in range(2)]
    later = zoom.post(client, {**message, "event_ts": 1}).json()

    assert [*answers, later] == [RECEIVED] * 3
    row = InboundWebhook.objects.get()
    assert (row.event_type, row.subject_ref, webhooks.payload_of(row)) == (
        "meeting.participant_joined",
        zoom.MEETING,
        message,
    )
    assert list(OutboxTask.objects.values_list("name", "args", "key", "queue")) == [
        ("integrations.dispatch", [row.pk], f"inbound:{row.pk}", "webhooks")
    ]


def test_only_harmless_headers_are_kept(client):
    body, headers = zoom.signed(zoom.started())
    headers |= {
        "authorization": "Bearer stale",
        "cookie": "a=b",
        "user-agent": "Zoom " * 100,
        "x-zm-trackingid": "T1",
    }

    response = send(client, URL, body, **headers)

    assert response.status_code == 200
    kept = InboundWebhook.objects.get().headers
    assert kept.keys() == {
        "x-zm-request-timestamp",
        "x-zm-trackingid",
        "user-agent",
        "content-type",
    }
    assert len(kept["user-agent"]) == 300


def test_unknown_kinds_and_meetings_are_taken_too(client):
    bodies = [{}, {"event": "something.new"}, zoom.started(id=99999999999)]

    assert [zoom.post(client, body).status_code for body in bodies] == [200] * 3
    assert InboundWebhook.objects.count() == 3


@pytest.mark.parametrize(("before", "queries"), [(0, 3), (1, 1)], ids=["new", "known"])
def test_taking_a_message_costs_three_queries_at_most(
    client, django_assert_num_queries, before, queries
):
    for _ in range(before):
        zoom.post(client, zoom.started())

    with django_assert_num_queries(queries):
        response = zoom.post(client, zoom.started())

    assert response.status_code == 200


def test_url_validation_is_answered_after_the_signature(client, settings):
    settings.ZOOM_WEBHOOK_SECRET = [vectors.ZOOM_SECRET, "old"]

    signed = zoom.post(client, zoom.url_validation(), secret="old")
    unsigned = send(client, URL, json.dumps(zoom.url_validation()))

    assert (signed.status_code, signed.json()) == (
        200,
        {
            "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
            "encryptedToken": "18c3331142c9f3df28f5da1e3d4b4eac8b33c0acebb87a06ead91929025087db",
        },
    )
    assert code_of(unsigned) == (401, "INVALID_SIGNATURE")
    assert not InboundWebhook.objects.exists()


@pytest.mark.parametrize(
    "token", ["v0:1:{}", "a" * 129, "", "a b", "a\n", None, 5, ["a"]], ids=repr
)
def test_anything_but_a_token_of_zoom_is_not_signed(client, token):
    response = zoom.post(client, zoom.url_validation(token))

    assert code_of(response) == (400, "PARSE_ERROR")
    assert "encryptedToken" not in response.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b'{"event": ',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"event": ' * 20_000,
        b'{"a": "\x00"}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_signed_body_that_is_no_object_is_refused(client, body):
    assert code_of(zoom.post(client, body)) == (400, "PARSE_ERROR")
    assert not InboundWebhook.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"event": "a\\u0000b", "payload": {"object": {"id": "\\ud800"}}}',
        b'{"event": {"a": 1}, "event_ts": NaN, "payload": [1]}',
        b'{"event": "x", "event_ts": 1e400, "payload": {"object": []}}',
        json.dumps({"event": "e" * 9000, "payload": {"account_id": "a" * 9000}}).encode(),
    ],
    ids=["nul and half a pair", "wrong types", "endless time", "long words"],
)
def test_odd_but_signed_objects_are_stored(client, body):
    response = zoom.post(client, body)

    assert response.status_code == 200
    assert InboundWebhook.objects.get().body.encode() == body


HOSTILE = ["", "v0=é", "v0=\xff\xfe", "v0=" + "0" * 64, "v0=" + "a" * 100_000, "=", "v0"]


@pytest.mark.parametrize("signature", HOSTILE, ids=lambda value: ascii(value[:12]))
@pytest.mark.parametrize("timestamp", ["", "é", "-1", "1e9", "9" * 30, "0"], ids=ascii)
def test_hostile_headers_are_refused_in_one_way(client, signature, timestamp):
    headers = {"x-zm-signature": signature, "x-zm-request-timestamp": timestamp}

    response = send(client, URL, b"{}", **headers)

    assert code_of(response) == (401, "INVALID_SIGNATURE")
    assert response["WWW-Authenticate"]
    assert not InboundWebhook.objects.exists()


@pytest.mark.parametrize("age", [301, -301])
def test_a_message_outside_the_tolerance_is_refused(client, age):
    with time_machine.travel(1804665600, tick=False):
        response = zoom.post(client, zoom.started(), timestamp=1804665600 - age)

    assert code_of(response) == (401, "INVALID_SIGNATURE")


def test_the_tolerance_can_be_widened_for_late_repetitions(client, settings):
    settings.ZOOM_WEBHOOK_TOLERANCE_SECONDS = 7200

    with time_machine.travel(1804665600, tick=False):
        response = zoom.post(client, zoom.started(), timestamp=1804665600 - 5400)

    assert response.status_code == 200


@pytest.mark.parametrize("url", [URL, STRIPE_URL])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post_is_allowed(client, url, method):
    assert code_of(client.generic(method, url)) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("size", [256 * 1024 + 1, 2 * 1024 * 1024])
def test_a_body_above_the_limit_is_refused(client, size):
    body, headers = zoom.signed(b'{"a": "' + b"x" * size + b'"}')

    assert code_of(send(client, URL, body, **headers)) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_at_the_limit_is_taken(client):
    frame = b'{"event": "x", "a": ""}'
    body = frame[:-2] + b"x" * (256 * 1024 - len(frame)) + b'"}'

    assert zoom.post(client, body).status_code == 200


def test_an_encoded_body_is_refused(client):
    body, headers = zoom.signed(gzip.compress(b'{"event": "x"}'))

    response = send(client, URL, body, **headers, **{"content-encoding": "gzip"})

    assert code_of(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_declared_type_does_not_matter(client, content_type):
    body, headers = zoom.signed(zoom.started())

    response = client.generic("POST", URL, body, content_type=content_type, headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/pdf", "*/*", "nonsense"])
def test_the_answer_is_json_whatever_is_accepted(client, accept):
    body, headers = zoom.signed(zoom.started())

    response = send(client, URL, body, **headers, accept=accept)

    assert (response["Content-Type"], response.json()) == ("application/json", RECEIVED)


@pytest.mark.parametrize(("provider", "url"), [("ZOOM", URL), ("STRIPE", STRIPE_URL)])
def test_without_a_secret_nothing_is_taken(client, settings, provider, url):
    setattr(settings, f"{provider}_WEBHOOK_SECRET", [])
    settings.PROVIDER_DOUBLES = False
    body, headers = zoom.signed(zoom.started(), secret="anything")

    response = send(client, url, body, **headers)

    assert code_of(response) == (503, "WEBHOOK_NOT_CONFIGURED")
    assert response["Retry-After"]


def test_the_double_of_a_provider_signs_with_a_secret_made_at_start(client, settings):
    settings.ZOOM_WEBHOOK_SECRET, settings.ZOOM_CLIENT_ID = [], ""

    own = zoom.post(client, zoom.started(), secret=settings.DEVELOPMENT_WEBHOOK_SECRET)
    settings.ZOOM_CLIENT_ID = "real"
    with_a_real_zoom = zoom.post(client, zoom.ended(), secret=settings.DEVELOPMENT_WEBHOOK_SECRET)

    assert own.status_code == 200
    assert code_of(with_a_real_zoom) == (503, "WEBHOOK_NOT_CONFIGURED")


def test_no_idempotency_key_throttle_or_csrf_applies(db, settings):
    settings.THROTTLING_ENABLED = True
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "anon": "1/hour"}
    strict = APIClient(enforce_csrf_checks=True)
    body, headers = zoom.signed(zoom.started())

    answers = [send(strict, URL, body, **headers, **{"idempotency-key": "k"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("RateLimit" in answer for answer in answers)


def test_what_cannot_be_stored_is_to_be_sent_again(client, monkeypatch):
    def full(*_, **__):
        raise DatabaseError("disk full")

    monkeypatch.setattr(InboundWebhook, "save", full)

    response = zoom.post(client, zoom.started())

    assert code_of(response) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_fifty_copies_at_once_are_one_message(without_worker):
    body, headers = zoom.signed(zoom.started())
    barrier, answers = threading.Barrier(50), []

    def post():
        barrier.wait()
        answers.append(send(APIClient(), URL, body, **headers).status_code)
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 50
    assert InboundWebhook.objects.count() == 1


def test_stripe_signature_of_the_platform_and_of_connect_share_the_path(client, settings):
    settings.STRIPE_WEBHOOK_SECRET = ["whsec_platform", "whsec_connect"]
    statuses = []

    with time_machine.travel(int(vectors.STRIPE_TIME), tick=False):
        for number, secret in enumerate(["whsec_platform", "whsec_connect", "whsec_other"]):
            body = json.dumps({"id": f"evt_{number}", "type": "account.updated"}).encode()
            made = stripe_signature(body, vectors.STRIPE_TIME, secret)
            header = f"t={vectors.STRIPE_TIME},v1={made}"
            response = send(client, STRIPE_URL, body, **{"stripe-signature": header})
            statuses.append(response.status_code)

    assert statuses == [200, 200, 401]
