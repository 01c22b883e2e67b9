"""The inbox for platform staff, and the state of every connection."""

import pytest

from common.models import AuditEntry
from integrations import status
from integrations.models import InboundWebhook
from integrations.status import Condition
from tests.factories.integrations import InboundWebhookFactory

URL = "/api/v1/integrations/inbound-webhooks/"


@pytest.fixture
def staff(api_for, staff_member):
    return api_for(staff_member)


def detail(webhook):
    return f"{URL}{webhook.uuid}/"


@pytest.mark.parametrize("path", ["", "{uuid}/"])
def test_only_platform_staff_read_the_inbox(anonymous, api_for, organizer, attendee, path):
    url = URL + path.format(uuid=InboundWebhookFactory().uuid)

    assert anonymous.get(url).status_code == 401
    for person in (organizer, attendee):
        assert api_for(person).get(url).status_code == 403


@pytest.mark.parametrize("path", ["retry/", "{uuid}/retry/"])
def test_only_platform_staff_take_messages_up_again(anonymous, api_for, organizer, path):
    webhook = InboundWebhookFactory(status="failed")
    url = URL + path.format(uuid=webhook.uuid)

    assert anonymous.post(url, {}).status_code == 401
    assert api_for(organizer).post(url, {}).status_code == 403
    webhook.refresh_from_db()
    assert webhook.status == "failed"


def test_the_list_shows_messages_without_their_bodies(staff):
    webhook = InboundWebhookFactory(status="skipped", note="unknown meeting", done=["a.b"])

    response = staff.get(URL)

    assert response.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "uuid": str(webhook.uuid),
                "provider": "zoom",
                "event_type": "test.happened",
                "subject_ref": "91234567890",
                "account_ref": "",
                "status": "skipped",
                "attempts": 0,
                "done": ["a.b"],
                "note": "unknown meeting",
                "error": "",
                "event_at": None,
                "received_at": response.json()["results"][0]["received_at"],
                "processed_at": None,
            }
        ],
    }


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_every_length(staff, django_assert_num_queries, count):
    InboundWebhookFactory.create_batch(count)

    with django_assert_num_queries(2):
        response = staff.get(URL)

    assert len(response.json()["results"]) == count


@pytest.mark.parametrize(
    "query",
    [
        "provider=stripe",
        "status=failed",
        "event_type=other",
        "subject_ref=5",
        "from_date=2027-01-02",
        "to_date=2026-12-31",
    ],
)
def test_filters_narrow_the_list(staff, query):
    InboundWebhookFactory(received_at="2027-01-01T12:00:00Z")

    assert staff.get(f"{URL}?{query}").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "name"),
    [("provider=fax", "provider"), ("status=lost", "status"), ("from_date=soon", "from_date")],
)
def test_a_filter_that_makes_no_sense_is_refused(staff, query, name):
    response = staff.get(f"{URL}?{query}")

    assert response.status_code == 400
    assert name in response.json()["error"]["details"]


def test_reading_the_body_is_audited(staff, staff_member):
    webhook = InboundWebhookFactory()

    response = staff.get(detail(webhook))

    assert response.json()["body"] == webhook.body
    entry = AuditEntry.objects.get(action="inbound_webhook.read")
    assert (entry.actor_uuid, entry.actor_type, entry.target_uuid) == (
        staff_member.uuid,
        "staff",
        webhook.uuid,
    )


def test_a_failed_message_is_taken_up_again(staff):
    webhook = InboundWebhookFactory(status="failed", error="x", attempts=8)

    response = staff.post(f"{detail(webhook)}retry/", {})

    facts = response.json()
    assert response.status_code == 202
    assert (facts["status"], facts["attempts"], facts["error"]) == ("received", 0, "")
    assert AuditEntry.objects.get(action="inbound_webhook.retried").target_uuid == webhook.uuid


def test_a_processed_message_needs_force(staff):
    webhook = InboundWebhookFactory(status="processed", done=["a.b"])

    refused = staff.post(f"{detail(webhook)}retry/", {})
    forced = staff.post(f"{detail(webhook)}retry/", {"force": True})

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ALREADY_PROCESSED")
    assert (forced.status_code, forced.json()["done"]) == (202, [])


def test_many_messages_are_taken_up_again(staff):
    InboundWebhookFactory.create_batch(3, status="failed")
    InboundWebhookFactory(status="skipped")

    response = staff.post(f"{URL}retry/", {"status": "failed", "since": "2020-01-01T00:00:00Z"})

    assert (response.status_code, response.json()) == (202, {"queued": 3})
    assert InboundWebhook.objects.filter(status="received").count() == 3
    entry = AuditEntry.objects.get(action="inbound_webhooks.retried")
    assert entry.payload["queued"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"status": "processed"},
        {"provider": "fax"},
        {"since": "soon"},
        {"status": ["failed"]},
        {"event_type": "x" * 101},
    ],
    ids=str,
)
def test_a_retry_that_makes_no_sense_is_refused(staff, body):
    response = staff.post(f"{URL}retry/", body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["00000000-0000-4000-8000-000000000000/", "not-a-uuid/"])
def test_an_unknown_message_is_not_found(staff, path):
    assert staff.get(URL + path).status_code == 404
    assert staff.post(f"{URL}{path}retry/", {}).status_code == 404


def test_everybody_signed_in_sees_the_state_of_the_connections(anonymous, api_for, attendee):
    response = api_for(attendee).get("/api/v1/integrations/")

    facts = response.json()
    assert anonymous.get("/api/v1/integrations/").status_code == 401
    assert facts["inbox"] == {
        "configured": True,
        "healthy": True,
        "detail": "Messages are handled.",
    }
    assert facts["mail"].keys() == {"configured", "healthy", "detail"}


def test_failed_messages_make_the_inbox_unhealthy(api_for, attendee):
    InboundWebhookFactory(status="failed")

    facts = api_for(attendee).get("/api/v1/integrations/").json()

    assert facts["inbox"]["healthy"] is False


def test_an_app_answers_for_its_own_connection(api_for, attendee, monkeypatch):
    monkeypatch.setattr(status, "_questions", {})
    asked = []

    def payments(user, organization):
        asked.append((user, str(organization)))
        return Condition(configured=False, healthy=False, detail="Not set up.")

    status.register("payments", payments)
    uuid = "7b1f0c52-6a55-4f6e-9a3e-0f6f3f0f7d11"

    response = api_for(attendee).get(f"/api/v1/integrations/?organization={uuid}")

    assert response.json() == {
        "payments": {"configured": False, "healthy": False, "detail": "Not set up."}
    }
    assert asked == [(attendee, uuid)]


def test_a_malformed_organization_is_refused(api_for, attendee):
    response = api_for(attendee).get("/api/v1/integrations/?organization=mine")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_the_inbox_is_counted_in_the_metrics(db, anonymous, settings):
    settings.METRICS_OPEN = True
    InboundWebhookFactory(status="failed")

    text = anonymous.get("/metrics").content.decode()

    assert 'inbound_webhooks{provider="zoom",status="failed"} 1' in text
