"""Examples made from the schema itself: the same value for the same property everywhere."""

import re
from collections.abc import Iterator
from typing import Any, Final

Json = dict[str, Any]

DEEP: Final = 6
FORMATS: Final[dict[str, str]] = {
    "uuid": "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e",
    "date-time": "2027-03-01T09:00:00Z",
    "date": "2027-03-01",
    "time": "09:00:00",
    "email": "maria.novak@example.org",
    "uri": "https://example.org/cpd",
    "binary": "(the file)",
    "byte": "KGRhdGEp",
    "decimal": "1.50",
    "ip": "203.0.113.7",
    "ipv4": "203.0.113.7",
    "hostname": "example.org",
}
NAMES: Final[dict[str, str]] = {
    "title": "Wound care update",
    "name": "Wound care update",
    "full_name": "Maria Novak",
    "attendee_name": "Maria Novak",
    "organizer_name": "Clinical Skills Academy",
    "slug": "wound-care-update",
    "description": "An evening on recent guidance.",
    "password": "a long pass phrase",
    "new_password": "another long pass phrase",
    "old_password": "a long pass phrase",
    "timezone": "Europe/Vienna",
    "currency": "EUR",
    "language": "en",
    "country": "AT",
    "reason": "Entered by mistake.",
    "short_code": "K7QM2XWP",
    "token": "Zk3vX0nq1y5uJ8rT2wB6dA",
    "code": "K7QM2XWP",
    "message": "Done.",
    "phone": "+43123456789",
    "access": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.c2lnbmF0dXJl",
    "refresh": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl",
    "challenge": "k2Vw8mQyT0c5rXeLJ7nHdZ1uPaGfB4sRoYi9tCjKx3M",
    "flow_token": "Zk3vX0nq1y5uJ8rT2wB6dA",
    "otp": "492039",
    "recovery_codes": "K7QM2XWP9RTC",
    "otpauth_uri": "otpauth://totp/CPD%20Events:maria.novak@example.org?secret=GEZDGNBVGY3TQOJQ",
    "prefix": "k7qm2xwp",
    "scopes": "events:read",
    "last_used_ip": "203.0.113.7",
    "ip_address": "203.0.113.7",
    "url": "https://example.org/cpd",
    "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "event_types": "event.published",
    "message_id": "msg_01J9Z3Q4N7K2T5V8X0B3D6F9HA",
    "secret_hint": "Hh8=",
    "notification_type": "data_export_ready",
    "action_url": "/settings/privacy",
    "filename": "personal-data-2027-03-01.zip",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "primary_color": "#0066CC",
    "secondary_color": "#004499",
}


def add(operation: Json, components: Json) -> None:
    """Give the writing operation a request and a response example where it has none."""
    for media in _media_types(operation):
        if not any(key in media for key in ("example", "examples")) and "schema" in media:
            media["examples"] = {"Typical": {"value": value(media["schema"], components)}}


def _media_types(operation: Json) -> Iterator[Json]:
    bodies = [operation.get("requestBody", {})]
    bodies += [body for code, body in operation["responses"].items() if code.startswith("2")]
    for body in bodies:
        for kind, media in body.get("content", {}).items():
            if kind == "application/json":
                yield media


def value(schema: Json, components: Json, name: str = "", depth: int = 0) -> Any:
    """Return a value that the schema accepts."""
    schema = resolved(schema, components)
    for told in ("example", "const", "default"):
        if schema.get(told) is not None:
            return schema[told]
    if schema.get("enum"):
        return next(each for each in schema["enum"] if each is not None)
    kinds = schema.get("type", "object")
    kind = next((k for k in kinds if k != "null"), "null") if isinstance(kinds, list) else kinds
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        items = schema.get("items", {})
        return [value(items, components, name, depth + 1)] if depth < DEEP and items else []
    return _scalar(kind, schema, name)


def resolved(schema: Json, components: Json) -> Json:
    """Follow references and the first usable alternative; parts of an `allOf` come together."""
    if "$ref" in schema:
        *_, section, name = schema["$ref"].split("/")
        return resolved(components[section][name], components) | _without_ref(schema)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            usable = (resolved(part, components) for part in schema[choice])
            return next(part for part in usable if part.get("type") != "null")
    if "allOf" in schema:
        merged: Json = {}
        for part in schema["allOf"]:
            merged |= resolved(part, components)
        return merged | {key: told for key, told in schema.items() if key != "allOf"}
    return schema


def _without_ref(schema: Json) -> Json:
    return {key: told for key, told in schema.items() if key != "$ref"}


def _object(schema: Json, components: Json, depth: int) -> Json:
    if depth >= DEEP:
        return {}
    properties = schema.get("properties", {})
    return {
        name: value(part, components, name, depth + 1)
        for name, part in properties.items()
        if not part.get("deprecated")
    }


def _scalar(kind: str, schema: Json, name: str) -> Any:
    if kind == "boolean":
        return True
    if kind in {"integer", "number"}:
        return _number(schema)
    if kind == "null":
        return None
    return _text(schema, name)


def _number(schema: Json) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return int(min(max(1, least), schema.get("maximum", 10**9)))


def _text(schema: Json, name: str) -> str:
    told = FORMATS.get(schema.get("format", "")) or NAMES.get(name) or "Text"
    pattern = schema.get("pattern", "")
    if pattern and not re.search(pattern, told):
        told = next((each for each in _CANDIDATES if re.search(pattern, each)), told)
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    return told.ljust(shortest, "x")[:longest]


# Tried in turn against the pattern of a property.
_CANDIDATES: Final = (
    "1.50",
    "1",
    "0.50",
    "EUR",
    "AT",
    "#0066CC",
    "K7QM2XWP",
    "wound-care-update",
    "123456",
    "+43123456789",
    "a" * 64,
    "PT1H",
)
