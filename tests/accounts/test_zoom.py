"""Connecting Zoom, keeping the tokens fresh, disconnecting; against the double over HTTP."""

import json
import threading
from copy import copy
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from accounts import receivers, zoom_connecting, zoom_connections
from accounts.models import OAuthFlow, UserSession, ZoomConnection
from common.models import OutgoingEmail
from integrations import doubles
from integrations.zoom import http, oauth
from integrations.zoom.failures import ZoomAuthFailed, ZoomUnavailable
from tests.factories.accounts import PASSWORD, UserFactory, ZoomConnectionFactory
from tests.integrations import zoom_bodies

ZOOM = "/api/v1/users/me/zoom/"
CONNECT = f"{ZOOM}connect/"
CALLBACK = f"{ZOOM}callback/"
CALLERS = 6
NONE = {
    "connected": False,
    "zoom_email": None,
    "is_healthy": False,
    "needs_reconnect": True,
    "can_register_attendees": False,
    "missing_scopes": [],
    "last_error_at": None,
}


@pytest.fixture
def zoom(monkeypatch):
    """The double as it is after its start; the client waits for nothing."""
    double = doubles.zoom_double()
    double.reset()
    monkeypatch.setattr(http, "_pause", lambda _seconds: None)
    monkeypatch.setattr(zoom_connections, "POLL_SECONDS", 0.01)
    http.circuit.succeeded()
    yield double
    http.circuit.succeeded()


def authorize(client, user="host1"):
    """Grant access as the browser would; return what Zoom sends back."""
    url = client.get(CONNECT).json()["authorization_url"]
    answer = requests.get(f"{url}&user={user}", allow_redirects=False, timeout=5)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def expired(zoom, db):
    """A connection whose access token has run out."""
    pair = zoom.pair_for("host1")
    return ZoomConnectionFactory(
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        token_expires_at=timezone.now() - timedelta(minutes=1),
        zoom_user_id="host1",
        zoom_account_id="AccT3st00001",
    )


@pytest.mark.django_db
def test_zoom_is_for_organizers(api_for, attendee):
    for method, path in [("get", ZOOM), ("get", CONNECT), ("post", CALLBACK), ("delete", ZOOM)]:
        assert error_of(getattr(api_for(attendee), method)(path)) == (403, "PERMISSION_DENIED")


@pytest.mark.django_db
def test_without_a_connection_everything_says_so(api_for, organizer):
    assert api_for(organizer).get(ZOOM).json() == NONE


@pytest.mark.django_db
def test_connecting(zoom, api_for, organizer):
    client = api_for(organizer)

    response = client.post(CALLBACK, authorize(client))

    row = ZoomConnection.objects.get()
    stored = ZoomConnection.objects.values_list("access_token", "refresh_token").get()
    assert response.json() == {"message": "Zoom connected successfully."}
    assert client.get(ZOOM).json() == NONE | {
        "connected": True,
        "zoom_email": "host1@zoom.example",
        "is_healthy": True,
        "needs_reconnect": False,
        "can_register_attendees": True,
    }
    assert row.access_token.startswith("zoom-access")
    assert not any("zoom-" in text for text in stored)
    assert OutgoingEmail.objects.filter(kind="zoom_connected").count() == 1


@pytest.mark.django_db
def test_a_state_is_used_up_by_the_first_look(zoom, api_for, organizer):
    client = api_for(organizer)
    answer = authorize(client)
    client.post(CALLBACK, answer)
    asked = zoom.count("POST", "/oauth/token")

    assert error_of(client.post(CALLBACK, answer)) == (400, "INVALID_STATE")
    assert zoom.count("POST", "/oauth/token") == asked


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["another user", "another session"])
def test_a_state_belongs_to_person_and_session(zoom, api_for, organizer, stranger, who):
    client = api_for(organizer)
    answer = authorize(client)
    other = api_for(stranger if who == "another user" else organizer)

    assert error_of(other.post(CALLBACK, answer)) == (400, "INVALID_STATE")
    assert error_of(client.post(CALLBACK, answer)) == (400, "INVALID_STATE")
    assert not ZoomConnection.objects.exists()


@pytest.mark.django_db
def test_a_state_lives_ten_minutes(zoom, api_for, organizer):
    client = api_for(organizer)
    answer = authorize(client)

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert error_of(client.post(CALLBACK, answer)) == (400, "INVALID_STATE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_PARAMS"),
        ({"code": "x"}, "MISSING_PARAMS"),
        ({"state": "x"}, "MISSING_PARAMS"),
        ({"code": "x", "state": "unknown"}, "INVALID_STATE"),
        ({"code": ["x"], "state": "x"}, "VALIDATION_ERROR"),
    ],
)
def test_bad_callbacks(zoom, api_for, organizer, body, code):
    assert error_of(api_for(organizer).post(CALLBACK, body)) == (400, code)


