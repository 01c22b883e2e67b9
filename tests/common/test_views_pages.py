"""Landing page, list of collections, the development mailbox, CSRF refusals, the admin's pages."""

import json

import pytest
from django.test import Client, RequestFactory

from common.views import pages

MESSAGE = {
    "uuid": "0d7f7a0a-9f0e-4a61-8c3f-5a3f1a5e7b11",
    "kind": "verify_email",
    "to_email": "anna@example.org",
    "subject": "Confirm <your> address",
    "text": "Open https://example.org/verify?token=abc now.",
    "html": "<p onclick='x'>Hi</p>",
    "created_at": "2027-03-01T09:00:00Z",
}


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def mailbox(settings, tmp_path):
    """Two messages in a mailbox that is shown."""
    settings.MAILBOX_SHOWN = True
    settings.MAIL_DIR = tmp_path
    later = {**MESSAGE, "to_email": "ben@example.org", "created_at": "2027-03-02T09:00:00Z"}
    (tmp_path / "1.json").write_text(json.dumps({**MESSAGE, "headers": {"X": "left out"}}))
    (tmp_path / "2.json").write_text(json.dumps(later))
    return [later, MESSAGE]


def test_the_landing_page_leads_to_everything(visitor):
    response = visitor.get("/", headers={"Accept": "text/html"})

    page = response.content.decode()
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    for link in ("/api/docs/", "/api/v1/", "/api-auth/login/", "/healthz", "/readyz"):
        assert f'{link}"' in page
    assert "<script" not in page


def test_programs_get_the_same_as_json(visitor):
    response = visitor.get("/", headers={"Accept": "application/json"})

    assert response.json() == {
        "name": "CPD Events",
        "version": "1.0.0",
        "docs": "http://testserver/api/docs/",
        "schema": "http://testserver/api/schema/",
        "api": "http://testserver/api/v1/",
    }


def test_the_api_lists_its_collections(visitor):
    response = visitor.get("/api/v1/")

    assert response.json()["billing/plans"] == "http://testserver/api/v1/billing/plans/"
    assert not [name for name in response.json() if "<" in name or "{" in name]


def test_the_mailbox_lists_the_newest_first(visitor, mailbox):
    assert visitor.get("/dev/mail.json").json() == mailbox


def test_the_mailbox_of_one_address(visitor, mailbox):
    assert visitor.get("/dev/mail.json?to=Anna@Example.org").json() == [MESSAGE]


def test_the_mailbox_page_shows_links_and_escapes_the_rest(visitor, mailbox):
    page = visitor.get("/dev/mail/").content.decode()

    assert 'href="https://example.org/verify?token=abc"' in page
    assert "Confirm &lt;your&gt; address" in page
    assert 'srcdoc="&lt;p onclick=' in page


@pytest.mark.parametrize("path", ["/dev/mail/", "/dev/mail.json"])
def test_outside_development_there_is_no_mailbox(visitor, path):
    response = visitor.get(path)

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_missing_csrf_token_is_refused_in_the_envelope():
    response = pages.csrf_failure(RequestFactory().post("/api-auth/login/"))

    assert response.status_code == 403
    assert json.loads(response.content)["error"]["code"] == "PERMISSION_DENIED"


@pytest.mark.django_db
def test_the_admin_keeps_its_own_error_pages(visitor):
    refused = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    unknown = visitor.get("/admin/nothing/here")

    assert (refused.status_code, refused.headers["Content-Type"]) == (
        403,
        "text/html; charset=utf-8",
    )
    assert unknown.status_code == 302


def test_error_pages_of_the_landing_page_are_html():
    request = RequestFactory().get("/")
    error = ValueError("x")
    answers = [
        pages.bad_request(request, error),
        pages.permission_denied(request, error),
        pages.page_not_found(request, error),
        pages.server_error(request),
    ]

    assert [(a.status_code, a.headers["Content-Type"]) for a in answers] == [
        (status, "text/html; charset=utf-8") for status in (400, 403, 404, 500)
    ]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_an_unknown_address_is_not_found_by_whatever_method(method):
    strict = Client(enforce_csrf_checks=True)

    response = getattr(strict, method)("/api/v1/nothing/of/the/kind/")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")
