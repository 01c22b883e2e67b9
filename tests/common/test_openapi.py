"""What breaks clients, and the command that names it."""

import copy
import subprocess

import pytest
import yaml
from django.core.management import CommandError, call_command

from common.management.commands import check_schema
from common.openapi.comparison import Breaking, breaking


def schema(**changes):
    """Return a small API; each keyword replaces one of its parts."""
    parts = {
        "id": "events_create",
        "required": ["title"],
        "request": {"title": {"type": "string"}, "format": {"type": "string", "enum": ["a", "b"]}},
        "answer": {"uuid": {"type": "string"}, "status": {"$ref": "#/components/schemas/Status"}},
        "status": ["draft", "published"],
        "code": "201",
        "parameters": [{"in": "query", "name": "lang", "required": False}],
        **changes,
    }
    body = {"type": "object", "properties": parts["request"], "required": parts["required"]}
    answer = {"type": "object", "properties": parts["answer"]}
    return {
        "paths": {
            "/events/": {
                "post": {
                    "operationId": parts["id"],
                    "parameters": parts["parameters"],
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {
                        parts["code"]: {"content": {"application/json": {"schema": answer}}},
                        "400": {"description": "refused"},
                    },
                }
            }
        },
        "components": {"schemas": {"Status": {"type": "string", "enum": parts["status"]}}},
    }


HARMLESS = {
    "nothing": {},
    "a new response field": {
        "answer": {
            **schema()["paths"]["/events/"]["post"]["responses"]["201"]["content"][
                "application/json"
            ]["schema"]["properties"],
            "new": {"type": "string"},
        }
    },
    "a new optional field": {
        "request": {
            "title": {"type": "string"},
            "format": {"type": "string", "enum": ["a", "b"]},
            "more": {"type": "string"},
        }
    },
    "a field no longer required": {"required": []},
    "a new enum value": {"status": ["draft", "published", "live"]},
    "a new optional parameter": {
        "parameters": [{"in": "query", "name": "lang"}, {"in": "query", "name": "q"}]
    },
}


@pytest.mark.parametrize("changes", HARMLESS.values(), ids=HARMLESS.keys())
def test_additions_break_nobody(changes):
    assert breaking(schema(), schema(**changes)) == []


BREAKING = [
    ({"id": "events_make"}, "the operation is gone"),
    ({"answer": {"uuid": {"type": "string"}}}, "answer 201 lost the field status"),
    (
        {
            "answer": {
                "uuid": {"type": "integer"},
                "status": {"$ref": "#/components/schemas/Status"},
            }
        },
        "answer 201.uuid changed its type",
    ),
    ({"status": ["draft"]}, "answer 201.status lost the value published"),
    ({"code": "200"}, "the answer 201 is gone"),
    ({"required": ["title", "format"]}, "the request now requires format"),
    ({"request": {"title": {"type": "integer"}}}, "the request field title changed its type"),
    (
        {"request": {"format": {"type": "string", "enum": ["a"]}}},
        "the request field format no longer takes b",
    ),
    ({"parameters": []}, "the parameter lang is gone"),
    (
        {"parameters": [{"in": "query", "name": "lang", "required": True}]},
        "the parameter lang is now required",
    ),
]


@pytest.mark.parametrize(("changes", "what"), BREAKING, ids=[what for _, what in BREAKING])
def test_what_a_client_may_trip_over_is_named(changes, what):
    assert breaking(schema(), schema(**changes)) == [Breaking("events_create", what)]


def test_lists_are_looked_into():
    old = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    new = copy.deepcopy(old)
    del new["items"]["properties"]["a"]

    changes = breaking(schema(answer={"rows": old}), schema(answer={"rows": new}))

    assert [change.what for change in changes] == ["answer 201.rows[] lost the field a"]


@pytest.fixture
def repository(tmp_path, settings, monkeypatch):
    """A repository with a committed schema, and a generator that says what the test wants."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(schema()))
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)

    def generating(new):
        def generate(_name, *_, file):
            (tmp_path / ".schema.yaml").write_text(yaml.safe_dump(new))

        monkeypatch.setattr(check_schema, "call_command", generate)
        return tmp_path

    return generating


def test_an_unchanged_schema_passes(repository):
    folder = repository(schema())

    call_command("check_schema")

    assert not (folder / ".schema.yaml").exists()


def test_a_stale_document_fails_and_can_be_written(repository, capsys):
    new = schema(status=["draft", "published", "live"])
    folder = repository(new)

    with pytest.raises(CommandError, match="out of date"):
        call_command("check_schema")
    call_command("check_schema", "--write")

    assert yaml.safe_load((folder / "openapi.yaml").read_text()) == new


def test_a_breaking_change_wants_a_line_in_the_changelog(repository, capsys):
    folder = repository(schema(status=["draft"]))

    with pytest.raises(CommandError, match=r"CHANGELOG\.md does not name events_create"):
        call_command("check_schema", "--write")
    (folder / "CHANGELOG.md").write_text("- `events_create` answers fewer statuses\n")
    call_command("check_schema", "--write")

    told = capsys.readouterr().out
    assert "breaking: events_create: answer 201.status lost the value published" in told


def test_outside_a_repository_nothing_is_compared(repository):
    folder = repository(schema(status=["draft"]))
    (folder / ".git").rename(folder / "no-git")

    call_command("check_schema", "--write")
