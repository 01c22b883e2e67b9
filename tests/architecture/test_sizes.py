"""How large things may be: files, functions, viewsets, serializers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = (
    "common", "integrations", "accounts", "billing", "events", "registrations", "recordings",
    "learning", "certificates", "contacts", "config", "benchmarks",
)  # fmt: skip
FILE, TEST_FILE = 400, 600
FUNCTION, VIEWSET, SERIALIZER = 40, 60, 40


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def named(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def code_lines(node: ast.AST) -> int:
    """Count the lines of a definition without its docstring and decorators."""
    body = node.body
    described = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    docstring = body[0].end_lineno - body[0].lineno + 1 if described else 0
    return node.end_lineno - node.lineno + 1 - docstring


def too_long(limit: int, kind: type, ending: str = "") -> list[str]:
    return [
        f"{named(path)}:{node.lineno} {node.name} {code_lines(node)}"
        for path in sources(*APPS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kind) and node.name.endswith(ending) and code_lines(node) > limit
    ]


@pytest.mark.parametrize(("folders", "limit"), [(APPS, FILE), (("tests",), TEST_FILE)])
def test_files_stay_short(folders, limit):
    sizes = {named(path): len(path.read_text().splitlines()) for path in sources(*folders)}

    assert {name: size for name, size in sizes.items() if size > limit} == {}


def test_functions_stay_short():
    assert too_long(FUNCTION, ast.FunctionDef) == []


def test_viewsets_stay_short():
    found = too_long(VIEWSET, ast.ClassDef, "ViewSet")

    # The bases are where the length of the others went.
    assert [line for line in found if not line.startswith("common/viewsets.py")] == []


def test_serializers_stay_short():
    assert too_long(SERIALIZER, ast.ClassDef, "Serializer") == []


def test_there_is_something_to_measure():
    assert len(list(sources(*APPS))) > 100
