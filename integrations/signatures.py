"""Proofs that a message comes from its provider, over the raw bytes.

Zoom: https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events
Stripe: https://docs.stripe.com/webhooks#verify-manually
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final

from common.exceptions import NotAuthenticated

WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,12}\Z", re.ASCII)


class InvalidSignature(NotAuthenticated):
    """Missing, wrong or stale: one answer for all of them."""

    code = "INVALID_SIGNATURE"
    message = "The signature of the message is not valid."


def zoom_signature(body: bytes, timestamp: str, secret: str) -> str:
    """Return what Zoom puts into ``x-zm-signature``."""
    message = b"v0:%b:%b" % (timestamp.encode(), body)
    return "v0=" + _hmac(secret, message)


def zoom_challenge(plain_token: str, secret: str) -> str:
    """Return the ``encryptedToken`` that answers Zoom's URL validation."""
    return _hmac(secret, plain_token.encode())


def stripe_signature(body: bytes, timestamp: str, secret: str) -> str:
    """Return the ``v1`` value of Stripe's signature header."""
    return _hmac(secret, b"%b.%b" % (timestamp.encode(), body))


def require_zoom(
    body: bytes, headers: Mapping[str, str], *, secrets: Iterable[str], now: float, tolerance: int
) -> None:
    """Refuse a message that Zoom did not sign with one of our secrets within the tolerance."""
    timestamp = headers.get("x-zm-request-timestamp", "")
    given = headers.get("x-zm-signature", "")
    _require_fresh(timestamp, now=now, tolerance=tolerance)
    expected = [zoom_signature(body, timestamp, secret) for secret in secrets]
    _require_any(given, expected)


def require_stripe(
    body: bytes, headers: Mapping[str, str], *, secrets: Iterable[str], now: float, tolerance: int
) -> None:
    """Refuse a message that Stripe did not sign with one of our secrets within the tolerance."""
    parts = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    timestamp = next((value for name, _, value in parts if name.strip() == "t"), "")
    _require_fresh(timestamp, now=now, tolerance=tolerance)
    given = [value for name, _, value in parts if name.strip() == "v1"]
    expected = [stripe_signature(body, timestamp, secret) for secret in secrets]
    # Every candidate is compared, so the time tells nothing about which one fitted.
    matches = [_equal(value, wanted) for value in given for wanted in expected]
    if not any(matches):
        raise InvalidSignature


def _require_fresh(timestamp: str, *, now: float, tolerance: int) -> None:
    if not WHOLE_SECONDS.match(timestamp) or abs(now - int(timestamp)) > tolerance:
        raise InvalidSignature


def _require_any(given: str, expected: list[str]) -> None:
    matches = [_equal(given, wanted) for wanted in expected]
    if not any(matches):
        raise InvalidSignature


def _equal(given: str, wanted: str) -> bool:
    # On bytes: text outside ASCII makes compare_digest raise.
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
