"""Codes and tokens; all from the operating system's randomness."""

import hashlib
import secrets
import string
from datetime import datetime

from django.utils.text import slugify

SHORT_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
BASE62 = string.digits + string.ascii_letters
LOWER_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# Base 32 without I, L, O and U, https://www.crockford.com/base32.html
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short_code() -> str:
    """Return 8 characters without I, O, 0 and 1 (40 bits), made to be read aloud."""
    return "".join(secrets.choice(SHORT_ALPHABET) for _ in range(8))


def recovery_code() -> str:
    """Return 12 characters of the alphabet of short codes (60 bits), to be kept on paper."""
    return "".join(secrets.choice(SHORT_ALPHABET) for _ in range(12))


def public_code() -> str:
    """Return 8 lower-case characters for public addresses."""
    return "".join(secrets.choice(LOWER_ALPHABET) for _ in range(8))


def verification_code() -> str:
    """Return 22 base-62 characters (131 bits)."""
    return "".join(secrets.choice(BASE62) for _ in range(22))


def token() -> str:
    """Return 32 random bytes as base64url."""
    return secrets.token_urlsafe(32)


def time_ordered(now: datetime) -> str:
    """Return 26 characters of Crockford's base 32: 48 bits of time in ms, 80 of randomness.

    Later ones sort after earlier ones, as ULIDs do: https://github.com/ulid/spec.
    """
    value = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def digest(secret: str) -> str:
    """Return what is stored of a bearer secret: its SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def normalised_short_code(typed: str) -> str:
    """Return a typed short code as it is stored."""
    return typed.upper().replace(" ", "").replace("-", "")


def slug(text: str, *, limit: int = 200, empty: str = "item") -> str:
    """Return lower-case ASCII letters, digits and single hyphens."""
    return slugify(text)[:limit].strip("-") or empty


def slug_suffix() -> str:
    """Return what is appended to a slug that is taken."""
    return "-" + public_code()
