"""The outermost layer: ids, headers, hosts, crashes and outages."""

import logging

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory, override_settings

from common import context
from common.middleware import CSP_DATA, CSP_PAGE, RequestMiddleware, client_ip
from common.views import health

ENVELOPE = {"code", "message", "details"}


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def crashing(monkeypatch):
    """Make `/api/v1/` raise what the test says."""
    from common.views.pages import CollectionsView

    def raising(error):
        def get(self, request):
            raise error

        monkeypatch.setattr(CollectionsView, "get", get)

    return raising


def error_of(response):
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"]
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == ENVELOPE
    return response.status_code, body["error"]["code"]


def test_the_clients_request_id_comes_back(visitor):
    response = visitor.get("/healthz", headers={"X-Request-ID": "abc.DEF_1-2"})

    assert response.headers["X-Request-ID"] == "abc.DEF_1-2"


@pytest.mark.parametrize("told", ["<script>", "a b", "x" * 65, "", "é", "a\tb"])
def test_an_unfit_request_id_is_replaced(visitor, told):
    response = visitor.get("/healthz", headers={"X-Request-ID": told})

    assert len(response.headers["X-Request-ID"]) == 32
    assert response.headers["X-Request-ID"] != told


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_an_unknown_address_is_answered_in_the_envelope(visitor, debug):
    with override_settings(DEBUG=debug):
        responses = [
            visitor.get("/api/nothing/here"),
            visitor.post("/api/v1/nothing"),
            visitor.get("/nothing"),
        ]

    assert [error_of(response) for response in responses] == [(404, "NOT_FOUND")] * 3


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_a_wrong_method_is_answered_in_the_envelope(visitor, debug):
    with override_settings(DEBUG=debug):
        response = visitor.delete("/api/v1/")

    assert error_of(response) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_a_crash_names_only_the_request(visitor, crashing, debug, caplog):
    crashing(RuntimeError("password of anna@example.org is hunter2"))

    with override_settings(DEBUG=debug):
        response = visitor.get("/api/v1/", headers={"X-Request-ID": "req-1"})

    assert error_of(response) == (500, "INTERNAL_ERROR")
    assert response.json()["error"]["message"] == "Something went wrong on our side. Request req-1."
    assert "hunter2" not in response.content.decode()


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_an_unreachable_database_asks_to_come_back(visitor, crashing, debug):
    crashing(OperationalError("unable to open database file"))

    with override_settings(DEBUG=debug):
        response = visitor.get("/api/v1/")

    assert error_of(response) == (503, "SERVICE_UNAVAILABLE")
    assert response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_the_admin_asks_to_come_back_too(visitor, monkeypatch, debug):
    def away(*_, **__):
        raise OperationalError("unable to open database file")

    monkeypatch.setattr("django.contrib.admin.sites.AdminSite.has_permission", away)

    with override_settings(DEBUG=debug):
        response = visitor.get("/admin/")

    assert error_of(response) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", "evil\u00e9"])
@pytest.mark.parametrize("debug", [True, False], ids=["debug", "production"])
def test_an_unknown_host_is_refused_in_the_envelope(visitor, host, debug):
    with override_settings(DEBUG=debug):
        response = visitor.get("/api/v1/", headers={"Host": host})

    assert error_of(response) == (400, "INVALID_REQUEST")
    assert "evil" not in response.content.decode()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/v1/", 400, "HTTPS_REQUIRED"), ("/api/nothing", 400, "HTTPS_REQUIRED")],
)
def test_plain_http_is_refused_under_the_api(visitor, path, status, code):
    with override_settings(HTTPS_REQUIRED=True):
        response = visitor.get(path)

    assert error_of(response) == (status, code)


def test_plain_http_is_redirected_on_pages_and_allowed_for_health(visitor):
    with override_settings(HTTPS_REQUIRED=True):
        page = visitor.get("/?a=1")
        health_check = visitor.get("/healthz")

    assert (page.status_code, page.headers["Location"]) == (301, "https://testserver/?a=1")
    assert health_check.status_code == 200


def test_https_told_by_our_proxy_is_believed(visitor):
    told = {"X-Forwarded-Proto": "https"}
    trusted = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}

    with override_settings(HTTPS_REQUIRED=True):
        without_proxy = visitor.get("/api/v1/", headers=told)
        with override_settings(**trusted):
            behind_proxy = visitor.get("/api/v1/", headers=told)

    assert (without_proxy.status_code, behind_proxy.status_code) == (400, 200)


