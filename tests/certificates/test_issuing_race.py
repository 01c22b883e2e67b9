"""Twenty at once: one certificate, one unit of quota."""

import threading

import pytest
from django.db import connection, connections

from billing.models import UsageCounter
from certificates import issuing
from certificates.models import Certificate
from events.models import Event
from tests.factories.certificates import attended
from tests.factories.events import EventFactory

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
THREADS = 20


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor == "sqlite":
        pytest.skip("Needs PostgreSQL: SQLite lets writers take turns.")


@pytest.fixture
def registration(organizer):
    return attended(event=EventFactory(owner=organizer, completed=True))


def at_once(call):
    """Call it in all threads at the same moment; return what each got."""
    gate, results = threading.Barrier(THREADS), []

    def work():
        gate.wait()
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def issue(registration, organizer):
    event = Event.objects.select_related("owner", "organization").get(pk=registration.event_id)
    outcome = issuing.issue_for_event(event, by=organizer, registration_uuids=[registration.uuid])
    return outcome.results[0].outcome


def test_twenty_requests_make_one_certificate(registration, organizer):
    results = at_once(lambda: issue(registration, organizer))

    assert sorted(results) == ["existing"] * (THREADS - 1) + ["issued"]
    assert Certificate.objects.count() == 1
    assert UsageCounter.objects.get().used == 1
    assert Event.objects.get().certificate_count == 1


def test_without_the_locks_the_constraint_is_the_last_guard(registration, organizer, monkeypatch):
    monkeypatch.setattr(Event, "lock", lambda event: event.refresh_from_db())
    monkeypatch.setattr(
        issuing,
        "_locked",
        lambda event, which: issuing.Registration.objects.select_related("user").filter(
            which, event=event
        ),
    )

    results = at_once(lambda: issue(registration, organizer))

    assert Certificate.objects.filter(status="active").count() == 1
    assert results.count("issued") == 1


def test_issuing_and_revoking_at_once_never_deadlocks(registration, organizer):
    issue(registration, organizer)
    uuid = Certificate.objects.get().uuid
    turns = iter(range(THREADS))

    def either():
        if next(turns) % 2:
            return issue(registration, organizer)
        certificate = Certificate.objects.with_relations().get(uuid=uuid)
        issuing.revoke(certificate, by=organizer, reason="Mistake.")
        return "revoked"

    results = at_once(either)

    kinds = {result if isinstance(result, str) else type(result).__name__ for result in results}
    assert results.count("revoked") == 1
    assert kinds <= {"revoked", "existing", "AlreadyRevoked", "NothingIssued"}
    assert Certificate.objects.count() == 1
