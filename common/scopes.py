"""What programs may do: a view's resource and the method make the scope that their token needs."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from common.exceptions import NotAllowed

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
READ: Final = "read"
WRITE: Final = "write"
# The resource of views on which any token finds what it asked for itself, whatever its scopes.
ANY: Final = "*"


class ScopeRequired(NotAllowed):
    code = "SCOPE_REQUIRED"
    message = "The API token lacks the scope that this needs."


class ClosedToTokens(NotAllowed):
    message = "This is closed to API tokens. Please sign in."


class PersonalData(NotAllowed):
    message = "A token of an organization does not reach what is its creator's own."


_accesses: dict[str, frozenset[str]] = {}


def offer(resources: Mapping[str, Iterable[str]]) -> None:
    """Register which resources there are, and with which accesses."""
    _accesses.update({name: frozenset(accesses) for name, accesses in resources.items()})


def needed(view: Any, method: str) -> str:
    """Return the scope an API token needs to call the view so; empty where it is closed to them."""
    resource = getattr(view, "resource", "")
    if resource == ANY:
        return ANY
    access = READ if method in READING else WRITE
    return f"{resource}:{access}" if access in _accesses.get(resource, ()) else ""


def require(auth: Any, view: Any, method: str) -> None:
    """Refuse a program whose token does not reach the view; people are none of our business.

    What somebody proved who they are with, `request.auth`, has `granted_scopes` and
    `is_personal` where it is a token of a program.
    """
    granted = getattr(auth, "granted_scopes", None)
    if granted is None:
        return
    scope = needed(view, method)
    if not scope:
        raise ClosedToTokens
    if scope != ANY and scope not in granted:
        raise ScopeRequired(details={"scope": scope})
    if view.personal:
        require_personal(auth)


def require_personal(auth: Any) -> None:
    """Refuse the token of an organization where the caller's own is asked for."""
    if not getattr(auth, "is_personal", True):
        raise PersonalData
