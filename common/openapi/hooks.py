"""The last steps of the schema: named enums, shared components, examples."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.hooks import postprocess_schema_enums
from drf_spectacular.plumbing import list_hash
from drf_spectacular.settings import patched_settings
from inflection import camelize

from common.openapi import examples

Json = dict[str, Any]
WRITES = ("post", "put", "patch")


def finish(result: Json, generator: SchemaGenerator, public: bool, **_: Any) -> Json:
    """Name the enums after their models and give every writing operation its examples."""
    with patched_settings({"ENUM_NAME_OVERRIDES": enum_names()}):
        result = postprocess_schema_enums(result, generator, public=public)
    for operation in writing_operations(result):
        examples.add(operation, result["components"])
    return result


def writing_operations(result: Json) -> Iterator[Json]:
    """Yield the operations that take a body."""
    for item in result["paths"].values():
        yield from (operation for method, operation in item.items() if method in WRITES)


def enum_names() -> dict[str, list[tuple[Any, Any]]]:
    """Return each choice set of a model column under `<Model><Column>`, once."""
    names: dict[str, list[tuple[Any, Any]]] = {}
    seen: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            choices = [
                (value, label) for value, label in field.flatchoices if value not in (None, "")
            ]
            if not choices or not model.__module__.startswith(_ours()):
                continue
            mark = list_hash(choices)
            if mark not in seen:
                seen.add(mark)
                names[f"{model.__name__}{camelize(field.name)}"] = choices
    return names


def _ours() -> tuple[str, ...]:
    """Return the packages whose models are ours: everything that is not installed."""
    return tuple(
        config.name for config in apps.get_app_configs() if "site-packages" not in config.path
    )
