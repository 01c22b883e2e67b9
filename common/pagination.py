"""Pages by number and by cursor; every list has one of them."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
Rows = QuerySet[Any] | Sequence[Any]
WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,12}")


def asked_page_size(request: Request) -> int:
    """Return the page size asked for, at most 100; anything but a positive number is refused."""
    asked = request.query_params.get("page_size")
    if asked is None:
        return PAGE_SIZE
    if not WHOLE_NUMBER.fullmatch(asked) or int(asked) < 1:
        raise ValidationError({"page_size": ["Enter a whole number from 1 to 100."]})
    return min(int(asked), MAX_PAGE_SIZE)


def link_header(*, next_url: str | None, previous_url: str | None) -> dict[str, str]:
    """Return the Link header (RFC 8288), or nothing on an only page."""
    links = [("next", next_url), ("prev", previous_url)]
    value = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links if url)
    return {"Link": value} if value else {}


def _link_schema(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "format": "uri", "description": description}


class StandardPagination(PageNumberPagination):
    """Pages by number: `page` from 1, `page_size` up to 100."""

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    last_page_strings = ()

    def get_page_size(self, request: Request) -> int:
        return asked_page_size(request)

    def get_page_number(self, request: Request, paginator: Any) -> int:
        asked = request.query_params.get(self.page_query_param, "1")
        if not WHOLE_NUMBER.fullmatch(asked) or int(asked) < 1:
            raise NotFound("There is no such page.")
        return int(asked)

    def paginate_queryset(
        self, queryset: Rows, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound as error:
            raise NotFound("There is no such page.") from error

    def get_paginated_response(self, data: Any) -> Response:
        assert self.page is not None
        paginator = self.page.paginator
        next_url, previous_url = self.get_next_link(), self.get_previous_link()
        body = {
            "count": paginator.count,
            "page": self.page.number,
            "page_size": paginator.per_page,
            "total_pages": paginator.num_pages,
            "next": next_url,
            "previous": previous_url,
            "results": data,
        }
        return Response(body, headers=link_header(next_url=next_url, previous_url=previous_url))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 1, "example": 1}
        return {
            "type": "object",
            "required": [
                *("count", "page", "page_size", "total_pages"),
                *("next", "previous", "results"),
            ],
            "properties": {
                "count": {"type": "integer", "minimum": 0, "example": 45},
                "page": number,
                "page_size": {**number, "maximum": MAX_PAGE_SIZE, "example": PAGE_SIZE},
                "total_pages": number,
                "next": _link_schema("The next page."),
                "previous": _link_schema("The previous page."),
                "results": schema,
            },
        }


class _Feed(CursorPagination):
    """Pages by cursor over a time that only grows; the cost does not grow with the depth."""

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    # Rows of one bulk write may share their time; a cut-off would loop on them for ever.
    offset_cutoff: ClassVar[int | None] = None  # type: ignore[misc,assignment]  # None is allowed

    def get_page_size(self, request: Request) -> int:
        return asked_page_size(request)

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> tuple[str, ...]:
        """Keep the feed's own order: a cursor is a place in it."""
        return tuple(self.ordering)

    def decode_cursor(self, request: Request) -> Any:
        if not request.query_params.get(self.cursor_query_param):
            return None
        cursor = super().decode_cursor(request)
        if (
            cursor is not None
            and cursor.position is not None
            and not _is_time(str(cursor.position))
        ):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        next_url, previous_url = self.get_next_link(), self.get_previous_link()
        return Response(
            {"next": next_url, "previous": previous_url, "results": data},
            headers=link_header(next_url=next_url, previous_url=previous_url),
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": _link_schema("The next page."),
                "previous": _link_schema("The previous page."),
                "results": schema,
            },
        }


def _is_time(position: str) -> bool:
    try:
        return parse_datetime(position) is not None
    except ValueError:
        return False


class CursorPaginationByCreated(_Feed):
    """Newest first."""

    ordering = ("-created_at", "-id")


class CursorPaginationByUpdated(_Feed):
    """Last changed first."""

    ordering = ("-updated_at", "-id")


class PageOrCursorPagination(StandardPagination):
    """Pages by number, or by cursor when `cursor` is given (empty to begin)."""

    feed_class: ClassVar[type[_Feed]] = CursorPaginationByCreated
    feed: _Feed | None = None

    def paginate_queryset(
        self, queryset: Rows, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        if CursorPagination.cursor_query_param not in request.query_params:
            return super().paginate_queryset(queryset, request, view)
        self.feed = self.feed_class()
        return self.feed.paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data: Any) -> Response:
        if self.feed is not None:
            return self.feed.get_paginated_response(data)
        return super().get_paginated_response(data)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        cursor, *_ = self.feed_class().get_schema_operation_parameters(view)
        return [*super().get_schema_operation_parameters(view), cursor]
