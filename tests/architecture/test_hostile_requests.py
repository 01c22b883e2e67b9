"""Nothing that a client can send makes the server fail, and every refusal has the one shape."""

import re
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from tests.factories.events import EventFactory

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
NOBODY = UUID(int=7)
BODIES = {
    "cut off": (b'{"title": ', JSON),
    "empty": (b"", JSON),
    "null": (b"null", JSON),
    "a list": (b"[1]", JSON),
    "a text": (b'"x"', JSON),
    "deep": (b"[" * 10_000, JSON),
    "a key twice": (b'{"a": 1, "a": 2}', JSON),
    "not a number": (b'{"a": NaN}', JSON),
    "bytes": (b"\xff\xfe\x00", JSON),
    "nothing known": (b'{"nonsense": [{"deep": null}]}', JSON),
    "wrong types": (
        (
            b'{"email": [], "title": {}, "full_name": 7, "token": 3, "reason": [], "uuid": 5,'
            b'"events": "x", "registrations": 3, "status": [], "starts_at": {}, "capacity": "many",'
            b'"name": null, "timezone": 0, "password": [], "dry_run": "perhaps", "uuids": 9}'
        ),
        JSON,
    ),
    "plain text": (b"a=1", "text/plain"),
    "a form": (b"a=1", "application/x-www-form-urlencoded"),
    "broken multipart": (b"a=1", "multipart/form-data"),
    "an unknown type": (b"a=1", "nonsense"),
}
QUERIES = (
    *("page=999999999999999999999", "page=0", "page=x", "page_size=0", "page_size=100000"),
    *("cursor=zzz", "cursor=cD0x", "ordering=-password", "search=%00", f"search={'a' * 200}"),
    *("search=%25_%27%22%5C", "fields=nope", "expand=nope", "from_date=x", "uuid__in=x"),
    *("modified_since=9999-12-31T23:59:59-14:00", "to_date=9999-12-31", "status=zzz"),
    *("starts_after=0001-01-01T00:00:00%2B14:00", "starts_before=9999-12-31T23:59:59-14:00"),
    *("include_deleted=true", "include_deleted=perhaps", "export_format=exe", "format=exe"),
    *("organization=x", "currency=%F0%9F%92%A9", "when=never", "redirect=perhaps", "%FF=%FE"),
)
HEADERS = (
    ("HTTP_IF_MATCH", "nonsense"),
    ("HTTP_IF_MATCH", '"a.b", W/"c"'),
    ("HTTP_IDEMPOTENCY_KEY", "x" * 300),
    ("HTTP_IDEMPOTENCY_KEY", "ümlaut"),
    ("HTTP_AUTHORIZATION", "Bearer nonsense"),
    ("HTTP_AUTHORIZATION", "Bearer \xff"),
    ("HTTP_COOKIE", "sessionid=nonsense; csrftoken=x"),
    ("HTTP_CONTENT_ENCODING", "gzip"),
)
ACCEPTED = ("text/html", "text/csv", "application/pdf", "application/json;indent=x", "nonsense")


def operations(resolver=None, prefix=""):
    """Yield (method, route) of everything under /api/v1/."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from operations(pattern, route)
        elif isinstance(pattern, URLPattern) and route.startswith("api/v1/"):
            view = getattr(pattern.callback, "cls", None)
            known = getattr(pattern.callback, "actions", None) or vars(view)
            yield from ((method, f"/{route}") for method in METHODS if method in known)


def address(route, uuid):
    return re.sub(r"<[^>]+>", "abc", re.sub(r"<uuid:[^>]+>", str(uuid), route))


@pytest.fixture
def place(organizer):
    """Return the uuid of a row that is there, where the route is one of events."""
    return EventFactory(owner=organizer, published=True).uuid


@pytest.fixture(params=["organizer", "anonymous"])
def client(request, api_for):
    if request.param == "anonymous":
        client = APIClient()
    else:
        client = api_for(request.getfixturevalue(request.param))
    client.raise_request_exception = False
    return client


def faults(responses):
    """Return the answers that are neither a success nor a refusal in the envelope."""
    return [
        (told, response.status_code, response.content[:200])
        for told, response in responses
        if response.status_code >= 500
        or (response.status_code >= 400 and set(envelope(response)) != {"error"})
    ]


def envelope(response):
    return response.json() if response["Content-Type"] == JSON else {}


READING = sorted({each for each in operations() if each[0] == "get"})
WRITING = sorted({each for each in operations() if each[0] != "get"})


@pytest.mark.parametrize(("method", "route"), READING)
def test_no_query_breaks_a_reading_operation(client, place, method, route):
    url = address(route, place)

    responses = [
        (NOBODY, client.get(address(route, NOBODY))),
        *((query, client.get(f"{url}?{query}")) for query in QUERIES),
        *((kind, client.get(url, HTTP_ACCEPT=kind)) for kind in ACCEPTED),
    ]

    assert not faults(responses)


@pytest.mark.parametrize(("method", "route"), WRITING)
def test_no_body_or_header_breaks_a_writing_operation(client, place, method, route):
    def send(url, body=b"{}", kind=JSON, **headers):
        return client.generic(method.upper(), url, body, content_type=kind, **headers)

    url = address(route, place)

    responses = [
        (NOBODY, send(address(route, NOBODY))),
        *((told, send(url, *body)) for told, body in BODIES.items()),
        *((told, send(url, **{name: told})) for name, told in HEADERS),
    ]

    assert not faults(responses)
