"""What stands in the way of erasing or downgrading an account, or deleting an organization."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from common.exceptions import Conflict

if TYPE_CHECKING:
    from accounts.models import Organization, User


class ActiveContent(Conflict):
    code = "ACTIVE_CONTENT"
    message = "Published or live content stands in the way."


@dataclass(frozen=True)
class Blocker:
    """One reason, and how many rows give it."""

    code: str
    message: str
    count: int


class Question(Protocol):
    """Asked about a person's own rows, or about an organization's; None when nothing is open."""

    def __call__(
        self, *, user: "User | None" = None, organization: "Organization | None" = None
    ) -> Blocker | None: ...


_questions: dict[str, Question] = {}


def blocks(name: str) -> Callable[[Question], Question]:
    """Register an app's question under a name of its own; apps above accounts do so."""

    def register(question: Question) -> Question:
        _questions[name] = question
        return question

    return register


def found(
    *, user: "User | None" = None, organization: "Organization | None" = None
) -> list[Blocker]:
    """Return everything that stands in the way of this person or this organization."""
    answers = (ask(user=user, organization=organization) for ask in _questions.values())
    return [answer for answer in answers if answer]
