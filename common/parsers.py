"""How bodies are read: strictly, and only in the types an operation takes."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request

from common.exceptions import TooLarge, UnsupportedMedia

MAX_DEPTH: Final = 50
INTEGERS: Final = range(-(2**63), 2**63)
INTEGER_DIGITS: Final = 20
# Fields and boundaries around the largest file of any purpose.
MAX_UPLOAD_BYTES: Final = 26 * 1024 * 1024


class BodyTooLarge(TooLarge):
    message = "The request body is larger than 1 MB."


class UploadTooLarge(TooLarge):
    code = "FILE_TOO_LARGE"
    message = "The file is too large."


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 means it: UTF-8, unique keys, finite numbers, bounded depth and size."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _refuse_encodings((parser_context or {}).get("request"))
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge
        return loads(body)


def loads(body: bytes) -> Any:
    """Return the value a body stands for; raises ParseError with a sentence for people."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError("The body is not valid UTF-8.") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except json.JSONDecodeError as error:
        raise ParseError(f"Malformed JSON at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
    # Fewer brackets than the limit cannot nest beyond it, so most bodies are not walked.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    return value


class BrowserFormParser(FormParser):
    """Forms of the browsable API: only with a browser session, whose CSRF token was checked."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _refuse_without_session(parser_context, media_type)
        return super().parse(stream, media_type, parser_context)


class BrowserMultiPartParser(MultiPartParser):
    """The same for the multipart forms that the browsable API sends."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _refuse_without_session(parser_context, media_type)
        _refuse_size(parser_context)
        return super().parse(stream, media_type, parser_context)


class UploadParser(MultiPartParser):
    """Multipart bodies, for operations that take a file."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _refuse_size(parser_context)
        return super().parse(stream, media_type, parser_context)


class RawParser(JSONParser):
    """Whatever the caller sends, unread: the view takes the bytes itself."""

    media_type = "*/*"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream.read()


def _refuse_encodings(request: Request | None) -> None:
    if request is None:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("Send the body without a content encoding.")
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.strip('"').lower() not in {"utf-8", "utf8"}:
        raise ParseError("JSON is read as UTF-8 only.")


def _refuse_size(parser_context: Mapping[str, Any] | None) -> None:
    context = parser_context or {}
    limit = getattr(context.get("view"), "max_upload_bytes", MAX_UPLOAD_BYTES)
    length = context["request"].META.get("CONTENT_LENGTH") or 0
    if int(length) > limit:
        raise UploadTooLarge


def _refuse_without_session(
    parser_context: Mapping[str, Any] | None, media_type: str | None
) -> None:
    request = (parser_context or {})["request"]
    if not isinstance(request.successful_authenticator, SessionAuthentication):
        raise UnsupportedMediaType(media_type or "")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ParseError("A key appears twice in one object.")
    return value


def _no_constant(_name: str) -> NoReturn:
    raise ParseError("NaN and Infinity are not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ParseError("A number is out of range.")
    return number


def _bounded(text: str) -> int:
    if len(text) > INTEGER_DIGITS or int(text) not in INTEGERS:
        raise ParseError("An integer is out of range.")
    return int(text)


def _depth(value: Any) -> int:
    """Return how deeply lists and objects nest, level by level, without recursion."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            child for item in level for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
