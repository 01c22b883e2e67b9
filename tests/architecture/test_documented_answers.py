"""Every operation, spoken to badly, answers with a status that the schema names."""

import re
from functools import cache

import pytest
from rest_framework.test import APIClient

from common.views.docs import schema

METHODS = ("get", "post", "put", "patch", "delete")
# Pages for people and provider endpoints answer in their own way; their apps test them.
OWN_WAY = re.compile(r"^/(verify|credentials|c)/|^/$|^/metrics$|^/files/|^/api/schema/")
ANY_UUID = "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"
WRONG = {"string": 7, "integer": "many", "boolean": "perhaps", "array": {"a": 1}, "object": [1]}


@cache
def operations():
    return [
        pytest.param(method, path, operation, id=operation["operationId"])
        for path, item in schema()["paths"].items()
        for method, operation in item.items()
        if method in METHODS and not OWN_WAY.match(path)
    ]


def address(path, value=ANY_UUID):
    return re.sub(r"{[^}]+}", value, path)


def wrong_types(operation):
    """Return a body whose every value has a type that the schema does not know."""
    content = operation.get("requestBody", {}).get("content", {})
    shape = content.get("application/json", {}).get("schema", {})
    name = shape.get("$ref", "").rpartition("/")[2]
    properties = schema()["components"]["schemas"].get(name, {}).get("properties", {})
    return {
        field: WRONG.get(part.get("type") if isinstance(part.get("type"), str) else "", [{}])
        for field, part in properties.items()
    }


def bad_requests(method, path, operation):
    """Yield name, address and arguments."""
    url = address(path)
    yield "query", f"{url}?search=%00", {}
    yield "page", f"{url}?page=x&page_size=x&cursor=x", {}
    yield "odd filters", f"{url}?uuid__in=x&from_date=x&ordering=x&status=x", {}
    yield "accept", url, {"headers": {"Accept": "application/x-unknown"}}
    if method == "get":
        return
    for name, body in {"empty": {}, "wrong types": wrong_types(operation)}.items():
        yield name, url, {"data": body, "format": "json"}
    yield "broken", url, {"data": b'{"title": ', "content_type": "application/json"}
    yield "media", url, {"data": b"x", "content_type": "application/x-unknown"}
    yield "version", url, {"data": {}, "format": "json", "headers": {"If-Match": "x"}}


def undocumented(client, method, path, operation):
    client.raise_request_exception = False
    answers = {
        name: str(getattr(client, method)(url, **arguments).status_code)
        for name, url, arguments in bad_requests(method, path, operation)
    }
    known = operation["responses"].keys()
    return {name: status for name, status in answers.items() if status not in known}


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "operation"), operations())
def test_strangers_get_documented_answers(method, path, operation):
    assert undocumented(APIClient(), method, path, operation) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "operation"), operations())
def test_organizers_get_documented_answers(api_for, organizer, method, path, operation):
    assert undocumented(api_for(organizer), method, path, operation) == {}
