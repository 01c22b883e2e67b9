"""Numbers about rows of the apps above, kept as columns so that lists need not ask."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from events import questions
from events.models import Event, EventSession

log = structlog.get_logger(__name__)

RECENT = timedelta(days=90)
SUNDAY = 6
BATCH = 500


def recount(event_ids: Collection[int], columns: Iterable[str]) -> None:
    """Write the columns anew from a count.

    Call it in the transaction that changed the counted rows, with the event rows locked by an
    earlier statement. It leaves `updated_at` alone: a number of ours is nobody's edit.
    """
    for event_id, numbers in _counted(event_ids, columns).items():
        Event.all_objects.filter(pk=event_id).update(**numbers)


def recount_sessions(session_ids: Collection[int]) -> None:
    """Write anew how many attended these sessions."""
    for session_id, number in questions.session_counts(session_ids).items():
        EventSession.objects.filter(pk=session_id).update(attendance_count=number)


def check(now: datetime) -> int:
    """Repair the columns of recent events, on Sundays of all; return how many were wrong."""
    rows = Event.all_objects.order_by("pk")
    if now.weekday() != SUNDAY:
        recent = now - RECENT
        rows = rows.filter(Q(updated_at__gte=recent) | Q(ends_at__gte=recent))
    wrong = 0
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        wrong += _repair({event.pk: event for event in batch})
        last = batch[-1].pk
    return wrong


def _repair(events: dict[int, Event]) -> int:
    wrong = 0
    for event_id, numbers in _counted(events, questions.counts).items():
        event = events[event_id]
        for column, number in numbers.items():
            before = getattr(event, column)
            if before == number:
                continue
            wrong += 1
            # Compared again in the statement: a number that moved meanwhile is right.
            Event.all_objects.filter(pk=event_id, **{column: before}).update(**{column: number})
            log.warning(
                "count repaired", event_uuid=str(event.uuid), column=column, old=before, new=number
            )
    return wrong


def _counted(event_ids: Collection[int], columns: Iterable[str]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for column in columns:
        for event_id, number in questions.counts[column](event_ids).items():
            found[event_id][column] = number
    return found
