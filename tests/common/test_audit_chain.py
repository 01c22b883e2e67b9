"""The chain over the audit log."""

import logging
import threading
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from common import audit, audit_chain, triggers
from common.models import AuditEntry, AuditHead


@pytest.fixture
def chain(db) -> list[AuditEntry]:
    """Three sealed entries."""
    for number in range(3):
        audit.record("thing.done", number=number, rate=0.5, name="Zoë")
    audit_chain.seal()
    return list(AuditEntry.objects.order_by("sequence"))


@pytest.fixture
def tamper(chain):
    """Return a way to write past the guards, as somebody with the database's password."""
    logging.getLogger("common.audit_chain").setLevel(logging.CRITICAL)

    def write(statement):
        triggers.drop_all(connection)
        with connection.cursor() as cursor:
            cursor.execute(statement)

    yield write
    triggers.install(connection, "common")


def verdict():
    return audit_chain.verify(now=timezone.now())


def test_sealing_chains_entries_in_order(chain):
    assert [entry.sequence for entry in chain] == [1, 2, 3]
    assert [entry.previous_hash for entry in chain] == [
        audit_chain.GENESIS,
        chain[0].hash,
        chain[1].hash,
    ]
    assert AuditHead.objects.get().last_hash == chain[2].hash


def test_sealing_twice_changes_nothing(chain):
    assert audit_chain.seal() == 0
    assert list(AuditEntry.objects.order_by("sequence").values_list("hash", flat=True)) == [
        entry.hash for entry in chain
    ]


def test_later_entries_follow_earlier_ones(chain, monkeypatch):
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    for _ in range(5):
        audit.record("thing.done")

    assert audit_chain.seal() == 5
    assert verdict().ok
    assert AuditHead.objects.get().last_sequence == 8


def test_a_whole_chain_verifies(chain):
    found = verdict()

    assert (found.ok, found.entries, found.last_hash) == (True, 3, chain[2].hash)
    assert AuditHead.objects.get().last_verified_at is not None


def test_an_empty_log_verifies(db):
    assert verdict().ok


def test_a_lawful_redaction_leaves_the_chain_whole(chain):
    audit_chain.redact(chain[1])

    assert verdict().ok


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE common_auditentry SET action = 'x.y' WHERE sequence = 2",
            "Entry 2 was changed after it was sealed.",
        ),
        (
            "UPDATE common_auditentry SET payload = '{}' WHERE sequence = 2",
            "Entry 2 has a changed payload.",
        ),
        (
            "DELETE FROM common_auditentry WHERE sequence = 2",
            "Entry 2 is missing; 3 follows instead.",
        ),
        (
            "DELETE FROM common_auditentry WHERE sequence = 3",
            "The chain should end with entry 3, but ends with 2.",
        ),
        (
            "UPDATE common_auditentry SET sequence = sequence + 10 WHERE sequence > 1",
            "Entry 2 is missing; 12 follows instead.",
        ),
        (
            "UPDATE common_auditentry SET previous_hash = hash WHERE sequence = 2",
            "Entry 2 does not follow the entry before it.",
        ),
        (
            "UPDATE common_auditentry SET redacted_at = at, payload_salt = NULL WHERE sequence = 1",
            "Entry 1 is redacted but holds facts.",
        ),
    ],
    ids=["edited", "payload", "removed", "truncated", "moved", "relinked", "half redacted"],
)
def test_what_was_tampered_with_is_named(tamper, statement, found):
    tamper(statement)

    assert verdict().broken == found
    assert AuditHead.objects.get().broken_at is not None


def test_entries_that_wait_too_long_raise_an_alarm(db):
    logging.getLogger("common.audit_chain").setLevel(logging.CRITICAL)
    audit.record("thing.done")

    errors = StringIO()

    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        call_command("verify_audit_log", stdout=StringIO(), stderr=errors)

    assert errors.getvalue() == "1 entries have waited to be sealed.\n"


def test_entries_sealed_during_the_walk_are_no_fault(chain, monkeypatch):
    walked = audit_chain._sealed

    def interrupted():
        yield from walked()
        audit.record("thing.done")
        audit_chain.seal()

    monkeypatch.setattr(audit_chain, "_sealed", interrupted)

    assert verdict().ok


def test_the_command_prints_the_head_of_a_whole_chain(chain):
    out = StringIO()

    call_command("verify_audit_log", stdout=out)

    assert out.getvalue() == f"3 entries, last hash {chain[2].hash}.\n"


def test_the_command_names_the_broken_row_and_fails(tamper):
    tamper("UPDATE common_auditentry SET action = 'x.y' WHERE sequence = 2")

    with pytest.raises(CommandError, match="Entry 2 was changed") as refusal:
        call_command("verify_audit_log")

    assert refusal.value.returncode == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_workers_sealing_at_once_make_one_chain():
    if connection.vendor == "sqlite":
        pytest.skip("Needs PostgreSQL: SQLite lets writers take turns.")
    for _ in range(40):
        audit.record("thing.done")
    gate = threading.Barrier(4)

    def work():
        gate.wait()
        audit_chain.seal()
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert (verdict().ok, verdict().entries) == (True, 40)
