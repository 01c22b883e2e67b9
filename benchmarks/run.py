"""The rows of the table."""

import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.test import Client
from django.test.utils import setup_databases, setup_test_environment, teardown_databases
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import User
from benchmarks import filling, harness
from events.models import Event

PAGES = (1, 20, 100)
SEARCH = "search=dialysis%20ethics&when=all"


def main() -> None:
    """Fill a database, measure, write ``results.md``."""
    logging.disable(logging.CRITICAL)
    settings.ROOT_URLCONF = "benchmarks.urls"
    settings.CELERY_TASK_ALWAYS_EAGER = False
    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        owner = filling.fill()[0]
        headers = {"Authorization": f"Bearer {_token(owner)}"}
        event = Event.objects.filter(owner=owner).earliest("id")
        harness.write(
            [
                _list(headers),
                _further_row(headers),
                _detail(headers, event),
                _search(),
                _registration(event),
            ]
        )
    finally:
        teardown_databases(old, verbosity=0)


def _list(headers: dict[str, str]) -> harness.Row:
    ours = _get("/api/v1/events/?page_size=20", headers)
    theirs = _get("/by-hand/events/", headers)
    row = _row("list of 20 events", ours, theirs, must=0.60, max_queries=3)
    pages = [_get(f"/api/v1/events/?page_size={size}", headers) for size in PAGES]
    return replace(row, queries=max(harness.queries(page) for page in pages))


def _further_row(headers: dict[str, str]) -> harness.Row:
    """What one more row of a page costs, from 20 to 100 rows."""
    sides = [
        harness.compare(
            _get(f"/api/v1/events/?page_size={size}", headers),
            _get(f"/by-hand/events/?page_size={size}", headers),
        )
        for size in (20, 100)
    ]
    ours_ms, theirs_ms = ((many - few) / 80 for few, many in zip(*sides, strict=True))
    return harness.Row("a further row", "hand-written view", 0.33, ours_ms, theirs_ms)


def _detail(headers: dict[str, str], event: Event) -> harness.Row:
    ours = _get(f"/api/v1/events/{event.uuid}/", headers)
    theirs = _get(f"/by-hand/events/{event.uuid}/", headers)
    return _row("event detail", ours, theirs, must=0.70, max_queries=8)


def _search() -> harness.Row:
    """The work of PostgreSQL counts here, too."""
    ours, theirs = _get(f"/api/v1/public/events/?{SEARCH}"), _get(f"/by-hand/search/?{SEARCH}")
    return _row(
        "public search",
        ours,
        theirs,
        against="icontains, no index",
        must=20,
        max_queries=5,
        clock=harness.cpu_with_database,
        calls=3,
    )


def _registration(event: Event) -> harness.Row:
    """A guest's registration: our statements stay few; the hand-written one holds its lock."""
    ours = _post(f"/api/v1/public/events/{event.uuid}/register/")
    theirs = _post(f"/by-hand/events/{event.uuid}/register/")
    return _row("registration of a guest", ours, theirs, must=0.30, max_queries=8)


def _row(  # noqa: PLR0913 -- the columns of the table
    what: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    must: float,
    max_queries: int,
    against: str = "hand-written view",
    clock: Callable[[], float] = time.process_time,
    calls: int = harness.CALLS,
) -> harness.Row:
    ours_ms, theirs_ms = harness.compare(ours, theirs, clock=clock, calls=calls)
    queries = harness.queries(ours)
    return harness.Row(what, against, must, ours_ms, theirs_ms, queries, max_queries)


def _get(path: str, headers: dict[str, str] | None = None) -> Callable[[], object]:
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


def _token(user: User) -> str:
    now = timezone.now()
    return str(tokens.pair(sessions.open_for_tokens(user, now=now), now=now).access)
