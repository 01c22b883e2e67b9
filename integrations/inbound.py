"""What happens to the bytes of a message before anything is stored."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from common.exceptions import InvalidRequest, Unavailable
from integrations import signatures, webhooks

MAX_BODY_BYTES: Final = 256 * 1024
PLAIN_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}\Z", re.ASCII)
CHALLENGE: Final = "endpoint.url_validation"
RECEIVED: Final = {"status": "received"}


class WebhookNotConfigured(Unavailable):
    code = "WEBHOOK_NOT_CONFIGURED"
    message = "This endpoint has no secret; messages cannot be verified."


class UnreadableMessage(InvalidRequest):
    code = "PARSE_ERROR"
    message = "The message is no JSON object."


def receive(
    provider: str, body: bytes, headers: Mapping[str, str], *, now: float
) -> dict[str, str]:
    """Verify and keep one message; return what the provider is told.

    The order matters: secret, signature and age, JSON, and only then one row.
    """
    secrets = webhooks.secrets_of(provider)
    if not secrets:
        raise WebhookNotConfigured
    require = signatures.require_zoom if provider == "zoom" else signatures.require_stripe
    tolerance = getattr(settings, f"{provider.upper()}_WEBHOOK_TOLERANCE_SECONDS")
    require(body, headers, secrets=secrets, now=now, tolerance=tolerance)
    message = parsed(body)
    if provider == "zoom" and message.get("event") == CHALLENGE:
        return _challenge(message, secrets[0])
    webhooks.store(provider, body, message, headers)
    return RECEIVED


def parsed(body: bytes) -> dict[str, Any]:
    """Return the message as a JSON object; anything else is refused."""
    try:
        message = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage from error
    if not isinstance(message, dict):
        raise UnreadableMessage
    return message


def _challenge(message: Mapping[str, Any], secret: str) -> dict[str, str]:
    """Answer Zoom's URL validation; anything but a token of its shape is not signed for anybody."""
    payload = message.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    if not isinstance(token, str) or not PLAIN_TOKEN.match(token):
        raise UnreadableMessage("The plainToken is not one of Zoom's.")
    return {"plainToken": token, "encryptedToken": signatures.zoom_challenge(token, secret)}
