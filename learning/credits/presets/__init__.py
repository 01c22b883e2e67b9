"""The schemes the platform ships, as data beside this module."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def shipped() -> list[dict[str, Any]]:
    """Return every shipped scheme, in the order of the files' names."""
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def load(scheme_model: Any, version_model: Any) -> int:
    """Write schemes that are missing and new versions of changed ones; return how many.

    The models come in as arguments, because migrations bring historical ones.
    """
    return sum(_load_one(scheme_model, version_model, preset) for preset in shipped())


def _load_one(scheme_model: Any, version_model: Any, preset: dict[str, Any]) -> bool:
    facts = {key: value for key, value in preset.items() if key != "version"}
    scheme, _ = scheme_model.objects.get_or_create(
        code=preset["code"], owner=None, organization=None, defaults=facts
    )
    rules = preset["version"]
    latest = version_model.objects.filter(scheme=scheme).order_by("-number").first()
    if latest is not None and _same(latest, rules):
        return False
    version_model.objects.create(scheme=scheme, number=latest.number + 1 if latest else 1, **rules)
    return True


def _same(version: Any, rules: dict[str, Any]) -> bool:
    wanted = version.__class__(**rules)
    wanted.clean_fields(exclude=["scheme", "number", "uuid"])
    return all(getattr(version, name) == getattr(wanted, name) for name in rules)
