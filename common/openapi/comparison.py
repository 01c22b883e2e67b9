"""What a client of the old schema could trip over in the new one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.openapi.examples import resolved

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEEP = 8


@dataclass(frozen=True, order=True)
class Breaking:
    """One change that an existing client may not survive."""

    operation: str
    what: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.what}"


def breaking(old: Json, new: Json) -> list[Breaking]:
    """Return the breaking changes, by operation."""
    before, after = operations(old), operations(new)
    found: set[Breaking] = set()
    for name, operation in before.items():
        if name not in after:
            found.add(Breaking(name, "the operation is gone"))
            continue
        changes = _changes(_Side(old, operation), _Side(new, after[name]))
        found |= {Breaking(name, what) for what in changes}
    return sorted(found)


def operations(schema: Json) -> dict[str, Json]:
    """Return the operations by their id."""
    return {
        operation["operationId"]: operation
        for item in schema.get("paths", {}).values()
        for method, operation in item.items()
        if method in METHODS
    }


@dataclass(frozen=True)
class _Side:
    schema: Json
    operation: Json

    @property
    def components(self) -> Json:
        components: Json = self.schema.get("components", {})
        return components

    def body(self, holder: Mapping[str, Any]) -> Json:
        """Return the JSON shape of a request body or a response."""
        shape: Json = holder.get("content", {}).get("application/json", {}).get("schema", {})
        return shape

    def successes(self) -> dict[str, Json]:
        return {
            code: response
            for code, response in self.operation.get("responses", {}).items()
            if code.startswith("2")
        }


def _changes(old: _Side, new: _Side) -> Iterator[str]:
    for code, response in old.successes().items():
        if code not in new.successes():
            yield f"the answer {code} is gone"
            continue
        shapes = old.body(response), new.body(new.successes()[code])
        yield from _answer_changes(shapes, (old, new), f"answer {code}", 0)
    asked = [side.body(side.operation.get("requestBody", {})) for side in (old, new)]
    yield from _request_changes(asked[0], asked[1], (old, new))
    yield from _parameter_changes(old, new)


def _answer_changes(
    shapes: tuple[Json, Json], sides: tuple[_Side, _Side], place: str, depth: int
) -> Iterator[str]:
    before, after = (
        resolved(shape, side.components) for shape, side in zip(shapes, sides, strict=True)
    )
    if depth > DEEP or not before:
        return
    if _kind(before) - _kind(after) and _kind(after):
        yield f"{place} changed its type"
        return
    for value in before.get("enum", ()):
        if "enum" in after and value not in after["enum"]:
            yield f"{place} lost the value {value}"
    for name, part in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            yield f"{place} lost the field {name}"
            continue
        parts = part, after["properties"][name]
        yield from _answer_changes(parts, sides, f"{place}.{name}", depth + 1)
    if "items" in before and "items" in after:
        yield from _answer_changes(
            (before["items"], after["items"]), sides, f"{place}[]", depth + 1
        )


def _request_changes(old: Json, new: Json, sides: tuple[_Side, _Side]) -> Iterator[str]:
    before, after = resolved(old, sides[0].components), resolved(new, sides[1].components)
    for name in set(after.get("required", ())) - set(before.get("required", ())):
        yield f"the request now requires {name}"
    for name in before.get("properties", {}).keys() & after.get("properties", {}).keys():
        was = resolved(before["properties"][name], sides[0].components)
        now = resolved(after["properties"][name], sides[1].components)
        if _kind(was) - _kind(now) and _kind(now):
            yield f"the request field {name} changed its type"
        left = now.get("enum") or was.get("enum") or ()
        gone = set(map(str, was.get("enum", ()))) - set(map(str, left))
        for value in gone:
            yield f"the request field {name} no longer takes {value}"


def _parameter_changes(old: _Side, new: _Side) -> Iterator[str]:
    before, after = (
        {(each["in"], each["name"]): each for each in side.operation.get("parameters", ())}
        for side in (old, new)
    )
    for key in before.keys() - after.keys():
        yield f"the parameter {key[1]} is gone"
    for key, parameter in after.items():
        if parameter.get("required") and not before.get(key, {}).get("required"):
            yield f"the parameter {key[1]} is now required"


def _kind(shape: Json) -> set[str]:
    kinds = shape.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)