@pytest.mark.django_db
def test_a_refused_code(zoom, api_for, organizer):
    client = api_for(organizer)
    answer = authorize(client) | {"code": "forged"}

    response = client.post(CALLBACK, answer)

    assert error_of(response) == (400, "OAUTH_FAILED")
    assert "forged" not in response.content.decode()


@pytest.mark.django_db
def test_missing_scopes_are_named(zoom, api_for, organizer):
    zoom.scopes.remove("meeting:delete:meeting")
    client = api_for(organizer)

    response = client.post(CALLBACK, authorize(client))

    assert error_of(response) == (400, "OAUTH_FAILED")
    assert response.json()["error"]["details"] == {"missing_scopes": ["meeting:delete:meeting"]}


@pytest.mark.django_db
def test_an_outage_is_no_refusal(zoom, api_for, organizer):
    client = api_for(organizer)
    answer = authorize(client)
    zoom.fail("/oauth/token", times=5, answer=zoom.said(503))

    assert error_of(client.post(CALLBACK, answer)) == (503, "ZOOM_UNAVAILABLE")


@pytest.mark.django_db
def test_a_zoom_account_has_one_owner(zoom, api_for, organizer, stranger):
    first, second = api_for(organizer), api_for(stranger)
    first.post(CALLBACK, authorize(first))

    assert error_of(second.post(CALLBACK, authorize(second))) == (409, "ZOOM_ACCOUNT_IN_USE")


@pytest.mark.django_db
def test_connecting_again_renews_the_row(zoom, api_for, organizer):
    client = api_for(organizer)
    client.post(CALLBACK, authorize(client))
    ZoomConnection.objects.update(is_active=False, consecutive_errors=5)

    client.post(CALLBACK, authorize(client))

    row = ZoomConnection.objects.get()
    assert (row.is_active, row.consecutive_errors, row.token_version) == (True, 0, 2)


@pytest.mark.django_db
def test_at_most_five_authorizations_are_open(zoom, api_for, organizer):
    client = api_for(organizer)

    for _ in range(7):
        client.get(CONNECT)

    assert OAuthFlow.objects.count() == 5


@pytest.mark.django_db
def test_zoom_may_not_be_set_up(api_for, organizer, monkeypatch):
    monkeypatch.setattr(zoom_connecting.oauth, "is_configured", lambda: False)

    assert error_of(api_for(organizer).get(CONNECT)) == (503, "ZOOM_NOT_CONFIGURED")


