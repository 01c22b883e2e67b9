"""The one place where an exception gets its HTTP shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError
from django.db.models import Model, ProtectedError, RestrictedError
from django.http import UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from common import answers
from common.exceptions import Conflict, DomainError, InvalidRequest, Unavailable

UNAVAILABLE_RETRY_AFTER: Final = 5
INVALID: Final = "Validation failed."
OUT_OF_RANGE: Final = "A value is too long or out of range."
ROOT: Final = api_settings.NON_FIELD_ERRORS_KEY

# Looked up along the class hierarchy, so a library's own subclass finds its kind.
CODES: Final[Mapping[type[BaseException], str]] = {
    exceptions.ValidationError: "VALIDATION_ERROR",
    exceptions.ParseError: "PARSE_ERROR",
    exceptions.NotAuthenticated: "NOT_AUTHENTICATED",
    exceptions.AuthenticationFailed: "AUTHENTICATION_FAILED",
    exceptions.PermissionDenied: "PERMISSION_DENIED",
    exceptions.NotFound: "NOT_FOUND",
    exceptions.MethodNotAllowed: "METHOD_NOT_ALLOWED",
    exceptions.NotAcceptable: "NOT_ACCEPTABLE",
    exceptions.UnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE",
    exceptions.Throttled: "RATE_LIMITED",
}


class BrokenBody(InvalidRequest):
    """The body stopped before its end."""

    code = "PARSE_ERROR"
    message = "The request body could not be read."


class InUse(Conflict):
    """Other rows need this one."""

    code = "IN_USE"
    message = "Other records still use this one."


@dataclass(frozen=True)
class Refusal:
    """What a client is told: status, stable code, a sentence, optional facts."""

    status: int
    code: str
    message: str
    details: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return {
            "error": {"code": self.code, "message": self.message, "details": self.details or None}
        }


def exception_handler(exc: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Answer a refusal in the envelope; None lets a crash through to the middleware.

    An open transaction of the request is marked for rollback: a refusal leaves nothing behind.
    """
    refusal = refusal_for(exc)
    if refusal is None:
        return None
    set_rollback()
    return Response(refusal.body, status=refusal.status, headers=dict(refusal.headers))


def refusal_for(exc: BaseException) -> Refusal | None:
    """Return what a client is told about the exception; None when it is a mistake of ours."""
    if isinstance(exc, ValidationError):
        return Refusal(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", INVALID, _model_errors(exc))
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, DataError):
        return Refusal(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", INVALID, {ROOT: [OUT_OF_RANGE]})
    domain = _as_domain_error(exc)
    return None if isinstance(domain, answers.Crash) else _of_domain(domain)


def _as_domain_error(exc: BaseException) -> DomainError:
    if isinstance(exc, ProtectedError | RestrictedError):
        rows = getattr(exc, "protected_objects", None) or getattr(exc, "restricted_objects", ())
        return InUse(details={"by": _count_by_type(rows)})
    if isinstance(exc, IntegrityError):
        return Conflict("The change collides with another record.")
    if isinstance(exc, UnreadablePostError):
        return BrokenBody()
    return answers.refusal_for(exc)


def _of_domain(error: DomainError) -> Refusal:
    headers = {}
    retry_after = error.retry_after
    if retry_after is None and isinstance(error, Unavailable):
        retry_after = UNAVAILABLE_RETRY_AFTER
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Refusal(error.status, error.code, error.text, error.details, headers)


def _of_framework(exc: exceptions.APIException) -> Refusal:
    code = next((CODES[kind] for kind in type(exc).__mro__ if kind in CODES), None)
    if isinstance(exc, exceptions.ValidationError):
        return Refusal(exc.status_code, "VALIDATION_ERROR", INVALID, field_errors(exc.detail))
    status, headers = exc.status_code, {}
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        status = HTTPStatus.UNAUTHORIZED
        headers["WWW-Authenticate"] = "Bearer"
    wait = getattr(exc, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return Refusal(status, code or _own_code(exc), _sentence(exc.detail), None, headers)


def _own_code(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes.upper() if isinstance(codes, str) else "INVALID_REQUEST"


def _sentence(detail: Any) -> str:
    """Return the sentence of a framework error; simplejwt wraps it in a mapping."""
    while not isinstance(detail, str):
        detail = detail.get("detail", "") if isinstance(detail, Mapping) else next(iter(detail), "")
    return str(detail)


def field_errors(detail: Any) -> dict[str, Any]:
    """Return the map from field, or index as text, to messages or to the item's own map."""
    errors = _nested(detail)
    return errors if isinstance(errors, dict) else {ROOT: errors}


def _nested(detail: Any) -> dict[str, Any] | list[str]:
    if isinstance(detail, Mapping):
        return {_key(key): _nested(value) for key, value in detail.items() if value}
    if isinstance(detail, str):
        return [str(detail)]
    items = list(detail)
    if any(isinstance(item, Mapping) for item in items):
        return {str(index): _nested(item) for index, item in enumerate(items) if item}
    return [text for item in items for text in _flat(item)]


def _flat(item: Any) -> list[str]:
    return [str(item)] if isinstance(item, str) else [text for part in item for text in _flat(part)]


def _key(name: Any) -> str:
    return ROOT if name == NON_FIELD_ERRORS else str(name)


def _model_errors(exc: ValidationError) -> dict[str, Any]:
    if hasattr(exc, "error_dict"):
        return field_errors(exc.message_dict)
    return {ROOT: exc.messages}


def _count_by_type(rows: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    row: Model
    for row in rows:
        name = str(row._meta.model_name)
        counts[name] = counts.get(name, 0) + 1
    return counts
