"""Downloads by the signed links of the local store, whole or in ranges."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request

from common import answers, files
from common.exceptions import DomainError
from common.views.plain import PlainView

CHUNK = 64 * 1024
SINGLE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
BINARY = OpenApiTypes.BINARY


class UnsatisfiableRange(DomainError):
    """The file has no such bytes."""

    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    message = "The file has no such range of bytes."


@dataclass(frozen=True)
class Window:
    """A stretch of a file, read in chunks; the server closes it after the answer."""

    file: Any
    start: int
    length: int
    is_partial: bool = False

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        left = self.length
        while left and (chunk := self.file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()


class SignedFileView(PlainView):
    """Hand out the file that a signed link names, until the link ends."""

    further_refusals = {
        "get": (status.HTTP_410_GONE, status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE)
    }

    @extend_schema(
        operation_id="files_retrieve",
        summary="Download by signed link",
        tags=["files"],
        parameters=[
            OpenApiParameter(
                "Range", str, OpenApiParameter.HEADER, description="One range: `bytes=0-499`."
            )
        ],
        responses={
            (200, "*/*"): OpenApiResponse(BINARY, description="The whole file."),
            (206, "*/*"): OpenApiResponse(BINARY, description="The range asked for."),
        },
    )
    def get(self, request: Request, token: str, filename: str) -> HttpResponseBase:
        opened = files.open_link(token, filename, now=timezone.now())
        size, tag = opened.stored.size, f'"{opened.stored.sha256}"'
        try:
            window = self._window(request, opened.file, size, tag)
        except UnsatisfiableRange as refusal:
            opened.file.close()
            response: HttpResponseBase = answers.refuse(refusal)
            response.headers["Content-Range"] = f"bytes */{size}"
            return response
        response = StreamingHttpResponse(window, content_type=opened.stored.content_type)
        response.headers["Content-Length"] = str(window.length)
        response.headers["Content-Disposition"] = opened.disposition
        response.headers["Accept-Ranges"] = "bytes"
        response.headers["ETag"] = tag
        if window.is_partial:
            response.status_code = status.HTTP_206_PARTIAL_CONTENT
            last = window.start + window.length - 1
            response.headers["Content-Range"] = f"bytes {window.start}-{last}/{size}"
        return response

    def _window(self, request: Request, file: Any, size: int, tag: str) -> Window:
        asked = request.headers.get("Range", "")
        unchanged = request.headers.get("If-Range", tag) == tag
        if not unchanged or not asked.startswith("bytes=") or "," in asked:
            return Window(file, 0, size)
        start, end = bounds(asked, size)
        return Window(file, start, end - start + 1, is_partial=True)


def bounds(asked: str, size: int) -> tuple[int, int]:
    """Return first and last byte of a single range; raise for one that cannot be served."""
    match = SINGLE_RANGE.fullmatch(asked)
    first, last = match.groups() if match else ("", "")
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    elif last:
        start, end = max(size - int(last), 0), size - 1
    else:
        raise UnsatisfiableRange
    if start > end:
        raise UnsatisfiableRange
    return start, end
