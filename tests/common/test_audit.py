"""Entries of the audit log: what they say, and that they stay."""

import pytest
from django.db import DatabaseError, connection, transaction

from common import audit, audit_chain, context
from common.models import AppendOnly, AuditEntry
from tests.factories.accounts import UserFactory

COLUMNS = ("action", "actor_type", "actor_uuid", "target_type", "target_uuid", "payload")


@pytest.fixture
def entry(db) -> AuditEntry:
    return audit.record("thing.done", reason="because")


def test_an_entry_says_who_did_what_to_which_row_and_why(db):
    user, target = UserFactory(), UserFactory()

    entry = audit.record("user.renamed", target=target, by=user, reason="typo", before="", after=3)

    assert {name: getattr(entry, name) for name in COLUMNS} == {
        "action": "user.renamed",
        "actor_type": "user",
        "actor_uuid": user.uuid,
        "target_type": "accounts.user",
        "target_uuid": target.uuid,
        "payload": {"reason": "typo", "after": 3},
    }


def test_origin_comes_from_the_request(db):
    user = UserFactory()
    with context.acting(
        request_id="r-1",
        actor_type="api_token",
        actor_uuid=user.uuid,
        ip_address="192.0.2.7",
        user_agent="curl",
    ):
        entry = audit.record("thing.done", by=user)

    assert (entry.request_id, entry.actor_type, entry.actor_uuid) == (
        "r-1",
        "api_token",
        user.uuid,
    )
    assert entry.payload == {"ip_address": "192.0.2.7", "user_agent": "curl"}


def test_outside_requests_the_system_acts(entry):
    assert (entry.actor_type, entry.actor_uuid) == ("system", None)


def test_readers_are_named_by_uuid(db):
    owner = UserFactory()

    entry = audit.record("thing.done", owner=owner, organization=owner.uuid)

    assert (entry.owner_uuid, entry.organization_uuid) == (owner.uuid, owner.uuid)


def test_an_entry_goes_with_the_change_it_tells_of(db):
    with transaction.atomic():
        audit.record("thing.done")
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda _: AuditEntry.objects.all().delete(),
        lambda _: AuditEntry.objects.update(action="thing.undone"),
    ],
    ids=["save", "delete", "delete many", "update many"],
)
def test_code_cannot_change_entries(entry, change):
    with pytest.raises(AppendOnly):
        change(entry)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE common_auditentry SET action = 'thing.undone'",
        "UPDATE common_auditentry SET payload = '{}'",
        "UPDATE common_auditentry SET at = created_at, actor_type = 'staff'",
        "DELETE FROM common_auditentry",
    ],
)
def test_the_database_refuses_changes_of_entries(entry, statement):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize("column", ["sequence", "previous_hash", "hash"])
def test_the_database_refuses_a_second_sealing(entry, column):
    audit_chain.seal()

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE common_auditentry SET {column} = 7")


def test_redaction_empties_the_payload_for_good(entry):
    audit_chain.redact(entry)
    audit_chain.redact(entry)

    assert (entry.payload, entry.payload_salt, entry.redacted_at is None) == ({}, None, False)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute('UPDATE common_auditentry SET payload = \'{"reason": "other"}\'')
