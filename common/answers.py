"""The envelope outside of REST framework views: plain views, middleware and Django's handlers."""

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError

from common import context
from common.exceptions import (
    DomainError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
)

RETRY_AFTER = 5
# What SQLite says when its file is busy or gone; its other operational errors are our mistakes.
SQLITE_AWAY = ("locked", "busy", "unable to open", "disk")


class Crash(DomainError):
    """A mistake of ours; the log knows more under the request's id."""

    status = 500
    code = "INTERNAL_ERROR"


def refuse(refusal: DomainError) -> JsonResponse:
    """Return the envelope of a refusal."""
    error = {"code": refusal.code, "message": refusal.text, "details": refusal.details}
    response = JsonResponse(
        {"error": error}, status=refusal.status, json_dumps_params={"ensure_ascii": False}
    )
    retry_after = refusal.retry_after
    if retry_after is None and isinstance(refusal, Unavailable):
        retry_after = RETRY_AFTER
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def to_exception(error: BaseException | None) -> JsonResponse:
    """Return the envelope of whatever was raised; texts not written for people stay out."""
    return refuse(refusal_for(error))


def refusal_for(error: BaseException | None) -> DomainError:
    """Return the refusal that an exception stands for."""
    if isinstance(error, DomainError):
        return error
    if is_database_away(error):
        return Unavailable()
    for kinds, refusal in _REFUSALS:
        if isinstance(error, kinds):
            return refusal()
    return Crash(f"Something went wrong on our side. Request {context.current().request_id}.")


_REFUSALS: tuple[tuple[tuple[type[Exception], ...], type[DomainError]], ...] = (
    ((Http404,), NotFound),
    ((PermissionDenied,), NotAllowed),
    ((RequestDataTooBig,), TooLarge),
    ((BadRequest, SuspiciousOperation, MultiPartParserError), InvalidRequest),
)


def is_database_away(error: BaseException | None) -> bool:
    """Tell an outage, a lock that was not to be had or a time-out from a mistake of ours."""
    if not isinstance(error, OperationalError):
        return isinstance(error, InterfaceError)
    if connection.vendor != "sqlite":
        return True
    return any(sign in str(error) for sign in SQLITE_AWAY)


def is_page(request: HttpRequest) -> bool:
    """Tell whether people look at this address: the admin and the landing page."""
    return request.path == "/" or request.path.startswith("/admin/")


def not_found(request: HttpRequest) -> JsonResponse | None:
    """Return the envelope for an address that no route knows; pages keep Django's own."""
    return None if is_page(request) else refuse(NotFound())
