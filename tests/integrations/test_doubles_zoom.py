"""Zoom's double where the client does not reach: visits, the demo page, the product's own port."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from rest_framework.test import APIClient

from integrations import doubles, signatures
from integrations.models import InboundWebhook
from integrations.zoom import client, http, payloads
from tests.integrations.test_zoom_client import wanted

MEETING = "91234567890"


class Receiver:
    """Somebody who takes messages over a socket and hands them to the product's endpoint."""

    def __init__(self, answer=200):
        self.received = []
        self.paths = []
        self.arrived = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.received.append((body, dict(self.headers.items())))
                self.send_response(answer)
                self.end_headers()
                receiver.arrived.set()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def messages(self):
        return [json.loads(body) for body, _ in self.received]


@pytest.fixture
def receiver(zoom):
    receiver = Receiver()
    before, zoom.deliver_to = zoom.deliver_to, receiver.url
    yield receiver
    zoom.deliver_to = before
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def meeting(zoom):
    """A meeting with Jo registered."""
    token = zoom.pair_for("host")["access_token"]
    made = client.create_meeting(wanted(topic="<Ethics>"), token=token)
    client.add_registrant(made.id, email="jo@example.org", full_name="Jo Example", token=token)
    return made


@pytest.fixture
def visit(zoom, meeting):
    def press(verb, number=meeting.id, **asked):
        url = f"{zoom.url}/demo/meetings/{number}/{verb}"
        return requests.post(url, json=asked, timeout=5)

    return press


def test_a_visit_is_told_in_signed_messages_that_the_product_takes(db, visit, receiver):
    visit("start", at="2027-03-10T08:55:00Z")
    visit("join", email="jo@example.org", at="2027-03-10T09:00:00Z")
    visit("leave", email="jo@example.org", at="2027-03-10T10:30:00Z")
    visit("end", at="2027-03-10T10:32:00Z")

    endpoint = APIClient()
    for body, headers in receiver.received:
        proof = {name: value for name, value in headers.items() if name.startswith("x-zm")}
        url = "/api/v1/webhooks/zoom/"
        answer = endpoint.generic("POST", url, body, "application/json", headers=proof)
        assert answer.status_code == 200

    assert [row.event_type for row in InboundWebhook.objects.order_by("pk")] == [
        "meeting.started",
        "meeting.participant_joined",
        "meeting.participant_left",
        "meeting.ended",
    ]


def test_arrival_and_departure_are_one_stay_of_one_registrant(zoom, visit, receiver, meeting):
    visit("join", email="jo@example.org", at="2027-03-10T09:00:00Z")
    visit("leave", email="jo@example.org", at="2027-03-10T10:30:00Z")

    arrival, departure = (payloads.participant(message) for message in receiver.messages())
    registrant_id = zoom.registrants[meeting.id]["jo@example.org"]["registrant_id"]
    assert arrival.provider_key == departure.provider_key
    assert {arrival.registrant_id, departure.registrant_id} == {registrant_id}
    assert {arrival.name, departure.name} == {"Jo Example"}
    assert (arrival.at.hour, departure.at.hour) == (9, 10)


def test_a_rejoin_is_another_stay(visit, receiver):
    for verb in ("join", "leave", "join", "leave"):
        visit(verb, email="jo@example.org")

    keys = [payloads.participant(message).provider_key for message in receiver.messages()]
    assert (keys[0], keys[2]) == (keys[1], keys[3])
    assert keys[0] != keys[2]


def test_two_people_leave_in_any_order(visit, receiver):
    for verb, name in [("join", "A"), ("join", "B"), ("leave", "A"), ("leave", "B")]:
        visit(verb, name=name)

    keys = [payloads.participant(message).provider_key for message in receiver.messages()]
    assert keys[:2] == keys[2:]


def test_a_guest_without_identity_has_only_a_name(visit, receiver):
    visit("join", name="Kim Lee")

    [message] = receiver.messages()
    read = payloads.participant(message)
    assert (read.name, read.email, read.registrant_id) == ("Kim Lee", "", "")


