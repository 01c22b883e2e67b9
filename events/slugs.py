"""Names of events in public addresses."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from common import codes
from common.exceptions import Conflict, NotFound
from events import admission
from events.models import Event

LIMIT = 211  # 220 less the suffix of a name that is taken
CODE_LENGTH = 8
ATTEMPTS = 5
CANDIDATES = 10


class AmbiguousSlug(Conflict):
    """Several organizers use this name; the details list them."""

    code = "AMBIGUOUS_SLUG"
    message = "Several events have this address. Name the organizer or use the full link."


def free(title: str, *, owner_id: int, keeper: Event | None = None) -> str:
    """Return the title's slug if the owner has no other event of that name, else one like it."""
    wanted = codes.slug(title, limit=LIMIT, empty="event")
    taken = Event.all_objects.filter(owner=owner_id, slug=wanted)
    if keeper is not None:
        taken = taken.exclude(pk=keeper.pk)
    return wanted + codes.slug_suffix() if taken.exists() else wanted


def save_named(event: Event, **options: Any) -> None:
    """Save the event under a free slug, also when somebody takes the name at the same moment."""
    for remaining in reversed(range(ATTEMPTS)):
        event.slug = free(event.title, owner_id=event.owner_id, keeper=event)
        try:
            with transaction.atomic():
                event.save(**options)
        except IntegrityError:
            if not remaining:
                raise
            # The code may be the one that clashed; drafts may still change it.
            if event.pk is None:
                event.public_code = codes.public_code()
        else:
            return


def resolve(address: str, *, owner: UUID | None = None, invitation: str = "") -> Event:
    """Return the public event behind the last part of a public link, or refuse.

    With its code it is found also when unlisted, or private and asked for with the token of an
    invitation; the bare slug finds listed events only.
    """
    shown = admission.reachable(invitation).for_details()
    head, hyphen, code = address.rpartition("-")
    if head and hyphen and len(code) == CODE_LENGTH:
        coded = shown.filter(public_code=code).first()
        if coded is not None:
            return coded
    named = shown.filter(visibility="public", slug=address)
    if owner is not None:
        named = named.filter(Q(organization=None, owner__uuid=owner) | Q(organization__uuid=owner))
    found = list(named[: CANDIDATES + 1])
    if not found:
        raise NotFound
    if len(found) > 1:
        raise AmbiguousSlug(details={"candidates": [_candidate(event) for event in found[:10]]})
    return found[0]


def _candidate(event: Event) -> dict[str, Any]:
    return {
        "uuid": str(event.uuid),
        "title": event.title,
        "organizer_name": event.organizer_name,
        "starts_at": event.starts_at,
    }
