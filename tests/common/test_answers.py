"""The envelope outside of REST framework views."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory

from common import answers
from common.exceptions import LinkExpired, Unavailable
from common.views import pages

TABLE = [
    (LinkExpired(), 410, "LINK_EXPIRED"),
    (Http404("row 7 of table x"), 404, "NOT_FOUND"),
    (PermissionDenied("because of row 7"), 403, "PERMISSION_DENIED"),
    (RequestDataTooBig("7"), 413, "PAYLOAD_TOO_LARGE"),
    (SuspiciousOperation("row 7"), 400, "INVALID_REQUEST"),
    (MultiPartParserError("row 7"), 400, "INVALID_REQUEST"),
    (InterfaceError("connection row 7 already closed"), 503, "SERVICE_UNAVAILABLE"),
    (Unavailable(retry_after=60), 503, "SERVICE_UNAVAILABLE"),
    (ValueError("row 7"), 500, "INTERNAL_ERROR"),
    (None, 500, "INTERNAL_ERROR"),
]


@pytest.mark.parametrize(("error", "status", "code"), TABLE, ids=lambda value: str(value)[:30])
def test_each_exception_has_its_answer_and_keeps_its_text(error, status, code):
    response = answers.to_exception(error)

    body = json.loads(response.content)["error"]
    assert (response.status_code, body["code"], body["details"]) == (status, code, None)
    assert "row 7" not in body["message"]


@pytest.mark.parametrize(
    ("error", "wait"), [(Unavailable(), "5"), (Unavailable(retry_after=60), "60")]
)
def test_an_outage_says_when_to_come_back(error, wait):
    assert answers.refuse(error).headers["Retry-After"] == wait


@pytest.mark.parametrize(
    ("vendor", "text", "away"),
    [
        ("sqlite", "database is locked", True),
        ("sqlite", "unable to open database file", True),
        ("sqlite", "no such column: x", False),
        ("postgresql", "canceling statement due to lock timeout", True),
        ("postgresql", "connection refused", True),
    ],
)
def test_outages_are_told_from_our_own_mistakes(monkeypatch, vendor, text, away):
    monkeypatch.setattr(type(connection._connections["default"]), "vendor", vendor)

    assert answers.is_database_away(OperationalError(text)) is away


def test_django_s_handlers_answer_programs_in_the_envelope():
    request = RequestFactory().get("/anything")
    refused = [
        pages.bad_request(request, SuspiciousOperation()),
        pages.permission_denied(request, PermissionDenied()),
        pages.page_not_found(request, Http404()),
        pages.server_error(request),
    ]

    codes = [json.loads(response.content)["error"]["code"] for response in refused]
    assert codes == ["INVALID_REQUEST", "PERMISSION_DENIED", "NOT_FOUND", "INTERNAL_ERROR"]
