"""Soft deletion: what it hides, what it keeps, what it tells."""

import pytest

from common.models import AuditEntry
from events.models import Event
from tests.factories.accounts import UserFactory
from tests.factories.events import EventFactory


@pytest.fixture
def event(db) -> Event:
    return EventFactory()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_deleted_row_is_hidden_and_kept(event):
    event.soft_delete(by=event.owner)

    assert event.is_deleted
    assert not Event.objects.exists()
    assert Event.all_objects.get() == event


def test_deletion_and_restoration_are_audited(event):
    person = UserFactory()

    event.soft_delete(by=person)
    event.restore(by=person)

    assert actions() == ["event.deleted", "event.restored"]
    assert set(AuditEntry.objects.values_list("actor_uuid", "target_uuid", "owner_uuid")) == {
        (person.uuid, event.uuid, event.owner.uuid)
    }


def test_deleting_or_restoring_twice_is_doing_it_once(event):
    event.soft_delete(by=None)
    event.soft_delete(by=None)
    event.restore(by=None)
    event.restore(by=None)

    assert actions() == ["event.deleted", "event.restored"]
    assert Event.objects.get() == event


def test_many_rows_are_stamped_at_once(event):
    Event.objects.all().delete()

    assert (Event.objects.count(), Event.all_objects.live().count()) == (0, 0)
    assert Event.all_objects.count() == 1


def test_only_retention_removes_rows(event):
    event.hard_delete()

    assert not Event.all_objects.exists()


def test_both_managers_carry_the_model_s_own_filters(event):
    event.soft_delete(by=None)

    assert not Event.objects.managed_by(event.owner).exists()
    assert Event.all_objects.managed_by(event.owner).get() == event