@pytest.mark.django_db
def test_disconnecting_twice(zoom, api_for, organizer, committed):
    client = api_for(organizer)
    client.post(CALLBACK, authorize(client))

    answers = [committed(lambda: client.delete(ZOOM)).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert client.get(ZOOM).json() == NONE
    assert zoom.revoked == {"host1"}
    assert not ZoomConnection.objects.exists()


@pytest.mark.django_db
def test_disconnecting_wants_fresh_proof(zoom, api_for, organizer):
    client = api_for(organizer)
    ZoomConnectionFactory(user=organizer)
    UserSession.objects.update(authenticated_at=timezone.now() - timedelta(minutes=11))

    stale = client.delete(ZOOM)
    wrong = client.delete(ZOOM, {"password": "Wrong-Password-1"})
    right = client.delete(ZOOM, {"password": PASSWORD})

    assert error_of(stale) == error_of(wrong) == (403, "REAUTHENTICATION_REQUIRED")
    assert right.status_code == 204


@pytest.mark.django_db
def test_revoking_waits_for_zoom_and_then_gives_up(zoom, organizer):
    row = ZoomConnectionFactory(user=organizer, disconnected_at=timezone.now())
    zoom.fail("/oauth/revoke", times=10, answer=zoom.said(503))

    with pytest.raises(ZoomUnavailable):
        zoom_connections.revoke(row, now=timezone.now())
    assert ZoomConnection.objects.exists()

    zoom_connections.revoke(row, now=timezone.now() + timedelta(hours=17))
    assert not ZoomConnection.objects.exists()


@pytest.mark.django_db
def test_a_connection_made_anew_is_not_revoked(zoom):
    row = ZoomConnectionFactory()

    zoom_connections.revoke(row, now=timezone.now())

    assert zoom.calls == []
    assert ZoomConnection.objects.get() == row


@pytest.mark.django_db
def test_a_token_is_used_while_it_lasts(zoom):
    row = ZoomConnectionFactory()

    assert zoom_connections.token_for(row) == "zoom-access-token"
    assert zoom.calls == []


@pytest.mark.django_db
def test_a_token_near_its_end_is_renewed(zoom, expired):
    token = zoom_connections.token_for(expired)

    row = ZoomConnection.objects.get()
    assert token == row.access_token != expired.access_token
    assert (row.token_version, row.refresh_lease_until) == (2, None)
    assert row.token_expires_at > timezone.now() + timedelta(minutes=50)


@pytest.mark.django_db
def test_a_lost_answer_and_two_refusals_end_the_connection(zoom, expired):
    zoom.fail("/oauth/token", drop=True, after=True)
    with pytest.raises(ZoomUnavailable):
        zoom_connections.token_for(expired)
    assert ZoomConnection.objects.get().consecutive_errors == 0

    with pytest.raises(ZoomUnavailable):
        zoom_connections.token_for(expired)
    first = ZoomConnection.objects.get()
    with (
        time_machine.travel(timezone.now() + timedelta(seconds=61)),
        pytest.raises(ZoomAuthFailed),
    ):
        zoom_connections.token_for(expired)

    condition = zoom_connections.condition(expired.user)
    assert (first.is_active, first.consecutive_errors) == (True, 1)
    assert (ZoomConnection.objects.get().is_active, condition.needs_reconnect) == (False, True)
    assert OutgoingEmail.objects.filter(kind="zoom_disconnected").count() == 1


@pytest.mark.django_db
def test_after_a_refusal_nobody_asks_for_a_minute(zoom, expired):
    zoom.spent.add(expired.refresh_token)
    with pytest.raises(ZoomUnavailable):
        zoom_connections.token_for(expired)
    asked = zoom.count("POST", "/oauth/token")

    with pytest.raises(ZoomUnavailable):
        zoom_connections.token_for(expired)

    assert zoom.count("POST", "/oauth/token") == asked


@pytest.mark.django_db
def test_five_errors_switch_the_connection_off(zoom):
    row = ZoomConnectionFactory()
    healthy = []
    for _ in range(5):
        zoom_connections.note_failure(row, "The permission meeting:write is missing.")
        healthy.append(zoom_connections.condition(row.user).is_healthy)

    assert healthy == [True, True, False, False, False]
    assert not ZoomConnection.objects.get().is_active
    assert OutgoingEmail.objects.filter(kind="zoom_disconnected").count() == 1
    with pytest.raises(ZoomAuthFailed):
        zoom_connections.token_for(_stale(row))


@pytest.mark.django_db
def test_a_success_forgets_errors(zoom):
    row = ZoomConnectionFactory(consecutive_errors=2, last_error="Something.")

    zoom_connections.note_success(row)

    row.refresh_from_db()
    assert (row.consecutive_errors, row.last_error) == (0, "")


@pytest.mark.django_db
def test_used_connections_are_kept_alive(zoom, expired, committed):
    ZoomConnection.objects.update(last_used_at=timezone.now() - timedelta(days=1))
    ZoomConnectionFactory(
        token_expires_at=timezone.now() - timedelta(days=40),
        last_used_at=timezone.now() - timedelta(days=31),
    )

    committed(lambda: zoom_connections.keep_alive(timezone.now()))

    assert zoom.count("POST", "/oauth/token") == 1
    assert ZoomConnection.objects.get(pk=expired.pk).token_version == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "drops"),
    [({}, True), ({"client_id": "another-app"}, False), ({"user_id": "somebody"}, False)],
    ids=["ours", "another app's", "an unknown user's"],
)
def test_removing_the_app_at_zoom_drops_the_connection(zoom, expired, settings, changes, drops):
    facts = {"user_id": "host1", "client_id": oauth.client_id()} | changes
    message = zoom_bodies.deauthorized(facts["user_id"], client_id=facts["client_id"])
    ZoomConnection.objects.update(zoom_account_id=message["payload"]["account_id"])

    answers = [
        receivers.drop_zoom_connection(SimpleNamespace(body=json.dumps(message))) for _ in range(2)
    ]

    assert (answers[0] is None) is drops
    assert answers[1].reason == "unknown connection"
    assert ZoomConnection.objects.exists() is not drops
    assert OutgoingEmail.objects.filter(kind="zoom_disconnected").exists() is drops


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_callers_one_renews_the_token(zoom):
    if database.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time; the race needs PostgreSQL.")
    pair = zoom.pair_for("host1")
    row = ZoomConnectionFactory(
        user=UserFactory(organizer=True),
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        token_expires_at=timezone.now() - timedelta(minutes=1),
    )
    # Each caller keeps a database connection while it waits; the pool holds eight.
    gate, got = threading.Barrier(CALLERS), []

    def ask():
        gate.wait()
        try:
            got.append(zoom_connections.token_for(copy(row)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(got), len(set(got))) == (CALLERS, 1)
    assert zoom.count("POST", "/oauth/token") == 1


def _stale(row):
    row.refresh_from_db()
    row.token_expires_at = timezone.now()
    row.save()
    return row
