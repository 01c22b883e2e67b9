"""The parts of the schema that every operation shares: refusals, headers, security schemes."""

from http import HTTPStatus
from typing import Any, Final

Json = dict[str, Any]

# status -> (description, headers beside the common ones, [(code, message, details)])
Example = tuple[str, str, Json | None]
REFUSALS: Final[dict[HTTPStatus, tuple[str, tuple[str, ...], tuple[Example, ...]]]] = {
    HTTPStatus.BAD_REQUEST: (
        "The request makes no sense in itself.",
        (),
        (
            ("VALIDATION_ERROR", "Validation failed.", {"title": ["This field is required."]}),
            ("PARSE_ERROR", "The request body is not valid JSON.", None),
            ("INVALID_STATUS", "A completed event cannot become published.", None),
        ),
    ),
    HTTPStatus.UNAUTHORIZED: (
        "No credentials, or none that are valid.",
        ("WWW-Authenticate",),
        (
            ("NOT_AUTHENTICATED", "Authentication credentials were not provided.", None),
            ("AUTHENTICATION_FAILED", "The token is invalid or expired.", None),
            (
                "OTP_REQUIRED",
                "Please enter the code of your authenticator app.",
                {"challenge": "k2Vw8mQyT0c5rXeLJ7nHdZ1uPaGfB4sRoYi9tCjKx3M"},
            ),
        ),
    ),
    HTTPStatus.PAYMENT_REQUIRED: (
        "The plan ends here.",
        (),
        (
            (
                "PLAN_LIMIT_REACHED",
                "Your plan's limit is reached.",
                {"limit": "events_per_month", "max": 5, "used": 5, "requested": 1, "plan": "trial"},
            ),
        ),
    ),
    HTTPStatus.FORBIDDEN: (
        "The caller may not do this.",
        (),
        (
            (
                "PERMISSION_DENIED",
                "You do not have permission to perform this action.",
                None,
            ),
            (
                "SCOPE_REQUIRED",
                "The API token lacks the scope that this needs.",
                {"scope": "events:write"},
            ),
            ("EMAIL_NOT_VERIFIED", "Please verify your e-mail address first.", None),
            ("REAUTHENTICATION_REQUIRED", "Please confirm your password first.", None),
        ),
    ),
    HTTPStatus.NOT_FOUND: (
        "There is no such thing, or none for this caller.",
        (),
        (("NOT_FOUND", "Not found.", None),),
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "The resource does not know this method.",
        ("Allow",),
        (("METHOD_NOT_ALLOWED", 'Method "DELETE" not allowed.', None),),
    ),
    HTTPStatus.NOT_ACCEPTABLE: (
        "There is no such representation.",
        (),
        (("NOT_ACCEPTABLE", "Could not satisfy the request Accept header.", None),),
    ),
    HTTPStatus.CONFLICT: (
        "The state of a resource stands in the way.",
        (),
        (
            ("CONFLICT", "The resource is in a state that does not allow this.", None),
            ("IN_USE", "Other records still use this one.", {"by": {"event": 3}}),
        ),
    ),
    HTTPStatus.GONE: (
        "It was there once.",
        (),
        (("LINK_EXPIRED", "This link is no longer valid.", None),),
    ),
    HTTPStatus.PRECONDITION_FAILED: (
        "The resource has changed since the caller read it.",
        (),
        (
            (
                "PRECONDITION_FAILED",
                "The resource has changed since you read it.",
                {"etag": '"6f1a2b3c4d5e6f70.0a1b2c3d4e5f6071"'},
            ),
        ),
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "The body or file is above its limit.",
        (),
        (("PAYLOAD_TOO_LARGE", "The request body is larger than 1 MB.", None),),
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "The operation does not take this media type.",
        (),
        (("UNSUPPORTED_MEDIA_TYPE", 'Unsupported media type "text/plain" in request.', None),),
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: (
        "The file has no such range of bytes.",
        (),
        (("RANGE_NOT_SATISFIABLE", "The file has no such range of bytes.", None),),
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "A rule of the business forbids it.",
        (),
        (("BUSINESS_RULE_VIOLATION", "A rule does not allow this.", None),),
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Too many requests in the time.",
        ("Retry-After",),
        (("RATE_LIMITED", "Too many requests.", {"scope": "user", "retry_after": 42}),),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Something we depend on is down; trying again later is right.",
        ("Retry-After",),
        (("SERVICE_UNAVAILABLE", "The service is temporarily unavailable.", None),),
    ),
}
HEADERS: Final[dict[str, tuple[str, Json]]] = {
    "X-Request-ID": (
        "The id of this request, the client's own if it sent one.",
        {"type": "string"},
    ),
    "RateLimit": (
        "What is left of the tightest limit (draft-ietf-httpapi-ratelimit-headers).",
        {"type": "string"},
    ),
    "RateLimit-Policy": ("The limits that apply (same draft).", {"type": "string"}),
    "Retry-After": ("Seconds to wait before the next try.", {"type": "integer", "minimum": 0}),
    "Link": ("Next and previous page (RFC 8288).", {"type": "string"}),
    "ETag": ("The version and representation of the resource.", {"type": "string"}),
    "Location": ("The address of what was made.", {"type": "string", "format": "uri"}),
    "Idempotency-Replayed": (
        "`true` when this is the stored answer to an earlier request.",
        {"type": "string", "enum": ["true"]},
    ),
    "WWW-Authenticate": ("How to sign in.", {"type": "string"}),
    "Allow": ("The methods that the resource knows.", {"type": "string"}),
}
ERROR: Final[Json] = {
    "type": "object",
    "description": "The one shape of every refusal.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
                "message": {"type": "string"},
                "details": {
                    "type": ["object", "null"],
                    "additionalProperties": True,
                    "description": "From field to messages, or facts that belong to the code.",
                },
            },
        }
    },
}
SECURITY: Final[Json] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a session.",
    },
    "apiToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "cpd_",
        "description": "An API token; the operation names the scope it needs.",
    },
    "sessionAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A browser session; writing needs the CSRF token too.",
    },
}


def build() -> Json:
    """Return what is appended to the generated components."""
    return {
        "schemas": {"Error": ERROR},
        "responses": {name(status): _refusal(status) for status in REFUSALS},
        "headers": {
            header: {"description": text, "schema": schema}
            for header, (text, schema) in HEADERS.items()
        },
        "securitySchemes": SECURITY,
    }


def name(status: HTTPStatus) -> str:
    """Return the component's name of a refusal: NotFound, TooManyRequests."""
    return status.phrase.title().replace(" ", "").replace("-", "")


def _refusal(status: HTTPStatus) -> Json:
    description, headers, examples = REFUSALS[status]
    shown = {
        code: {"value": {"error": {"code": code, "message": message, "details": details}}}
        for code, message, details in examples
    }
    return {
        "description": description,
        "headers": {
            each: {"$ref": f"#/components/headers/{each}"} for each in ("X-Request-ID", *headers)
        },
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": shown,
            }
        },
    }
