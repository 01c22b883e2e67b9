"""One shape for every refusal."""

import pytest
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework_simplejwt.exceptions import InvalidToken

from common import errors
from common.exceptions import (
    Conflict,
    Gone,
    InvalidRequest,
    InvalidStatus,
    LimitReached,
    LinkExpired,
    NotAllowed,
    RuleViolation,
    StaleVersion,
    Unavailable,
)
from tests.common.toolkit import Part

KINDS = [
    (InvalidRequest(), 400, "INVALID_REQUEST"),
    (InvalidStatus(), 400, "INVALID_STATUS"),
    (LimitReached(), 402, "PLAN_LIMIT_REACHED"),
    (NotAllowed(), 403, "PERMISSION_DENIED"),
    (Conflict(), 409, "CONFLICT"),
    (Gone(), 410, "GONE"),
    (LinkExpired(), 410, "LINK_EXPIRED"),
    (StaleVersion(), 412, "PRECONDITION_FAILED"),
    (RuleViolation(), 422, "BUSINESS_RULE_VIOLATION"),
    (Unavailable(), 503, "SERVICE_UNAVAILABLE"),
    (ValidationError("No."), 400, "VALIDATION_ERROR"),
    (Http404("secret"), 404, "NOT_FOUND"),
    (PermissionDenied("secret"), 403, "PERMISSION_DENIED"),
    (RequestDataTooBig("secret"), 413, "PAYLOAD_TOO_LARGE"),
    (DisallowedHost("secret"), 400, "INVALID_REQUEST"),
    (SuspiciousOperation("secret"), 400, "INVALID_REQUEST"),
    (UnreadablePostError("secret"), 400, "PARSE_ERROR"),
    (IntegrityError("secret"), 409, "CONFLICT"),
    (DataError("secret"), 400, "VALIDATION_ERROR"),
    (OperationalError("database is locked"), 503, "SERVICE_UNAVAILABLE"),
    (InterfaceError("secret"), 503, "SERVICE_UNAVAILABLE"),
    (drf.ValidationError("No."), 400, "VALIDATION_ERROR"),
    (drf.ParseError(), 400, "PARSE_ERROR"),
    (drf.NotAuthenticated(), 401, "NOT_AUTHENTICATED"),
    (drf.AuthenticationFailed(), 401, "AUTHENTICATION_FAILED"),
    (InvalidToken("expired"), 401, "AUTHENTICATION_FAILED"),
    (drf.PermissionDenied(), 403, "PERMISSION_DENIED"),
    (drf.NotFound(), 404, "NOT_FOUND"),
    (drf.MethodNotAllowed("POST"), 405, "METHOD_NOT_ALLOWED"),
    (drf.NotAcceptable(), 406, "NOT_ACCEPTABLE"),
    (drf.UnsupportedMediaType("text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    (drf.Throttled(wait=3), 429, "RATE_LIMITED"),
]


@pytest.mark.parametrize(
    ("exc", "status", "code"), KINDS, ids=[f"{type(kind[0]).__name__}-{kind[2]}" for kind in KINDS]
)
def test_each_kind_has_its_status_and_code(exc, status, code):
    refusal = errors.refusal_for(exc)

    assert (refusal.status, refusal.code) == (status, code)
    assert "secret" not in str(refusal.body)


def test_a_mistake_of_ours_is_no_refusal():
    assert errors.refusal_for(ZeroDivisionError("secret")) is None


SHAPES = [
    ({"title": ["A.", "B."]}, {"title": ["A.", "B."]}),
    ("A.", {"non_field_errors": ["A."]}),
    (["A.", "B."], {"non_field_errors": ["A.", "B."]}),
    ({"kid": {"age": ["A."]}}, {"kid": {"age": ["A."]}}),
    ({0: {"age": ["A."]}, 2: {"age": ["B."]}}, {"0": {"age": ["A."]}, "2": {"age": ["B."]}}),
    ([{}, {"age": ["A."]}], {"1": {"age": ["A."]}}),
    ({"kids": [{}, {"age": ["A."]}]}, {"kids": {"1": {"age": ["A."]}}}),
    ({"kids": {0: ["A."]}}, {"kids": {"0": ["A."]}}),
    ({"title": "A."}, {"title": ["A."]}),
]


@pytest.mark.parametrize(("detail", "expected"), SHAPES)
def test_details_map_fields_to_messages(detail, expected):
    assert errors.refusal_for(drf.ValidationError(detail)).details == expected


def test_model_validation_keeps_its_fields_and_names_the_rest():
    by_field = ValidationError({"title": ["A."], "__all__": ["B."]})

    assert errors.refusal_for(by_field).details == {"title": ["A."], "non_field_errors": ["B."]}
    assert errors.refusal_for(ValidationError(["A."])).details == {"non_field_errors": ["A."]}


def test_the_message_of_a_wrapped_token_error_is_its_sentence():
    error = InvalidToken({"detail": "The token has expired.", "messages": [{"x": 1}]})

    assert errors.refusal_for(error).message == "The token has expired."


def test_unavailable_and_throttled_say_when_to_come_back():
    assert errors.refusal_for(Unavailable()).headers == {"Retry-After": "5"}
    assert errors.refusal_for(Unavailable(retry_after=30)).headers == {"Retry-After": "30"}
    assert errors.refusal_for(drf.Throttled(wait=3)).headers == {"Retry-After": "4"}


def test_unauthorized_names_the_way_to_sign_in():
    assert errors.refusal_for(drf.NotAuthenticated()).headers == {"WWW-Authenticate": "Bearer"}


def test_a_protected_row_tells_what_uses_it():
    error = ProtectedError("secret", [Part(name="Bolt"), Part(name="Nut")])

    refusal = errors.refusal_for(error)

    assert (refusal.status, refusal.code, refusal.details) == (
        409,
        "IN_USE",
        {"by": {"part": 2}},
    )


def test_details_of_a_refusal_reach_the_client(api):
    response = api.get("/api/v1/echo/?raise=rule")

    assert response.status_code == 422
    assert response.json() == {
        "error": {
            "code": "BUSINESS_RULE_VIOLATION",
            "message": "No.",
            "details": {"reason": "because"},
        }
    }


def test_a_crash_tells_the_request_id_and_nothing_else(api):
    api.raise_request_exception = False

    response = api.get("/api/v1/echo/?raise=crash", HTTP_X_REQUEST_ID="r-1")

    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert "r-1" in response.json()["error"]["message"]
    assert "secret" not in response.content.decode()


def test_a_unique_race_is_a_conflict(api, make):
    make(title="Lathe")

    response = api.post("/api/v1/gadgets/secret/", {"title": "Lathe"})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")


def test_wrong_method_names_the_right_ones(api):
    response = api.delete("/api/v1/gadgets/")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in response["Allow"]


def test_no_such_representation(api):
    response = api.get("/api/v1/gadgets/", HTTP_ACCEPT="application/pdf")

    assert (response.status_code, response.json()["error"]["code"]) == (406, "NOT_ACCEPTABLE")
    assert response["Content-Type"] == "application/json"
