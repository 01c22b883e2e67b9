"""The status table of events: which verb leads from where to where."""

from collections.abc import Mapping
from typing import NamedTuple


class Move(NamedTuple):
    """One verb: its name in the audit log, from where, where to, and what is said otherwise."""

    past: str
    sources: frozenset[str]
    target: str
    refusal: str


MOVES: Mapping[str, Move] = {
    "publish": Move(
        "published", frozenset({"draft"}), "published", "Only draft events can be published."
    ),
    "unpublish": Move(
        "unpublished",
        frozenset({"published"}),
        "draft",
        "Only published events can be unpublished.",
    ),
    "start": Move(
        "started", frozenset({"published"}), "live", "Only published events can be started."
    ),
    "complete": Move(
        "completed", frozenset({"live"}), "completed", "Only live events can be completed."
    ),
    "cancel": Move(
        "cancelled",
        frozenset({"published", "live"}),
        "cancelled",
        "Cannot cancel event in current status.",
    ),
    "close": Move(
        "closed", frozenset({"completed"}), "closed", "Only completed events can be closed."
    ),
    "reopen": Move(
        "reopened", frozenset({"closed"}), "completed", "Only closed events can be reopened."
    ),
}
