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
# What a token of an organization never reaches: its creator's own account, and endpoints, whose
# secrets want more than the role of an organizer, which is the most that a token has.
PERSONAL: Final = frozenset({"profile", "webhooks"})
SCOPES: Final = tuple(
    f"{resource}:{access}" for resource, accesses in RESOURCES.items() for access in accesses
)


def out_of_reach(scopes: Iterable[str]) -> list[str]:
    """Return those of the scopes that open nothing to a token of an organization."""
    return sorted(scope for scope in scopes if scope.partition(":")[0] in PERSONAL)


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """Return what the scopes amount to: whoever may write may read."""
    named = frozenset(scopes)
    return named | {
        f"{scope.removesuffix(WRITE)}{READ}" for scope in named if scope.endswith(WRITE)
    }
