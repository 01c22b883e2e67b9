"""What events asks of the apps above; they answer from their receivers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar
from uuid import UUID

from common.exceptions import InvalidRequest, NotFound

if TYPE_CHECKING:
    from accounts.models import User
    from events.models import Event, EventSession

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Recipient:
    """Somebody who comes, as far as a message needs to know them.

    `key` is the same each time for the same place; `join_url` is their own way in, or empty.
    """

    key: str
    email: str
    name: str
    user_uuid: UUID | None
    timezone: str
    join_url: str = ""
    calendar_url: str = ""


class UnknownReference(InvalidRequest):
    """A soft reference names nothing this event may use."""

    message = "Not found."


class Question(Generic[P, R]):
    """One question with at most one answer; unanswered it has its default."""

    def __init__(self, default: Callable[P, R]) -> None:
        self._default = default
        self._answer: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return (self._answer or self._default)(*args, **kwargs)

    def answer(self, function: Callable[P, R]) -> Callable[P, R]:
        """Register the one answer; usable as a decorator."""
        if self._answer is not None and self._answer is not function:
            raise RuntimeError(f"{function.__name__} answers what is answered already.")
        self._answer = function
        return function


class Request(Generic[P]):
    """A request that several apps may follow, each with its own part; nobody has to."""

    def __init__(self) -> None:
        self._answers: list[Callable[P, None]] = []

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for follow in self._answers:
            follow(*args, **kwargs)

    def answer(self, function: Callable[P, None]) -> Callable[P, None]:
        """Register one more that follows; usable as a decorator."""
        if function not in self._answers:
            self._answers.append(function)
        return function


def _refuse(*_: object) -> None:
    raise UnknownReference


def _know_no_list(*_: object) -> Sequence[tuple[str, str]]:
    raise NotFound


# (event, session or None for all) -> those whose place is sure, one after the other.
audience: Question[["Event", "EventSession | None"], Iterator[Recipient]] = Question(
    lambda *_: iter(())
)
# (event, live only) -> whether it has registrations; "live" ones still hold a place.
has_registrations: Question[["Event", bool], bool] = Question(lambda *_: False)
# (session) -> whether anybody was present.
session_has_attendance: Question[["EventSession"], bool] = Question(lambda *_: False)
# (event) -> the ids of the custom fields somebody has answered.
answered_fields: Question[["Event"], Collection[int]] = Question(lambda *_: frozenset())
# (session ids) -> {session id: how many attended}.
session_counts: Question[[Collection[int]], Mapping[int, int]] = Question(lambda *_: {})
# (event) -> whether somebody has paid for it.
has_payments: Question[["Event"], bool] = Question(lambda *_: False)
# (original, copy) -> None; add to the copy what belongs to the original in your app.
copy_parts: Request[["Event", "Event"]] = Request()
# (event ids) -> {event id: number}, by column of Event.
counts: Mapping[str, Question[[Collection[int]], Mapping[int, int]]] = {
    column: Question(lambda *_: {})
    for column in (
        "registration_count",
        "waitlist_count",
        "places_taken",
        "attendance_count",
        "lowest_price_amount",
        "highest_price_amount",
        "certificate_count",
    )
}
# (uuid, event) -> None, or UnknownReference where the (perhaps unsaved) event may not use it.
check_reference: Mapping[str, Question[[UUID, "Event"], None]] = {
    kind: Question(_refuse) for kind in ("certificate_template", "badge_template")
}
# (contact list, user) -> (address, name) of everybody in it; NotFound for a foreign list.
list_addresses: Question[[UUID, "User"], Sequence[tuple[str, str]]] = Question(_know_no_list)
