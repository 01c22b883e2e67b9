"""How calls to Zoom end badly, and how patient we are before."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
import time_machine
import urllib3

from integrations.zoom import client, http
from integrations.zoom.failures import (
    ZoomAuthFailed,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRejected,
    ZoomScopeMissing,
    ZoomUnavailable,
)

NOW = datetime(2027, 3, 10, 9, 30, tzinfo=UTC)
ME = "/v2/users/me"


@pytest.fixture
def token(zoom):
    return zoom.pair_for("host")["access_token"]


@pytest.fixture
def me(token):
    return lambda: client.me(token=token)


class Clock:
    """The steady clock of the circuit, moved by hand."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(http.time, "monotonic", clock.monotonic)
    yield clock
    http.circuit.succeeded()


REFUSALS = {
    "token": (401, {"code": 124, "message": "Invalid access token."}, ZoomAuthFailed),
    "not found": (404, {"code": 1001, "message": "User does not exist."}, ZoomNotFound),
    "not found by code": (400, {"code": 3001, "message": "Meeting is not found."}, ZoomNotFound),
    "refused": (400, {"code": 300, "message": "Invalid field."}, ZoomRejected),
    "refused without words": (403, None, ZoomRejected),
    "refused in HTML": (400, "<html>", ZoomRejected),
    "refused in a list": (400, [1], ZoomRejected),
    "code as text": (400, {"code": "300", "message": None}, ZoomRejected),
    "scope": (400, {"code": 4711, "message": "no scopes"}, ZoomScopeMissing),
}


@pytest.mark.parametrize(("status", "body", "failure"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_have_a_type(zoom, me, status, body, failure):
    zoom.fail(ME, answer=zoom.said(status, body))

    with pytest.raises(failure):
        me()

    assert zoom.count("GET", ME) == 1


def test_a_refusal_tells_code_and_a_short_reason(zoom, me):
    zoom.fail(ME, answer=zoom.said(400, {"code": 300, "message": "x" * 999}))

    with pytest.raises(ZoomRejected) as refusal:
        me()

    assert (refusal.value.code, refusal.value.reason) == (300, "x" * 200)


def test_a_missing_scope_is_named(zoom, me):
    zoom.scopes.remove("user:read:user")

    with pytest.raises(ZoomScopeMissing) as failure:
        me()

    assert failure.value.scope == "user:read:user"


@pytest.mark.parametrize(
    "fault",
    [
        {"answer": http.HTTPStatus.BAD_GATEWAY},
        {"drop": True},
    ],
    ids=["502", "dropped"],
)
def test_a_read_is_repeated_twice(zoom, me, no_waiting, fault):
    fault = {**fault, "answer": zoom.said(502)} if "answer" in fault else fault
    zoom.fail(ME, times=2, **fault)

    assert me().id == "host"
    assert zoom.count("GET", ME) == 3
    assert no_waiting == [0.5, 2.0]


def test_a_third_failure_is_an_outage(zoom, me, no_waiting):
    zoom.fail(ME, times=9, answer=zoom.said(503))

    with pytest.raises(ZoomUnavailable):
        me()

    assert zoom.count("GET", ME) == 3


def test_making_something_is_not_repeated(zoom, token, no_waiting):
    zoom.fail("/v2/meetings/1/registrants", drop=True)

    with pytest.raises(ZoomUnavailable):
        client.add_registrant("1", email="jo@example.org", full_name="Jo", token=token)

    assert (zoom.count("POST", "/v2/meetings/1/registrants"), no_waiting) == (1, [])


def test_a_slow_answer_is_an_outage(zoom, token, monkeypatch):
    monkeypatch.setattr(http, "READ_TIMEOUT", 0.05)
    zoom.fail("/v2/meetings/1/registrants", delay=0.4)

    with pytest.raises(ZoomUnavailable, match="Timeout"):
        client.add_registrant("1", email="jo@example.org", full_name="Jo", token=token)


def test_an_answer_cut_short_is_an_outage(zoom, me, no_waiting, monkeypatch):
    def cut(*_, **__):
        raise urllib3.exceptions.IncompleteRead(5, 10)

    monkeypatch.setattr(urllib3.HTTPResponse, "read", cut)

    with pytest.raises(ZoomUnavailable, match="IncompleteRead"):
        me()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "body": "<html>"},
        {"status": 302, "Location": "http://evil.example/"},
        {"status": 200, "body": "x" * (5 * 1024 * 1024 + 1)},
    ],
    ids=["html", "redirect", "huge"],
)
def test_an_answer_that_cannot_be_zooms_is_an_outage(zoom, me, no_waiting, answer):
    zoom.fail(ME, times=3, answer=zoom.said(**answer))

    with pytest.raises(ZoomUnavailable):
        me()