def test_a_registrant_may_be_named_by_id(zoom, visit, receiver, meeting):
    registrant_id = zoom.registrants[meeting.id]["jo@example.org"]["registrant_id"]

    visit("join", registrant_id=registrant_id)

    assert payloads.participant(receiver.messages()[0]).email == "jo@example.org"


def test_a_departure_may_name_the_stay(visit, receiver):
    visit("join", name="A", user_id="16780000")
    visit("leave", name="A", user_id="16780000")

    assert {payloads.participant(m).user_id for m in receiver.messages()} == {"16780000"}


def test_a_restart_is_another_run(zoom, visit, receiver, meeting):
    visit("start")
    visit("end")
    visit("start")

    first, ended, second = (payloads.meeting(message).uuid for message in receiver.messages())
    assert first == ended != second
    assert [run["uuid"] for run in zoom.instances[meeting.id]] == [first, second]


def test_visits_fill_the_report(zoom, visit, receiver, meeting):
    token = zoom.pair_for("host")["access_token"]
    visit("join", email="jo@example.org", at="2027-03-10T09:00:00Z")
    visit("leave", email="jo@example.org", at="2027-03-10T10:30:00Z")
    [run] = client.instances(meeting.id, token=token)

    [stay] = client.participants(run.uuid, token=token, with_report=True)

    assert stay.email == "jo@example.org"
    assert (stay.leave_time - stay.join_time).total_seconds() == 5400


def test_a_meeting_that_a_restart_forgot_can_still_be_visited(visit, receiver):
    answer = visit("join", number="99999999999", name="Jo", at="2027-03-10T09:00:00Z")

    assert answer.json()["answer"] == 200
    assert payloads.meeting(receiver.messages()[0]).meeting_id == "99999999999"


def test_a_form_works_as_well_as_json(zoom, receiver, meeting):
    url = f"{zoom.url}/demo/meetings/{meeting.id}/join"

    answer = requests.post(url, data={"email": "jo@example.org", "at": ""}, timeout=5)

    assert answer.json()["sent"]["event"] == "meeting.participant_joined"


def test_nobody_taking_the_message_is_told(zoom, visit):
    zoom.deliver_to = "http://127.0.0.1:9/"

    assert visit("start").status_code == 502


def test_the_demo_page_lists_meetings_and_people(zoom, meeting):
    page = requests.get(f"{zoom.url}/demo/", headers={"Accept": "text/html"}, timeout=5)
    facts = requests.get(f"{zoom.url}/demo/", timeout=5).json()

    assert "&lt;Ethics&gt;" in page.text
    assert f"meetings/{meeting.id}/join" in page.text
    [listed] = facts["meetings"]
    assert [row["email"] for row in listed["registrants"]] == ["jo@example.org"]


def test_an_empty_demo_page_says_what_to_do(zoom):
    page = requests.get(f"{zoom.url}/demo/", headers={"Accept": "text/html"}, timeout=5)

    assert "No meetings yet" in page.text


@pytest.mark.parametrize("body", [b"{", b"\xff", b"5"], ids=repr)
def test_a_broken_body_is_refused(zoom, meeting, body):
    headers = {"Authorization": "Bearer zoom-access.host.1"}
    url = f"{zoom.url}/v2/meetings/{meeting.id}/registrants"

    assert requests.post(url, data=body, headers=headers, timeout=5).status_code == 400


def test_tokens_survive_a_restart_and_foreign_ones_do_not_work(zoom):
    statuses = [
        requests.get(
            f"{zoom.url}/v2/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=5
        ).status_code
        for token in ("zoom-access.host.before-the-restart", "zoom-access-token", "other", "")
    ]

    assert statuses == [200, 200, 401, 401]


def test_the_token_endpoint_wants_credentials(zoom):
    answer = requests.post(f"{zoom.url}/oauth/token", data={"code": "x"}, timeout=5)

    assert answer.status_code == 401


def test_an_unknown_path_is_not_found(zoom):
    assert requests.get(f"{zoom.url}/v2/webinars", timeout=5).status_code == 404


