"""What an event uses of its tenant's: templates and speakers; elsewhere it may not."""

from events import questions
from events.catalogue import library
from events.models import Event

TEMPLATES = tuple(questions.check_reference)


def drop_foreign_templates(event: Event) -> list[str]:
    """Clear the templates that the event may not use; return the fields. The caller saves."""
    foreign = [name for name in TEMPLATES if _is_foreign(event, name)]
    for name in foreign:
        setattr(event, name, None)
    return foreign


def drop_foreign_speakers(event: Event) -> list[str]:
    """Take speakers of other tenants out of the programme; return `["speakers"]` if any were."""
    own = library(event).values_list("pk", flat=True)
    removed = 0
    for part in (event, *event.sessions.all()):
        foreign = part.speakers.exclude(pk__in=own)
        removed += foreign.count()
        part.speakers.remove(*foreign)
    return ["speakers"] if removed else []


def _is_foreign(event: Event, name: str) -> bool:
    uuid = getattr(event, name)
    if uuid is None:
        return False
    try:
        questions.check_reference[name](uuid, event)
    except questions.UnknownReference:
        return True
    return False
