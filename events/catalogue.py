"""How events are found: tags, speakers and the text that searches read."""

import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from common import codes
from events.models import Event, EventSession, Speaker, Tag

TAG_SLUG_LIMIT = 50
DIGEST_LENGTH = 8


def tag(event: Event, names: Sequence[str]) -> None:
    """Give the event exactly these tags; words equal by slug are one tag."""
    wanted: dict[str, str] = {}
    for name in names:
        wanted.setdefault(tag_slug(name), name)
    known = set(Tag.objects.filter(slug__in=wanted).values_list("slug", flat=True))
    Tag.objects.bulk_create(
        [Tag(name=name, slug=slug) for slug, name in wanted.items() if slug not in known],
        ignore_conflicts=True,
    )
    event.tags.set(Tag.objects.filter(slug__in=wanted))


def tag_slug(name: str) -> str:
    """Return what makes words one tag; what Latin letters cannot write is told by its digest."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = codes.slug(folded, limit=TAG_SLUG_LIMIT - 1 - DIGEST_LENGTH, empty="")
    if plain and not any(letter.isalpha() and not letter.isascii() for letter in folded):
        return plain
    return f"{plain or 'tag'}-{sha256(folded.encode()).hexdigest()[:DIGEST_LENGTH]}"


def forget_unused_tags() -> int:
    """Remove tags that no event bears any more; return how many."""
    removed, _ = Tag.objects.filter(events=None).delete()
    return removed


def set_speakers(part: Event | EventSession, uuids: Sequence[UUID]) -> None:
    """Give the event or session exactly these speakers of its tenant's library."""
    event = part.event if isinstance(part, EventSession) else part
    found = list(library(event).filter(uuid__in=uuids))
    if len(found) != len(set(uuids)):
        raise ValidationError({"speakers": ["Not found."]})
    part.speakers.set(found)


def refresh_search_text(event: Event) -> None:
    """Write anew what searches read of the event."""
    parts = [event.title, event.short_description, event.description]
    parts += [event.category.name] if event.category else []
    parts += event.tags.values_list("name", flat=True)
    parts += event.speakers.values_list("name", flat=True)
    event.search_text = "\n".join(part for part in parts if part)
    Event.all_objects.filter(pk=event.pk).update(search_text=event.search_text)


def refresh_search_texts(events: QuerySet[Event]) -> None:
    """Write anew what searches read of each of the events."""
    for event in events.select_related("category").order_by("pk").iterator(chunk_size=500):
        refresh_search_text(event)


def library(event: Event) -> QuerySet[Speaker]:
    """Return the speakers of the event's tenant."""
    if event.organization_id:
        return Speaker.objects.filter(organization=event.organization_id)
    return Speaker.objects.filter(organization=None, owner=event.owner_id)
