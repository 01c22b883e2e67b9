"""The rows that are measured on: 50 organizers with 2,000 events each, made by the database.

Each is described in 200 words, as an invitation to a training usually is.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from billing import subscribing
from billing.models import Subscription
from events.models import Event, EventSession

OWNERS = 50
PATTERNS_EACH = 20
COPIES = 99
SUBJECTS = (  # noqa: SIM905 -- reads better than 25 quotes
    "wound pain skin heart kidney liver diabetes dementia sepsis stroke asthma trauma infection "
    "nutrition oncology surgery anatomy hygiene vaccination sedation ultrasound allergy dialysis "
    "fracture migraine"
).split()
FORMS = (  # noqa: SIM905 -- the same
    "care basics update masterclass emergencies documentation ethics communication leadership "
    "guidelines research prevention diagnosis therapy rehabilitation supervision quality law "
    "teaching safety"
).split()
PROSE = "For nurses and physicians who want to refresh what they know and to earn credits. " * 16
OF_COPIES = {
    "uuid": "gen_random_uuid()",
    "public_code": "lpad(to_hex(row.id * 100 + n), 8, '0')",
    "slug": "row.slug || '-' || n",
    "title": "row.title || ' part ' || n",
    "search_text": "row.search_text || ' part' || n",
    "starts_at": "row.starts_at + n * interval '7 hours'",
    "ends_at": "row.ends_at + n * interval '7 hours'",
}
OF_SESSIONS = {
    "uuid": "gen_random_uuid()",
    "event_id": "event.id",
    "title": "event.title",
    "starts_at": "event.starts_at",
    "ends_at": "event.ends_at",
}


def fill() -> list[User]:
    """Make organizers, their events, and a session for each; return the organizers."""
    owners = [_owner(number) for number in range(OWNERS)]
    titles = itertools.cycle(itertools.product(SUBJECTS, FORMS))
    Event.objects.bulk_create(
        _event(owner, number, *next(titles)) for owner in owners for number in range(PATTERNS_EACH)
    )
    with _without_word_indexes():
        _copy(Event, OF_COPIES, f"events_event row, generate_series(1, {COPIES}) n")
    event = Event.objects.earliest("id")
    pattern = EventSession.objects.create(
        event=event,
        title=event.title,
        session_number=1,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        duration_minutes=60,
        is_implicit=True,
    )
    others = f"event.id <> {event.pk} AND row.id = {pattern.pk}"
    _copy(EventSession, OF_SESSIONS, f"events_eventsession row, events_event event WHERE {others}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE events_event, events_eventsession")
    return owners


@contextmanager
def _without_word_indexes() -> Iterator[None]:
    """Make them afterwards at once: row by row they take minutes."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes "
            "WHERE tablename = 'events_event' AND indexdef LIKE '%USING gin%'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)


def _copy(model: type[Model], changed: dict[str, str], source: str) -> None:
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    values = [changed.get(column, f"row.{column}") for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
            f"SELECT {', '.join(values)} FROM {source}"
        )


def _owner(number: int) -> User:
    user = User.objects.create_user(
        f"owner{number}@example.org",
        "irrelevant",
        full_name=f"Owner {number}",
        account_type="organizer",
        email_verified=True,
        email_verified_at=timezone.now(),
    )
    subscribing.start_trial(user)
    Subscription.objects.filter(account__user=user).update(
        limits_override={"registrations_per_event": None}
    )
    return user


def _event(owner: User, number: int, subject: str, form: str) -> Event:
    start = timezone.now().replace(microsecond=0) + timedelta(days=7, hours=number)
    title = f"{subject} {form} {number}"
    return Event(
        owner=owner,
        title=title,
        slug=title.replace(" ", "-"),
        status="published",
        published_at=start,
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        search_text=f"{title}\n{' '.join(PROSE.split()[: 190 + number])}",
    )
