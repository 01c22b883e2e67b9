"""Checks of values that people send, shared by models and serializers."""

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import nh3
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

MAX_JSON_DEPTH = 20
MAX_JSON_BYTES = 64 * 1024
# Not the six letters themselves, which JSON writes with a doubled backslash.
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
LINE_BREAKS = frozenset("\t\n")

RICH_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "h2", "h3", "h4", "a"}
LINK_SCHEMES = {"http", "https", "mailto"}

hex_color = RegexValidator(r"^#[0-9A-Fa-f]{6}\Z", "Enter a colour as #RRGGBB.")
phone_number = RegexValidator(r"^\+[1-9][0-9]{6,14}\Z", "Enter a phone number as +441632960001.")


def plain_line(value: str) -> None:
    """Refuse control characters and lone surrogates in one line of text."""
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise ValidationError("Control characters are not allowed.", code="control_characters")


def plain_text(value: str) -> None:
    """Refuse control characters but tab and newline, and lone surrogates."""
    plain_line("".join(character for character in value if character not in LINE_BREAKS))


def clean_rich_text(value: str) -> str:
    """Return the HTML with nothing but the allowed tags and links; written before it is stored."""
    return nh3.clean(
        value, tags=RICH_TAGS, attributes={"a": {"href"}}, url_schemes=LINK_SCHEMES
    ).strip()


def timezone_name(value: str) -> None:
    """Refuse what is not an IANA zone name."""
    if value not in _zone_names():
        raise ValidationError("Enter a time zone such as Europe/Berlin.", code="timezone")


def http_url(value: str) -> None:
    """Refuse anything but http and https addresses without user information."""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        host = None
        parts = urlsplit("")
    valid = parts.scheme in {"http", "https"} and host and "@" not in parts.netloc
    if not valid or re.search(r"\s", value):
        raise ValidationError("Enter an http or https address.", code="url")


def currency_code(value: str) -> None:
    """Refuse what is not shaped like an ISO 4217 code."""
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValidationError("Enter a currency code such as USD.", code="currency")


def bounded_json(value: Any) -> None:
    """Refuse JSON with NUL in a string, deeper than 20 or larger than 64 KB."""
    if _depth(value) > MAX_JSON_DEPTH:
        raise ValidationError("The value is nested too deeply.", code="json_depth")
    text = json.dumps(value, ensure_ascii=False)
    if ESCAPED_NUL.search(text):
        raise ValidationError("NUL characters are not allowed.", code="json_nul")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValidationError("The value is not Unicode text.", code="json_text") from error
    if size > MAX_JSON_BYTES:
        raise ValidationError("The value is larger than 64 KB.", code="json_size")


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # The standard library walks through the zone files at each call.
    return frozenset(available_timezones())


def _depth(value: Any, level: int = 1) -> int:
    if level > MAX_JSON_DEPTH or not isinstance(value, dict | list):
        return level
    children = value.values() if isinstance(value, dict) else value
    return max((_depth(child, level + 1) for child in children), default=level)
