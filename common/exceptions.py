"""The kinds of refusal. Domain code raises them; ``common.errors`` alone knows their HTTP shape."""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal written for people: a stable ``code``, a sentence, optional facts."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "INVALID_REQUEST"
    message: ClassVar[str] = "The request cannot be carried out."

    def __init__(
        self,
        message: str = "",
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.text = message or self.message
        self.details = details
        self.retry_after = retry_after
        super().__init__(self.text)


class InvalidRequest(DomainError):
    """The request makes no sense in itself."""


class InvalidStatus(InvalidRequest):
    """The status table has no such move."""

    code = "INVALID_STATUS"
    message = "The current status does not allow this."


class NotAuthenticated(DomainError):
    """Nobody, or nobody we can recognise."""

    status = 401
    code = "NOT_AUTHENTICATED"
    message = "Authentication credentials were not provided."


class LimitReached(DomainError):
    """The plan ends here."""

    status = 402
    code = "PLAN_LIMIT_REACHED"
    message = "Your plan's limit is reached."


class NotAllowed(DomainError):
    """Known caller, visible row, missing right."""

    status = 403
    code = "PERMISSION_DENIED"
    message = "You do not have permission to perform this action."


class NotFound(DomainError):
    """There is no such thing, or none for this caller."""

    status = 404
    code = "NOT_FOUND"
    message = "Not found."


class Conflict(DomainError):
    """The state of things forbids it."""

    status = 409
    code = "CONFLICT"
    message = "The resource is in a state that does not allow this."


class Gone(DomainError):
    """It was there once."""

    status = 410
    code = "GONE"
    message = "This is no longer available."


class LinkExpired(Gone):
    """A signed link past its time, or withdrawn."""

    code = "LINK_EXPIRED"
    message = "This link is no longer valid."


class StaleVersion(DomainError):
    """Somebody changed the row since it was read."""

    status = 412
    code = "PRECONDITION_FAILED"
    message = "The resource has changed since you read it."


class TooLarge(DomainError):
    """The body or file is above its limit."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"
    message = "The request body is too large."


class UnsupportedMedia(DomainError):
    """A media type or encoding that this operation does not take."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "The media type of the request is not supported."


class RuleViolation(DomainError):
    """A rule of the business forbids it."""

    status = 422
    code = "BUSINESS_RULE_VIOLATION"
    message = "A rule does not allow this."


class RateLimited(DomainError):
    """Too many in the time."""

    status = 429
    code = "RATE_LIMITED"
    message = "Too many requests."


class Unavailable(DomainError):
    """Something we depend on is down; trying again later is right."""

    status = 503
    code = "SERVICE_UNAVAILABLE"
    message = "The service is temporarily unavailable."


class PermanentFailure(Exception):
    """Raised by a task that will never succeed, so that it is not tried again."""