@pytest.mark.parametrize(
    ("path", "host"),
    [("/api/v1/", "testserver"), ("/nothing", "testserver"), ("/", "evil.example")],
)
def test_browsers_are_told_to_stay_on_https(visitor, path, host):
    with override_settings(SECURE_HSTS_SECONDS=60, SECURE_HSTS_INCLUDE_SUBDOMAINS=True):
        secure = visitor.get(path, secure=True, headers={"Host": host})
        plain = visitor.get(path, headers={"Host": host})

    assert secure.headers["Strict-Transport-Security"] == "max-age=60; includeSubDomains"
    assert "Strict-Transport-Security" not in plain.headers


EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize(
    ("path", "host", "policy"),
    [
        ("/", "testserver", CSP_PAGE),
        ("/api/v1/", "testserver", CSP_DATA),
        ("/api/nothing", "testserver", CSP_DATA),
        ("/healthz", "testserver", CSP_DATA),
        ("/api/v1/", "evil.example", CSP_DATA),
    ],
)
def test_every_answer_carries_the_security_headers(visitor, path, host, policy):
    headers = visitor.get(path, headers={"Host": host}).headers

    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert headers["Content-Security-Policy"] == policy
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.9"),
        (1, "6.6.6.6, 7.7.7.7", "7.7.7.7"),
        (2, "6.6.6.6, 7.7.7.7, 8.8.8.8", "7.7.7.7"),
        (3, "7.7.7.7", "7.7.7.7"),
        (1, "", "10.0.0.9"),
        (1, "<script>", "10.0.0.9"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_comes_from_trusted_hops_only(settings, proxies, forwarded, address):
    settings.NUM_PROXIES = proxies
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.9"
    )

    assert client_ip(request) == address


def test_the_context_lasts_exactly_as_long_as_the_request():
    seen = []

    def view(request):
        seen.append(context.current())
        return health.HealthView.as_view()(request)

    request = RequestFactory().get(
        "/healthz",
        headers={"X-Request-ID": "r-1", "User-Agent": "curl\x07/8 " + "x" * 400},
        REMOTE_ADDR="10.0.0.9",
    )
    RequestMiddleware(view)(request)

    assert (seen[0].request_id, seen[0].ip_address) == ("r-1", "10.0.0.9")
    assert seen[0].user_agent == "curl/8 " + "x" * 292
    assert context.current() == context.NOBODY


def test_there_is_one_access_line_and_none_for_health(visitor, caplog):
    caplog.set_level(logging.INFO, logger="access")

    visitor.get("/healthz")
    visitor.get("/api/v1/?token=secret")

    lines = [record.msg for record in caplog.records if record.name == "access"]
    assert [line["route"] for line in lines] == ["api/v1/"]
    assert lines[0] | {"duration_ms": 0} == {
        "event": "request",
        "method": "GET",
        "route": "api/v1/",
        "status": 200,
        "duration_ms": 0,
    }


@pytest.mark.parametrize(
    ("path", "route"), [("/static/common/none.css", "static"), ("/secret-token", "unmatched")]
)
def test_addresses_without_a_route_share_a_label(visitor, caplog, path, route):
    caplog.set_level(logging.INFO, logger="access")

    visitor.get(path)

    lines = [record.msg for record in caplog.records if record.name == "access"]
    assert [line["route"] for line in lines] == [route]


ORIGINS = [
    ("http://localhost:3000", True),
    ("http://localhost:3000.evil.example", False),
    ("http://localhost:30001", False),
    ("https://localhost:3000", False),
    ("http://evil.example", False),
    ("http://evil-localhost:3000", False),
    ("http://sub.localhost:3000", False),
    ("null", False),
    ("", False),
    ("http://localhost:3000@evil.example", False),
    ("http://[broken", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
def test_only_listed_origins_may_read(visitor, origin, allowed):
    preflight = visitor.options(
        "/api/v1/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    answer = visitor.get("/api/v1/", headers={"Origin": origin})

    expected = origin if allowed else None
    assert preflight.status_code == 200
    assert preflight.headers.get("Access-Control-Allow-Origin") == expected
    assert answer.headers.get("Access-Control-Allow-Origin") == expected
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_clients_in_browsers_may_read_our_headers(visitor):
    response = visitor.get("/api/v1/", headers={"Origin": "http://localhost:3000"})

    assert response.headers["Access-Control-Expose-Headers"] == (
        "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, "
        "Idempotency-Replayed, Content-Disposition"
    )
