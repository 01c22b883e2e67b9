"""Encryption of single columns with AES-256-GCM, bound to table, column and row."""

import base64
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE_BYTES = 12


class DecryptionFailed(Exception):
    """The key is unknown or the stored value was changed; the value is never shown."""


def encrypt(text: str, *, bound_to: str) -> str:
    """Return ``v1:<key id>:<nonce and ciphertext>`` under the newest key."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())
    return f"{VERSION}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, *, bound_to: str) -> str:
    """Return the plain text; raise `DecryptionFailed` rather than anything else."""
    version, _, rest = stored.partition(":")
    key_id, _, body = rest.partition(":")
    key = _keys().get(key_id)
    if version != VERSION or key is None:
        raise DecryptionFailed("The value is under a key that is not configured.")
    try:
        raw = base64.urlsafe_b64decode(body)
        opened = AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed("The stored value was changed.") from error
    return opened.decode()


def key_id_of(stored: str) -> str:
    """Return the id of the key a stored value is under."""
    return stored.split(":", 2)[1]


def newest_key_id() -> str:
    """Return the id of the key that encrypts."""
    return next(iter(_keys()))


def _keys() -> Mapping[str, bytes]:
    return _parsed(tuple(settings.FIELD_ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _parsed(encoded: tuple[str, ...]) -> dict[str, bytes]:
    keys = [base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)) for key in encoded]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}
