"""The OpenAPI document: committed, complete, and usable as it stands."""

import copy
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from common import checks
from common.openapi import components, examples

METHODS = ("get", "post", "put", "patch", "delete")
COMMITTED = Path(settings.BASE_DIR) / "openapi.yaml"
# Pages and files for people; everything else is an operation of the schema.
PAGES = ("admin/", "api/docs/", "api-auth/", "dev/", "^api/", "unsubscribe/")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Generate the document as the command does; a warning fails."""
    file = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(file))
    return file.read_text()


@pytest.fixture(scope="module")
def schema(text):
    return yaml.safe_load(text)


@pytest.fixture(scope="module")
def operations(schema):
    return [
        (method, path, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def named(operations, condition):
    return [operation["operationId"] for *_, operation in operations if condition(operation)]


def test_the_committed_document_is_the_generated_one(text):
    assert COMMITTED.read_text() == text, "run `make schema-write` and commit openapi.yaml"


def test_operation_ids_are_unique_and_speak(operations):
    ids = [operation["operationId"] for *_, operation in operations]

    assert sorted(set(ids)) == sorted(ids)
    assert not [
        name for name in ids if not name.replace("_", "").isalnum() or name.islower() is False
    ]


def test_every_operation_has_a_summary_and_a_described_tag(schema, operations):
    described = {tag["name"] for tag in schema["tags"] if tag["description"]}

    assert named(operations, lambda o: not o.get("summary")) == []
    assert named(operations, lambda o: not set(o["tags"]) <= described) == []


def test_every_operation_says_who_may_call_it(schema, operations):
    known = schema["components"]["securitySchemes"].keys()

    assert named(operations, lambda o: not o.get("security")) == []
    assert {scheme for *_, o in operations for each in o["security"] for scheme in each} <= known


def test_every_operation_has_a_success_and_its_refusals(operations):
    def lacks(operation):
        codes = operation["responses"].keys()
        wanted = {"400", "503"} | ({"401", "403"} if {} not in operation["security"] else set())
        return not any(code[0] in "23" for code in codes) or not wanted <= codes

    assert named(operations, lacks) == []


def test_refusals_share_one_shape(schema):
    shapes = {
        name: response["content"]["application/json"]["schema"]["$ref"]
        for name, response in schema["components"]["responses"].items()
    }

    assert set(shapes.values()) == {"#/components/schemas/Error"}
    for status in components.REFUSALS:
        assert components.name(status) in shapes


def test_every_write_has_a_request_and_a_response_example(schema, operations):
    def lacks(operation):
        bodies = [operation.get("requestBody", {})]
        bodies += [body for code, body in operation["responses"].items() if code[0] == "2"]
        media = [body.get("content", {}).get("application/json") for body in bodies]
        return any(each and not each.get("examples") for each in media)

    writes = [o for o in operations if o[0] in {"post", "put", "patch"}]
    assert named(writes, lacks) == []


def test_every_example_fits_its_schema(schema, operations):
    wrong = []
    for *_, operation in operations:
        bodies = [operation.get("requestBody", {})]
        bodies += [body for code, body in operation["responses"].items() if code[0] == "2"]
        for media in (body.get("content", {}).get("application/json", {}) for body in bodies):
            whole = {**media.get("schema", {}), "components": schema["components"]}
            validator = jsonschema.Draft202012Validator(whole)
            for example in media.get("examples", {}).values():
                wrong += [
                    f"{operation['operationId']}: {'/'.join(map(str, e.path))} {e.message}"
                    for e in validator.iter_errors(example["value"])
                ]

    assert wrong == []


def test_pages_are_bounded(operations):
    bounds = {
        (p["schema"].get("minimum"), p["schema"].get("maximum"))
        for *_, operation in operations
        for p in operation.get("parameters", ())
        if (p["in"], p["name"]) == ("query", "page_size")
    }

    assert bounds == {(1, 100)}


def test_enums_are_components(schema):
    inline = [
        f"{name}.{field}"
        for name, component in schema["components"]["schemas"].items()
        for field, shape in component.get("properties", {}).items()
        if len(shape.get("enum", ())) > 1
    ]

    assert inline == []


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(PAGES):
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def test_every_route_is_in_the_schema(schema):
    import re

    known = {path.strip("/") for path in schema["paths"]}
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).strip("/")
        for route, callback in routes(get_resolver())
        if not getattr(callback, "schema_exempt", False)
    }

    assert sorted(served - known) == []


def test_no_route_has_a_format_twin(schema):
    assert [path for path in schema["paths"] if "{format}" in path] == []


def test_every_viewset_says_whose_rows_it_serves():
    assert checks.check_viewsets() == []
    assert len(checks.viewsets(get_resolver())) > 5


def test_the_document_is_served_as_yaml_and_json(client, schema):
    as_yaml = client.get("/api/schema/")
    as_json = client.get("/api/schema/", headers={"Accept": "application/json"})

    assert as_yaml.headers["Content-Type"].startswith("application/vnd.oai.openapi")
    assert yaml.safe_load(as_yaml.content) == schema
    assert as_json.json() == schema


def test_an_example_is_made_for_every_kind_of_schema():
    shape = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 6},
            "amount": {"type": "string", "pattern": r"^\d+\.\d\d$"},
            "count": {"type": "integer", "minimum": 3},
            "state": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["draft"]}]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "gone": {"type": "string", "deprecated": True},
            "maybe": {"type": ["string", "null"], "format": "date"},
        },
    }

    assert examples.value(copy.deepcopy(shape), {}) == {
        "title": "Wound ",
        "amount": "1.50",
        "count": 3,
        "state": "draft",
        "tags": ["Text"],
        "maybe": "2027-03-01",
    }