def test_a_rate_per_second_is_waited_for(zoom, me, no_waiting):
    zoom.fail(ME, times=3, answer=zoom.said(429, {}, X_RateLimit_Type="QPS"))

    assert me().id == "host"
    assert no_waiting == [1.0, 2.0, 4.0]


@time_machine.travel(NOW, tick=False)
def test_a_rate_per_second_that_stays_is_told(zoom, me, no_waiting):
    zoom.fail(ME, times=4, answer=zoom.said(429, {}, X_RateLimit_Type="QPS", Retry_After="60"))

    with pytest.raises(ZoomRateLimited) as failure:
        me()

    assert failure.value.retry_at == NOW + timedelta(minutes=1)


MIDNIGHT = datetime(2027, 3, 11, tzinfo=UTC)
RETRY_AFTER = {
    "3600": NOW + timedelta(hours=1),
    "Wed, 10 Mar 2027 12:00:00 GMT": datetime(2027, 3, 10, 12, tzinfo=UTC),
    "2027-03-10T12:00:00Z": datetime(2027, 3, 10, 12, tzinfo=UTC),
    "": MIDNIGHT,
    "tomorrow": MIDNIGHT,
    "-5": MIDNIGHT,
    "9" * 30: MIDNIGHT,
}


@pytest.mark.parametrize(("given", "expected"), RETRY_AFTER.items(), ids=RETRY_AFTER)
@time_machine.travel(NOW, tick=False)
def test_a_daily_limit_ends_when_zoom_says_so(zoom, me, no_waiting, given, expected):
    headers = {"X_RateLimit_Type": "Daily-limit"} | ({"Retry_After": given} if given else {})
    zoom.fail(ME, answer=zoom.said(429, {}, **headers))

    with pytest.raises(ZoomRateLimited) as failure:
        me()

    assert failure.value.retry_at == expected
    assert (zoom.count("GET", ME), no_waiting) == (1, [])


def test_five_failures_in_a_row_open_the_circuit_for_half_a_minute(zoom, token, clock):
    def register():
        client.add_registrant("1", email="jo@example.org", full_name="Jo", token=token)

    zoom.fail("/v2/meetings/1/registrants", times=5, answer=zoom.said(500))
    for _ in range(6):
        with pytest.raises(ZoomUnavailable):
            register()
    while_open = zoom.count("POST", "/v2/meetings/1/registrants")
    clock.now += 31

    with pytest.raises(ZoomNotFound):
        register()
    assert while_open == 5


def test_failures_far_apart_leave_the_circuit_closed(zoom, token, clock):
    zoom.fail("/v2/meetings/1/registrants", times=6, answer=zoom.said(500))

    for _ in range(6):
        with pytest.raises(ZoomUnavailable, match="HTTP 500"):
            client.add_registrant("1", email="jo@example.org", full_name="Jo", token=token)
        clock.now += 16


def test_nobody_listening_is_an_outage(zoom, settings, no_waiting):
    settings.ZOOM_API_BASE = "http://127.0.0.1:9/v2"

    with pytest.raises(ZoomUnavailable):
        client.me(token="zoom-access.host.1")


def test_we_say_who_we_are(zoom, me):
    me()

    assert zoom.calls[-1].headers["user-agent"] == "CPD-Events"


def test_a_pause_is_spread(monkeypatch):
    slept = []
    monkeypatch.setattr(http.time, "sleep", slept.append)

    http._pause(1.0)

    assert 0.8 <= slept[0] <= 1.2


def test_the_session_verifies_certificates():
    assert isinstance(http._session, requests.Session)
    assert http._session.verify is True


def test_a_proxy_of_the_environment_is_not_asked_for_the_double(zoom, me, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert me().id == "host"
