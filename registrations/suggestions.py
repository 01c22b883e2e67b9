"""Who an unrecognised participant might be. People decide; a name alone decides nothing."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from registrations.models import ParticipantAlias, Registration, UnmatchedParticipant

MOST: Final = 5
SAME_EMAIL: Final = 0.97
ALIAS_NAME: Final = 0.95
EXACT_NAME: Final = 0.9
SAME_WORDS: Final = 0.8
SIMILAR_EMAIL: Final = 0.7
SIMILAR_NAME: Final = 0.65  # at most; as much of it as the names are alike
ALIKE: Final = 0.75
TYPING_ERRORS: Final = 2
# What devices and Zoom itself put where a name belongs.
PLACEHOLDER: Final = re.compile(
    r"(iphone|ipad|galaxy.*|zoom user|guest|user|admin|host|\d+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Suggestion:
    """One registration a participant may belong to, how likely, and by what."""

    registration: Registration
    score: float
    reason: str


def of(participant: UnmatchedParticipant) -> list[Suggestion]:
    """Return the likeliest confirmed registrations, at most five; namesakes are all shown."""
    confirmed = list(Registration.objects.filter(event=participant.event_id).confirmed())
    best: dict[int, Suggestion] = {}
    for found in (*_by_email(participant, confirmed), *_by_name(participant, confirmed)):
        known = best.get(found.registration.pk)
        if known is None or found.score > known.score:
            best[found.registration.pk] = found
    ranked = sorted(best.values(), key=lambda one: (-one.score, one.registration.pk))
    return ranked[:MOST]


def _by_email(
    participant: UnmatchedParticipant, confirmed: Iterable[Registration]
) -> Iterator[Suggestion]:
    if not participant.email:
        return
    for row in confirmed:
        if row.email == participant.email:
            yield Suggestion(row, SAME_EMAIL, "same_email")
        elif _distance(row.email, participant.email) <= TYPING_ERRORS:
            yield Suggestion(row, SIMILAR_EMAIL, "similar_email")


def _by_name(
    participant: UnmatchedParticipant, confirmed: Iterable[Registration]
) -> Iterator[Suggestion]:
    name = participant.name.strip()
    if not name or PLACEHOLDER.fullmatch(name):
        return
    known = ParticipantAlias.objects.of_tenant(participant.event).filter(
        kind=ParticipantAlias.Kind.NAME, value=name.casefold()
    )
    people = set(known.values_list("person", flat=True))
    for row in confirmed:
        if row.email in people:
            yield Suggestion(row, ALIAS_NAME, "alias_name")
        yield from _alike(row, name)


def _alike(row: Registration, name: str) -> Iterator[Suggestion]:
    if row.full_name.casefold() == name.casefold():
        yield Suggestion(row, EXACT_NAME, "exact_name")
    elif _words(row.full_name) == _words(name):
        yield Suggestion(row, SAME_WORDS, "same_words")
    else:
        alike = SequenceMatcher(None, _plain(row.full_name), _plain(name)).ratio()
        if alike >= ALIKE:
            yield Suggestion(row, round(SIMILAR_NAME * alike, 2), "similar_name")


def _words(name: str) -> list[str]:
    return sorted(_plain(name).split())


def _plain(name: str) -> str:
    """Return the name without case and accents."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _distance(first: str, second: str) -> int:
    """Return how many letters must be added, dropped or changed."""
    row = list(range(len(second) + 1))
    for at, letter in enumerate(first, start=1):
        diagonal, row[0] = row[0], at
        for place, other in enumerate(second, start=1):
            changed = diagonal + (letter != other)
            diagonal = row[place]
            row[place] = min(changed, row[place] + 1, row[place - 1] + 1)
    return row[-1]
