"""Sending what is due: reminders to those who come, a summary to those who invited them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import structlog
from django.db.models import F
from django.utils import timezone as clock

from common import files, mail
from common.models import StoredFile
from events import calendars, questions, reminders
from events.models import EventReminder
from events.questions import Recipient

log = structlog.get_logger(__name__)
Status = EventReminder.Status
SkipReason = EventReminder.SkipReason
BATCH = 500
MAX_ATTEMPTS = 3
KEPT_AFTER_START = timedelta(days=30)


def send_due(now: datetime) -> int:
    """Send every reminder that is due; return how many were looked at.

    Running it again, also at the same moment, mails nobody twice: a message is known by reminder,
    moment and place. One broken reminder does not hold up the others.
    """
    due = EventReminder.objects.due(now).select_related(
        "session", "event__owner", "event__organization", "event__category"
    )
    rows = list(due.order_by("scheduled_for", "pk")[:BATCH])
    failures = []
    for reminder in rows:
        try:
            _send(reminder, now)
        except Exception as error:
            log.exception("reminder not sent", reminder=str(reminder.uuid))
            _note_failure(reminder)
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some reminders were not sent.", failures)
    return len(rows)


def _send(reminder: EventReminder, now: datetime) -> None:
    start = reminders.start_of(reminder)
    if start <= now:
        _settle(reminder, status=Status.SKIPPED, skip_reason=SkipReason.TOO_LATE)
        return
    people = questions.audience(reminder.event, reminder.session)
    count, attached = 0, None
    while batch := list(islice(people, BATCH)):
        attached = attached or _calendar_file(reminder)
        mail.send_each(
            "event_reminder",
            _letters(reminder, batch, attached),
            category=mail.Category.REMINDER,
        )
        count += len(batch)
    if count:
        _settle(reminder, status=Status.SENT, sent_at=now, recipient_count=count)
    else:
        _settle(reminder, status=Status.SKIPPED, skip_reason=SkipReason.NOBODY)


def _letters(
    reminder: EventReminder, people: Iterable[Recipient], attached: StoredFile
) -> Iterator[mail.Letter]:
    event, start = reminder.event, reminders.start_of(reminder)
    for person in people:
        yield mail.Letter(
            to=mail.Recipient(person.email, person.name, person.user_uuid),
            context={
                "name": person.name,
                "event": event,
                "session": reminder.session,
                "starts_at": local(start, person.timezone),
                "join_url": person.join_url,
                "calendar_url": person.calendar_url,
            },
            envelope=mail.Envelope(
                dedupe_key=f"reminder:{reminder.uuid}:{int(reminder.scheduled_for.timestamp())}:{person.key}",
                about=event,
                part_of=event,
                owner_uuid=event.owner.uuid,
                organization_uuid=event.organization.uuid if event.organization else None,
                from_name=event.organizer_name,
                attachments=(attached.uuid,),
                expires_at=start,
            ),
        )


def local(moment: datetime, zone: str) -> str:
    """Return a time as somebody in the zone reads it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%A %-d %B %Y, %H:%M} ({zone})"


def _calendar_file(reminder: EventReminder) -> StoredFile:
    """Keep the calendar file that all these messages carry; it names nobody's way in."""
    event = reminder.event
    if reminder.session:
        reminder.session.event = event
        content = calendars.file_of([calendars.vevent(reminder.session)])
    else:
        content = calendars.file_for(event)
    return files.store_bytes(
        content,
        filename="event.ics",
        content_type="text/calendar",
        key=f"reminders/{reminder.uuid}.ics",
        expires_at=reminders.start_of(reminder) + KEPT_AFTER_START,
    )


def _settle(reminder: EventReminder, **outcome: object) -> None:
    """Write the outcome, unless the reminder has been moved or settled meanwhile."""
    EventReminder.objects.filter(
        pk=reminder.pk, status=Status.PENDING, scheduled_for=reminder.scheduled_for
    ).update(**outcome, updated_at=clock.now())


def _note_failure(reminder: EventReminder) -> None:
    mine = EventReminder.objects.filter(pk=reminder.pk, status=Status.PENDING)
    mine.update(attempts=F("attempts") + 1, updated_at=clock.now())
    mine.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED)
