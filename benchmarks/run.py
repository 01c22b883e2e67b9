"""The rows of the table and the rows of the database they are measured on."""

import itertools
import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.test import Client
from django.test.utils import setup_databases, setup_test_environment, teardown_databases
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import User
from benchmarks import harness
from billing import subscribing
from billing.models import Subscription
from events.models import Event, EventSession

OWNERS = 50
EVENTS_EACH = 400


def main() -> None:
    """Fill a database, measure, write ``results.md``."""
    logging.disable(logging.CRITICAL)
    settings.ROOT_URLCONF = "benchmarks.urls"
    settings.CELERY_TASK_ALWAYS_EAGER = False
    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        owners = [_owner(number) for number in range(OWNERS)]
        _fill(owners)
        headers = {"Authorization": f"Bearer {_token(owners[0])}"}
        event = Event.objects.filter(owner=owners[0]).first()
        harness.write([_list(headers), _detail(headers, event), _registration(event)])
    finally:
        teardown_databases(old, verbosity=0)


def _list(headers: dict[str, str]) -> harness.Row:
    ours = _get("/api/v1/events/?page_size=20", headers)
    theirs = _get("/by-hand/events/", headers)
    return _row("list of 20 events", ours, theirs, must=0.60, max_queries=4)


def _detail(headers: dict[str, str], event: Event) -> harness.Row:
    ours = _get(f"/api/v1/events/{event.uuid}/", headers)
    theirs = _get(f"/by-hand/events/{event.uuid}/", headers)
    return _row("event detail", ours, theirs, must=0.70, max_queries=8)


def _registration(event: Event) -> harness.Row:
    """A guest's registration: our statements stay few; the hand-written one holds its lock."""
    ours = _post(f"/api/v1/public/events/{event.uuid}/register/")
    theirs = _post(f"/by-hand/events/{event.uuid}/register/")
    return _row("registration of a guest", ours, theirs, must=0.30, max_queries=8)


def _row(
    what: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    must: float,
    max_queries: int,
) -> harness.Row:
    ours_ms, theirs_ms = harness.compare(ours, theirs)
    return harness.Row(
        what=what,
        against="hand-written view",
        ratio=theirs_ms / ours_ms,
        must=must,
        ours_ms=ours_ms,
        theirs_ms=theirs_ms,
        queries=harness.queries(ours),
        max_queries=max_queries,
    )


def _get(path: str, headers: dict[str, str]) -> Callable[[], object]:
    client = Client(headers=headers)

    def call() -> object:
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(response.content)
        return response

    return call


def _post(path: str) -> Callable[[], object]:
    client = Client()
    numbers = itertools.count()

    def call() -> object:
        body = {"email": f"p{next(numbers)}-{id(client)}@example.org", "full_name": "Ben Bench"}
        response = client.post(path, body, content_type="application/json")
        if response.status_code != 201:
            raise RuntimeError(response.content)
        return response

    return call


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


def _fill(owners: list[User]) -> None:
    start = timezone.now().replace(microsecond=0) + timedelta(days=7)
    events = [
        Event(
            owner=owner,
            title=f"Wound care {number}",
            slug=f"wound-care-{number}",
            status="published",
            published_at=start,
            starts_at=start + timedelta(hours=number),
            ends_at=start + timedelta(hours=number + 1),
        )
        for owner in owners
        for number in range(EVENTS_EACH)
    ]
    Event.objects.bulk_create(events, batch_size=1000)
    EventSession.objects.bulk_create(
        [
            EventSession(
                event=event,
                title=event.title,
                session_number=1,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
                duration_minutes=60,
                is_implicit=True,
            )
            for event in events
        ],
        batch_size=1000,
    )


def _token(user: User) -> str:
    now = timezone.now()
    return str(tokens.pair(sessions.open_for_tokens(user, now=now), now=now).access)
