"""Idempotency-Key: a repeated POST gets the first one's answer, and its effect happens once."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from common import metrics, throttling
from common.exceptions import Conflict, InvalidRequest, RuleViolation
from common.models import IdempotencyRecord
from common.renderers import encode

HEADER: Final = "Idempotency-Key"
KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
ANONYMOUS_KEY_LENGTH: Final = 16
LEASE: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(hours=24)
PREFIX: Final = "/api/v1/"
EXEMPT: Final = ("/api/v1/auth/", "/api/v1/webhooks/")
KEPT_HEADERS: Final = ("Location", "ETag")
PATH_LENGTH: Final = 500


class InvalidIdempotencyKey(InvalidRequest):
    code = "INVALID_IDEMPOTENCY_KEY"
    message = "Idempotency-Key must be 1-255 visible ASCII characters (16 or more if anonymous)."


class IdempotencyKeyReused(RuleViolation):
    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key was used for another request."


class IdempotencyInFlight(Conflict):
    code = "IDEMPOTENCY_IN_FLIGHT"
    message = "A request with this Idempotency-Key is still running."


class LeaseLost(Conflict):
    """Our lease ran out and another request took the claim; its effect stands, ours must not."""

    code = "IDEMPOTENCY_IN_FLIGHT"
    message = "Another request with this Idempotency-Key took over."


@dataclass(frozen=True)
class Claim:
    """Our right to carry out the request that this key stands for."""

    principal: str
    key: str
    token: uuid.UUID

    def rows(self) -> Any:
        return IdempotencyRecord.objects.filter(
            principal=self.principal, key=self.key, lease_token=self.token
        )


def run(view: Any, handler: Callable[..., HttpResponseBase]) -> HttpResponseBase:
    """Carry out the request once per key; without a key just carry it out."""
    request: Request = view.request
    if not _applies(view, request):
        return handler(request, *view.args, **view.kwargs)
    outcome = _claim(request)
    if isinstance(outcome, Response):
        return outcome
    request._request.idempotency_claim = outcome  # type: ignore[attr-defined]  # noqa: SLF001 -- read back by `claim_of`
    try:
        response = _carry_out(view, handler, outcome)
    except BaseException:
        _release(outcome)
        raise
    if not _is_success(response):
        _release(outcome)
    return response


def claim_of(request: Request) -> Claim | None:
    """Return the claim of this request, for handlers that store it on the row they create."""
    claim: Claim | None = getattr(request._request, "idempotency_claim", None)  # noqa: SLF001 -- set by `run`
    return claim


def purge(now: datetime) -> int:
    """Delete the records whose time is over; return how many."""
    return IdempotencyRecord.objects.filter(expires_at__lt=now).delete()[0]


def fingerprint(request: Request) -> str:
    """Return SHA-256 over method, path with query, and the body in canonical form."""
    parts = (request.method or "", request.get_full_path(), _canonical_body(request))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _applies(view: Any, request: Request) -> bool:
    return (
        request.method == "POST"
        and HEADER in request.headers
        and view.idempotent
        and request.path.startswith(PREFIX)
        and not request.path.startswith(EXEMPT)
    )


def _claim(request: Request) -> Claim | Response:
    """Insert our claim, take over a dead one, or answer with what the first request got."""
    key, principal = request.headers[HEADER], throttling.principal(request)
    if not KEY.fullmatch(key) or (not principal and len(key) < ANONYMOUS_KEY_LENGTH):
        raise InvalidIdempotencyKey
    now = timezone.now()
    claim = Claim(principal or "anonymous", key, uuid.uuid4())
    lease: dict[str, Any] = {
        "method": request.method,
        "path": request.get_full_path()[:PATH_LENGTH],
        "fingerprint": fingerprint(request),
        "lease_token": claim.token,
        "lease_expires_at": now + LEASE,
        "expires_at": now + KEPT_FOR,
    }
    fresh = IdempotencyRecord(principal=claim.principal, key=key, **lease)
    IdempotencyRecord.objects.bulk_create([fresh], ignore_conflicts=True)
    record = IdempotencyRecord.objects.filter(principal=claim.principal, key=key).first()
    if record is None:  # refused and released between our two statements
        raise IdempotencyInFlight(retry_after=1)
    if record.lease_token == claim.token:
        metrics.count("idempotency_total", outcome="new")
        return claim
    return _settle(record, claim, lease, now)


def _settle(
    record: IdempotencyRecord, claim: Claim, lease: Mapping[str, Any], now: datetime
) -> Claim | Response:
    """Decide about a key that was used before."""
    over = record.expires_at <= now
    if not over and record.fingerprint != lease["fingerprint"]:
        metrics.count("idempotency_total", outcome="reused")
        raise IdempotencyKeyReused
    if not over and record.state == IdempotencyRecord.State.DONE:
        metrics.count("idempotency_total", outcome="replayed")
        return _replay(record)
    dead = Q(state=IdempotencyRecord.State.IN_FLIGHT, lease_expires_at__lte=now)
    taken = IdempotencyRecord.objects.filter(
        dead | Q(expires_at__lte=now), pk=record.pk, lease_token=record.lease_token
    ).update(**lease, state=IdempotencyRecord.State.IN_FLIGHT, updated_at=now)
    if not taken:
        metrics.count("idempotency_total", outcome="in_flight")
        raise IdempotencyInFlight(retry_after=1)
    metrics.count("idempotency_total", outcome="taken_over")
    return claim


def _carry_out(
    view: Any, handler: Callable[..., HttpResponseBase], claim: Claim
) -> HttpResponseBase:
    """Run the handler and store its success: effect and record commit together."""
    with nullcontext() if view.external else transaction.atomic():
        response = handler(view.request, *view.args, **view.kwargs)
        if _is_success(response):
            _keep(claim, response)
        elif not view.external:
            transaction.set_rollback(True)
    return response


def _is_success(response: HttpResponseBase) -> bool:
    return 200 <= response.status_code < 300  # noqa: PLR2004 -- 2xx


def _keep(claim: Claim, response: Any) -> None:
    kept = claim.rows().update(
        state=IdempotencyRecord.State.DONE,
        response_status=response.status_code,
        response_headers={
            name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
        },
        response_body=encode(response.data).decode(),
        updated_at=timezone.now(),
    )
    if not kept:
        raise LeaseLost(retry_after=1)


def _replay(record: IdempotencyRecord) -> Response:
    return Response(
        json.loads(record.response_body),
        status=record.response_status,
        headers={**record.response_headers, "Idempotency-Replayed": "true"},
    )


def _release(claim: Claim) -> None:
    claim.rows().filter(state=IdempotencyRecord.State.IN_FLIGHT).delete()


def _canonical_body(request: Request) -> str:
    body = request.data
    if isinstance(body, Mapping) and hasattr(body, "lists"):  # a form, with or without files
        fields = {
            name: [_digest(item) if isinstance(item, UploadedFile) else item for item in items]
            for name, items in body.lists()
        }
        return json.dumps(fields, sort_keys=True)
    return json.dumps(body, sort_keys=True)


def _digest(upload: UploadedFile[Any]) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return f"{upload.name}:{digest.hexdigest()}"
