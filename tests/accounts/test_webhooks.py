"""What is written when something happens: one message per endpoint that listens, or nothing."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import members, webhooks
from accounts.models import Membership, WebhookDelivery
from common import codes
from common.models import OutboxTask
from tests.factories.accounts import MembershipFactory
from tests.factories.webhooks import WebhookEndpointFactory

AT = datetime(2027, 2, 1, 10, 0, 0, 999, tzinfo=UTC)


def publish(owner, organization=None, content=None):
    webhooks.publish(
        "ping", owner=owner, organization=organization, object=content or {"object": "x"}, at=AT
    )


def told():
    return set(WebhookDelivery.objects.values_list("endpoint__description", flat=True))


@pytest.fixture
def audience(organizer, organization, stranger):
    tenants = {
        "personal": {"user": organizer},
        "organization": {"user": organizer, "organization": organization},
        "foreign": {"user": stranger},
    }
    kinds = {
        "all": {},
        "named": {"event_types": ["event.published", "ping"]},
        "other": {"event_types": ["event.published"]},
        "disabled": {"disabled": True},
    }
    for tenant, whose in tenants.items():
        for kind, facts in kinds.items():
            WebhookEndpointFactory(description=f"{tenant} {kind}", **whose, **facts)


def test_an_event_without_organization_is_its_owners(audience, organizer):
    publish(organizer)

    assert told() == {"personal all", "personal named"}


@pytest.mark.parametrize("by_key", [False, True])
def test_one_of_an_organization_is_never_the_owners(audience, organizer, organization, by_key):
    publish(organizer.pk if by_key else organizer, organization.pk if by_key else organization)

    assert told() == {"organization all", "organization named"}


@pytest.mark.parametrize("tenant", ["organization", "organizer"])
def test_whoever_was_deactivated_is_told_nothing(request, audience, organizer, tenant):
    row = request.getfixturevalue(tenant)
    row.is_active = False
    row.save()

    publish(organizer, row if tenant == "organization" else None)

    assert told() == set()


def test_without_owner_and_organization_nobody_is_told(audience):
    publish(None)

    assert told() == set()


def test_a_message_says_what_happened_when_and_to_whom(organizer, organization):
    WebhookEndpointFactory(organization=organization)

    publish(organizer, organization, lambda: {"object": "x", "name": "Zoë"})

    row = WebhookDelivery.objects.get()
    assert row.payload == (
        f'{{"id":"{row.message_id}","type":"ping","created_at":"2027-02-01T10:00:00Z",'
        f'"sequence":null,"organization":"{organization.uuid}",'
        '"data":{"object":{"object":"x","name":"Zoë"}}}'
    )
    assert (row.status, row.attempts, row.sequence) == ("pending", 0, None)
    task = OutboxTask.objects.get(name="accounts.dispatch_delivery")
    assert (task.args, task.queue, task.key) == ([row.pk], "webhooks", f"delivery:{row.pk}")


def test_all_endpoints_get_one_message_by_one_id(audience, organizer):
    publish(organizer)

    assert WebhookDelivery.objects.values("message_id").distinct().count() == 1


def test_a_type_that_nobody_registered_is_a_mistake(organizer):
    with pytest.raises(webhooks.UnknownType):
        webhooks.publish("event.exploded", owner=organizer, organization=None, object={})


def test_ids_begin_with_their_time():
    first, later = (codes.time_ordered(datetime(2027, 2, day, tzinfo=UTC)) for day in (1, 2))

    assert first < later
    assert first[:10] == "01KMBH0A00" or len(first) == 26
    assert codes.time_ordered(AT) != codes.time_ordered(AT)
    assert set(first) <= set(codes.CROCKFORD)


class TestQueries:
    """Nobody listening costs one statement per transaction, listening two per message."""

    def count(self, owner, times):
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            for _ in range(times):
                publish(owner)
        return sum(not row["sql"].startswith(("SAVE", "RELEASE")) for row in captured)

    @pytest.mark.parametrize("times", [1, 200])
    def test_where_nobody_listens(self, organizer, times):
        assert self.count(organizer, times) == 1

    def test_where_somebody_listens(self, organizer):
        WebhookEndpointFactory(user=organizer)

        assert [self.count(organizer, times) for times in (1, 3)] == [3, 6]

    def test_many_endpoints_cost_what_one_costs(self, organizer):
        WebhookEndpointFactory.create_batch(10, user=organizer)

        assert self.count(organizer, 1) == 3

    def test_an_object_that_nobody_hears_of_is_not_made(self, organizer):
        publish(organizer, content=lambda: pytest.fail("made for nobody"))

    def test_an_endpoint_added_in_the_same_transaction_listens(self, organizer):
        publish(organizer)
        WebhookEndpointFactory(user=organizer)
        publish(organizer)

        assert WebhookDelivery.objects.count() == 1


def test_a_change_of_members_is_told_without_saying_who(organization, organizer, settings):
    WebhookEndpointFactory(organization=organization)
    membership = MembershipFactory(organization=organization)

    members.change(membership, by=organizer, role=Membership.Role.STAFF)

    row = WebhookDelivery.objects.get()
    path = f"/api/v1/organizations/{organization.uuid}/members/{membership.uuid}/"
    assert json.loads(row.payload)["data"]["object"] == {
        "object": "membership",
        "uuid": str(membership.uuid),
        "url": f"{settings.PUBLIC_BASE_URL}{path}",
        "organization": str(organization.uuid),
        "role": "staff",
        "ended_at": None,
    }
