"""The scopes of API tokens: which resources programs may read and change."""

from collections.abc import Iterable, Mapping
from typing import Final

from common.scopes import READ, WRITE

BOTH: Final = (READ, WRITE)
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "events": BOTH,
    "registrations": BOTH,
    "check_in": BOTH,
    "certificates": BOTH,
    "recordings": BOTH,
    "learning": BOTH,
    "credits": BOTH,
    "contacts": BOTH,
    "billing": (READ,),
    "organizations": (READ,),
    "profile": (READ,),
    "webhooks": BOTH,
}
SCOPES: Final = tuple(
    f"{resource}:{access}" for resource, accesses in RESOURCES.items() for access in accesses
)


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """Return what the scopes amount to: whoever may write may read."""
    named = frozenset(scopes)
    return named | {
        f"{scope.removesuffix(WRITE)}{READ}" for scope in named if scope.endswith(WRITE)
    }
