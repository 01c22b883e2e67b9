"""Version tags of answers, and the preconditions clients build on them."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from rest_framework.request import Request

from common.exceptions import StaleVersion
from common.models import BaseModel
from common.renderers import encode

HEX_DIGITS: Final = 16


def version(row: BaseModel) -> str:
    """Return the part of a tag that changes with each edit of the row."""
    return _digest(f"{row._meta.label_lower}:{row.pk}:{row.updated_at.isoformat()}".encode())


def detail_tag(row: BaseModel, body: bytes) -> str:
    """Return `"<version>.<body>"`: the first half guards edits, the whole guards caches."""
    return f'"{version(row)}.{_digest(body)}"'


def weak_tag(body: bytes) -> str:
    """Return the tag of an answer that is no single row."""
    return f'W/"{_digest(body)}"'


def body_of(data: Any) -> bytes:
    """Return the representation that tags are computed from."""
    return encode(data)


def is_known(request: Request, tag: str) -> bool:
    """Tell whether the client already holds this representation (`If-None-Match`)."""
    known = _listed(request.headers.get("If-None-Match", ""))
    return "*" in known or _bare(tag) in {_bare(each) for each in known}


def has_precondition(request: Request) -> bool:
    """Tell whether the client wants its write to depend on the row's version."""
    return "If-Match" in request.headers


def is_current(request: Request, row: BaseModel) -> bool:
    """Tell whether `If-Match` names the row's version; without the header it does."""
    if not has_precondition(request):
        return True
    wanted = _listed(request.headers["If-Match"])
    # Strong comparison (RFC 9110, 13.1.1): a weak tag matches nothing.
    return "*" in wanted or any(tag.startswith(f'"{version(row)}.') for tag in wanted)


def stale(tag: str) -> StaleVersion:
    """Return the refusal that tells the current tag."""
    return StaleVersion(details={"etag": tag})


def _listed(header: str) -> Sequence[str]:
    return [part.strip() for part in header.split(",") if part.strip()]


def _bare(tag: str) -> str:
    return tag.removeprefix("W/")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HEX_DIGITS]