def test_a_double_that_was_not_started_has_no_address():
    double = doubles.ZoomDouble()

    with pytest.raises(RuntimeError):
        _ = double.url
    double.stop()


def test_a_stopped_double_answers_no_more():
    double = doubles.ZoomDouble()
    url = double.start().url
    double.stop()

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/demo/", timeout=1)


class TestStart:
    def test_starting_twice_keeps_the_first(self, zoom):
        assert doubles.start() == doubles.start()
        assert doubles.zoom_double() is zoom

    def test_without_doubles_nothing_starts(self, settings, monkeypatch):
        monkeypatch.setattr(doubles, "_running", {})
        settings.PROVIDER_DOUBLES = False

        assert doubles.start() == {}
        for double in (doubles.zoom_double, doubles.stripe_double):
            with pytest.raises(ImproperlyConfigured):
                double()

    def test_a_real_provider_is_not_played(self, settings, monkeypatch):
        monkeypatch.setattr(doubles, "_running", {})
        settings.ZOOM_CLIENT_ID = settings.STRIPE_SECRET_KEY = "real"
        settings.GOOGLE_CLIENT_ID = settings.MICROSOFT_CLIENT_ID = "real"

        assert doubles.start() == {}

    def test_production_refuses(self, settings):
        settings.DEBUG = settings.TESTING = False

        with pytest.raises(ImproperlyConfigured):
            doubles.start()

    def test_a_configured_secret_signs(self, zoom, stripe_account, settings):
        settings.ZOOM_WEBHOOK_SECRET = ["mine", "old"]
        settings.STRIPE_WEBHOOK_SECRET = ["whsec_mine"]

        assert [zoom.webhook_secret, stripe_account.webhook_secret] == ["mine", "whsec_mine"]

    def test_a_configured_address_is_asked(self, zoom, settings):
        settings.ZOOM_API_BASE = settings.ZOOM_OAUTH_BASE = "http://127.0.0.1:9"

        assert (http.api_base(), http.oauth_base()) == ("http://127.0.0.1:9",) * 2

    def test_messages_come_to_the_public_address(self, zoom, receiver, settings):
        zoom.deliver_to = ""
        settings.PUBLIC_BASE_URL = receiver.url.rstrip("/")

        status = zoom.send({"event": "x"})

        assert (status, receiver.paths) == (200, ["/api/v1/webhooks/zoom/"])


class TestProxy:
    def test_in_development_a_double_is_reached_through_our_own_port(
        self, zoom, settings, anonymous, meeting
    ):
        settings.DEBUG = True
        before = zoom.deliver_to

        answer = anonymous.get("/dev/zoom/demo/", headers={"accept": "text/html"})
        told = zoom.deliver_to
        zoom.deliver_to = before

        assert "<h1>Join as" in answer.content.decode()
        assert told == "http://testserver/api/v1/webhooks/zoom/"

    def test_a_redirect_is_passed_on(self, zoom, settings, anonymous):
        settings.DEBUG = True
        url = "/dev/zoom/oauth/authorize?state=abc&redirect_uri=http://localhost:3000/back"

        answer = anonymous.get(url)

        assert answer.status_code == 302
        assert answer["Location"].startswith("http://localhost:3000/back?code=")

    @pytest.mark.parametrize("provider", ["zoom", "stripe", "fax"])
    def test_elsewhere_there_is_none(self, zoom, anonymous, provider):
        assert anonymous.get(f"/dev/{provider}/demo/").status_code == 404

    def test_an_unknown_provider_has_no_double(self, zoom, settings, anonymous):
        settings.DEBUG = True

        assert anonymous.get("/dev/fax/demo/").status_code == 404


def test_a_message_is_signed_with_our_secret(zoom, receiver, secret):
    zoom.send({"event": "x"})

    [(body, headers)] = receiver.received
    signed = signatures.zoom_signature(body, headers["x-zm-request-timestamp"], secret)
    assert headers["x-zm-signature"] == signed
