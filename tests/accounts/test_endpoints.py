"""Webhook endpoints over the API: whose they are, what they hide, what is refused."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import endpoints, webhooks
from accounts.models import WebhookDelivery, WebhookEndpoint
from common.models import AuditEntry, OutgoingEmail
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.webhooks import (
    WebhookAttemptFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)

URL = "/api/v1/webhook-endpoints/"
NEW = {"url": "https://8.8.8.8/hooks", "event_types": ["event.published", "ping"]}


def path(endpoint, verb=""):
    return f"{URL}{endpoint.uuid}/{verb}{'/' if verb else ''}"


def log_of(endpoint, delivery=None, verb=""):
    parts = [str(delivery.uuid), verb] if delivery else []
    return path(endpoint, "/".join(["deliveries", *filter(None, parts)]))


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.fixture
def endpoint(organizer):
    return WebhookEndpointFactory(user=organizer)


def mails():
    return list(OutgoingEmail.objects.values_list("kind", "to_email"))


def test_a_new_endpoint_shows_its_secret_once(api, organizer):
    response = api.post(URL, {**NEW, "description": "Our CRM"})

    row = WebhookEndpoint.objects.get()
    shown = {
        "uuid": str(row.uuid),
        "url": "https://8.8.8.8/hooks",
        "description": "Our CRM",
        "event_types": ["event.published", "ping"],
        "organization": None,
        "api_version": "v1",
        "is_active": True,
        "disabled_reason": "",
        "disabled_at": None,
        "failing_since": None,
        "secret_hint": row.secret[-4:],
        "created_at": response.json()["created_at"],
        "updated_at": response.json()["updated_at"],
    }
    assert response.status_code == 201
    assert response.json() == {**shown, "secret": row.secret}
    assert response.headers["Location"].endswith(path(row))
    assert response.headers["Cache-Control"] == "no-store"
    assert api.get(path(row)).json() == shown
    assert api.get(URL).json()["results"] == [shown]
    assert AuditEntry.objects.filter(action="webhook_endpoint.created").count() == 1


def test_the_database_does_not_hold_the_secret_in_clear(endpoint):
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_webhookendpoint")
        (stored,) = cursor.fetchone()

    assert "whsec_" not in stored


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://169.254.169.254/"}, "url"),
        ({"url": "https://localhost"}, "url"),
        ({"url": "https://10.0.0.5/"}, "url"),
        ({"url": "http://8.8.8.8/"}, "url"),
        ({"url": "https://8.8.8.8:22/"}, "url"),
        ({"url": "https://user@8.8.8.8/"}, "url"),
        ({"url": "https://8.8.8.8/" + "x" * 500}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"event_types": ["event.exploded"]}, "event_types"),
        ({"event_types": []}, "event_types"),
        ({"event_types": [f"type.{number}" for number in range(51)]}, "event_types"),
        ({"event_types": "ping"}, "event_types"),
        ({"event_types": None}, "event_types"),
        ({"description": "x" * 201}, "description"),
        ({"description": "two\nlines"}, "description"),
        ({"api_version": "v2"}, "api_version"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"organization": "5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"}, "organization"),
    ],
)
def test_what_is_wrong_is_named(api, body, field):
    response = api.post(URL, {**NEW, **body})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field]
    assert WebhookEndpoint.objects.count() == 0


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (["ping", "ping"], ["ping"]),
        (["*"], ["*"]),
        (["ping", "*"], ["*"]),
    ],
)
def test_types_are_kept_once_and_all_means_all(api, asked, kept):
    assert api.post(URL, {**NEW, "event_types": asked}).json()["event_types"] == kept


@pytest.mark.parametrize("kind", ["personal", "organization"])
def test_the_eleventh_endpoint_is_refused(api, organizer, organization, kind):
    tenant = {"organization": organization} if kind == "organization" else {}
    WebhookEndpointFactory.create_batch(10, user=organizer, **tenant)
    body = {**NEW, **({"organization": str(organization.uuid)} if tenant else {})}

    response = api.post(URL, body)

    assert (response.status_code, response.json()["error"]["code"]) == (
        422,
        "ENDPOINT_LIMIT_REACHED",
    )
    assert WebhookEndpoint.objects.count() == 10


def test_other_tenants_do_not_use_up_the_limit(api, organizer, organization):
    WebhookEndpointFactory.create_batch(9, user=organizer)
    WebhookEndpointFactory.create_batch(9, user=organizer, organization=organization)
    WebhookEndpointFactory.create_batch(9)

    assert api.post(URL, NEW).status_code == 201
    body = {**NEW, "organization": str(organization.uuid)}
    assert api.post(URL, body).json()["organization"] == str(organization.uuid)


class TestWhoseTheyAre:
    VERBS = ("rotate-secret", "test", "enable", "redeliver-failed")

    def test_nobody_else_finds_them(self, api_for, endpoint, stranger, attendee, staff_member):
        delivery = WebhookDeliveryFactory(endpoint=endpoint)
        for user in (stranger, attendee, staff_member):
            client = api_for(user)
            answers = [
                client.get(path(endpoint)),
                client.patch(path(endpoint), {"description": "mine"}),
                client.delete(path(endpoint)),
                client.get(log_of(endpoint)),
                client.get(log_of(endpoint, delivery)),
                client.post(log_of(endpoint, delivery, "redeliver")),
                *[client.post(path(endpoint, verb)) for verb in self.VERBS],
            ]
            assert [answer.status_code for answer in answers] == [404] * len(answers)
            assert client.get(URL).json()["count"] == 0
        assert WebhookEndpoint.objects.filter(description="").count() == 1

    @pytest.mark.parametrize(
        ("role", "found"),
        [("owner", 200), ("admin", 200), ("organizer", 404), ("instructor", 404), ("staff", 404)],
    )
    def test_in_an_organization_owner_and_admins_keep_them(
        self, api_for, organization, organizer, role, found
    ):
        user = organizer if role == "owner" else UserFactory()
        if role != "owner":
            MembershipFactory(organization=organization, user=user, role=role)
        endpoint = WebhookEndpointFactory(organization=organization)
        client = api_for(user)

        made = client.post(URL, {**NEW, "organization": str(organization.uuid)})

        assert client.get(path(endpoint)).status_code == found
        assert client.get(log_of(endpoint)).status_code == found
        assert made.status_code == (201 if found == 200 else 403)

    def test_an_endpoint_of_an_organization_one_left_is_gone(self, api_for, organization):
        user = UserFactory()
        MembershipFactory(organization=organization, user=user, role="admin", ended=True)
        endpoint = WebhookEndpointFactory(organization=organization, user=user)

        assert api_for(user).get(path(endpoint)).status_code == 404

    def test_a_foreign_organization_is_unknown(self, api_for, stranger, organization):
        response = api_for(stranger).post(URL, {**NEW, "organization": str(organization.uuid)})

        assert list(response.json()["error"]["details"]) == ["organization"]

    def test_a_delivery_of_another_endpoint_is_not_found(self, api, endpoint, organizer):
        other = WebhookEndpointFactory(user=organizer)
        delivery = WebhookDeliveryFactory(endpoint=other)

        assert api.get(log_of(endpoint, delivery)).status_code == 404
        assert api.get(log_of(endpoint)).json()["results"] == []

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_an_unproven_address_is_not_enough(self, api_for, db, method):
        client = api_for(UserFactory(unverified=True))

        response = getattr(client, method)(URL, NEW)

        assert (response.status_code, response.json()["error"]["code"]) == (
            403,
            "EMAIL_NOT_VERIFIED",
        )

    def test_nobody_signed_in_is_nobody(self, anonymous, db):
        for address in (URL, "/api/v1/webhook-event-types/"):
            assert anonymous.get(address).status_code == 401


class TestChanging:
    def test_what_is_sent_changes_and_nothing_else(self, api, endpoint, stranger):
        before = api.get(path(endpoint)).json()
        body = {
            "url": "https://8.8.4.4/",
            "event_types": ["ping"],
            "secret": "whsec_mine",
            "user": str(stranger.uuid),
            "failing_since": "2027-01-01T00:00:00Z",
        }

        response = api.patch(path(endpoint), body)

        changed = {"url": "https://8.8.4.4/", "event_types": ["ping"]}
        stamp = {"updated_at": response.json()["updated_at"]}
        assert response.json() == {**before, **changed, **stamp}

    def test_a_private_address_is_refused_here_as_well(self, api, endpoint):
        response = api.patch(path(endpoint), {"url": "https://10.0.0.5/"})

        assert response.json()["error"]["details"] == {"url": ["The address must be public."]}

    def test_switching_off_drops_what_waits_and_on_brings_nothing_back(self, api, endpoint):
        delivery = WebhookDeliveryFactory(endpoint=endpoint)

        off = api.patch(path(endpoint), {"is_active": False}).json()
        delivery.refresh_from_db()
        on = api.patch(path(endpoint), {"is_active": True}).json()

        assert (off["is_active"], off["disabled_reason"]) == (False, "owner")
        assert parse_datetime(off["disabled_at"]) is not None
        assert (delivery.status, delivery.next_attempt_at) == ("cancelled", None)
        assert (on["is_active"], on["disabled_reason"], on["disabled_at"]) == (True, "", None)
        assert mails() == []

    def test_one_may_be_made_switched_off(self, api):
        made = api.post(URL, {**NEW, "is_active": False}).json()

        assert (made["is_active"], made["disabled_reason"]) == (False, "owner")
        assert made["disabled_at"] is not None

    def test_an_old_version_is_refused(self, api, endpoint):
        tag = api.get(path(endpoint)).headers["ETag"]
        api.patch(path(endpoint), {"description": "newer"})

        response = api.patch(path(endpoint), {"description": "older"}, headers={"If-Match": tag})

        assert response.status_code == 412

    def test_enabling_forgets_that_it_failed(self, api, organizer):
        endpoint = WebhookEndpointFactory(
            user=organizer, disabled=True, failing_since=timezone.now(), warned_at=timezone.now()
        )

        for _ in range(2):
            response = api.post(path(endpoint, "enable"))

        endpoint.refresh_from_db()
        assert (response.status_code, response.json()["is_active"]) == (200, True)
        assert (endpoint.failing_since, endpoint.warned_at) == (None, None)
        assert AuditEntry.objects.filter(action="webhook_endpoint.enabled").count() == 1

    def test_removing_takes_the_log_along(self, api, endpoint):
        WebhookAttemptFactory(delivery__endpoint=endpoint)

        assert api.delete(path(endpoint)).status_code == 204
        assert WebhookDelivery.objects.count() == 0
        assert AuditEntry.objects.filter(action="webhook_endpoint.deleted").count() == 1


class TestSecrets:
    def test_a_rotation_keeps_the_old_one_for_a_day(self, api, endpoint, organizer):
        old = endpoint.secret

        response = api.post(path(endpoint, "rotate-secret"))

        endpoint.refresh_from_db()
        until = parse_datetime(response.json()["previous_valid_until"])
        assert response.json()["secret"] == endpoint.secret
        assert until == endpoint.previous_secret_until
        assert timedelta(hours=23) < until - timezone.now() <= timedelta(hours=24)
        assert endpoint.secrets_at(timezone.now()) == (endpoint.secret, old)
        assert endpoint.secrets_at(until) == (endpoint.secret,)
        assert response.headers["Cache-Control"] == "no-store"
        assert mails() == [("webhook_secret_rotated", organizer.email)]
        assert endpoint.secret not in OutgoingEmail.objects.get().text

    def test_a_key_for_repeats_is_ignored_where_a_secret_is_told(self, api):
        for _ in range(2):
            response = api.post(URL, NEW, headers={"Idempotency-Key": "k" * 20})
            assert response.status_code == 201

        assert WebhookEndpoint.objects.count() == 2


class TestTesting:
    def test_a_ping_is_on_its_way(self, api, organizer):
        endpoint = WebhookEndpointFactory(user=organizer, event_types=["event.published"])

        response = api.post(path(endpoint, "test"))

        row = WebhookDelivery.objects.get()
        assert response.status_code == 202
        assert response.json()["message_id"] == row.message_id
        assert (row.type, row.status, row.endpoint) == ("ping", "pending", endpoint)

    @pytest.mark.parametrize("verb", ["test", "redeliver-failed", "redeliver"])
    def test_a_disabled_endpoint_is_sent_nothing(self, api, organizer, verb):
        endpoint = WebhookEndpointFactory(user=organizer, disabled=True)
        delivery = WebhookDeliveryFactory(endpoint=endpoint, failed=True)
        where = log_of(endpoint, delivery, verb) if verb == "redeliver" else path(endpoint, verb)

        response = api.post(where)

        assert (response.status_code, response.json()["error"]["code"]) == (
            409,
            "ENDPOINT_DISABLED",
        )
        delivery.refresh_from_db()
        assert (delivery.status, WebhookDelivery.objects.count()) == ("failed", 1)


class TestLog:
    def test_a_message_is_shown_with_its_tries(self, api, endpoint):
        row = WebhookDeliveryFactory(
            endpoint=endpoint,
            delivered=True,
            sequence=7,
            last_status=200,
            last_response="ok",
            duration_ms=12,
            payload=json.dumps({"type": "ping", "sequence": 7}),
        )
        attempt = WebhookAttemptFactory(delivery=row, status=200, duration_ms=12)

        shown = api.get(log_of(endpoint, row)).json()

        stamps = {name: shown[name] for name in ("created_at", "delivered_at")}
        assert shown == {
            "uuid": str(row.uuid),
            "message_id": row.message_id,
            "type": "ping",
            "status": "delivered",
            "sequence": 7,
            "attempts": 1,
            "next_attempt_at": None,
            "last_status": 200,
            "last_response": "ok",
            "last_error": "",
            "duration_ms": 12,
            "payload": {"type": "ping", "sequence": 7},
            **stamps,
            "attempts_log": [
                {
                    "number": 1,
                    "at": shown["attempts_log"][0]["at"],
                    "status": 200,
                    "error": "",
                    "duration_ms": 12,
                }
            ],
        }
        assert parse_datetime(shown["attempts_log"][0]["at"]) == attempt.at

    def test_it_is_narrowed_and_paged_by_cursor(self, api, endpoint):
        WebhookDeliveryFactory.create_batch(3, endpoint=endpoint)
        WebhookDeliveryFactory(endpoint=endpoint, failed=True, type="event.published")

        page = api.get(f"{log_of(endpoint)}?page_size=3").json()
        rest = api.get(page["next"]).json()

        assert (len(page["results"]), len(rest["results"]), rest["next"]) == (3, 1, None)
        for query in ("status=failed", "type=event.published"):
            (found,) = api.get(f"{log_of(endpoint)}?{query}").json()["results"]
            assert found["type"] == "event.published"

    @pytest.mark.parametrize("status", ["delivered", "failed", "cancelled"])
    def test_a_message_is_sent_again_as_it_was(self, api, endpoint, status):
        row = WebhookDeliveryFactory(endpoint=endpoint, **{status: True}, sequence=3)
        WebhookAttemptFactory(delivery=row)

        response = api.post(log_of(endpoint, row, "redeliver"))

        again = WebhookDelivery.objects.get()
        assert (response.status_code, response.json()["status"]) == (202, "pending")
        assert (again.status, again.attempts, again.delivered_at) == ("pending", 0, None)
        assert (again.message_id, again.payload, again.sequence) == (
            row.message_id,
            row.payload,
            3,
        )
        assert len(response.json()["attempts_log"]) == 1

    def test_one_that_is_being_sent_is_left_alone(self, api, endpoint):
        lease = timezone.now() + timedelta(minutes=1)
        row = WebhookDeliveryFactory(endpoint=endpoint, attempts=3, lease_until=lease)

        response = api.post(log_of(endpoint, row, "redeliver"))

        row.refresh_from_db()
        assert (response.status_code, row.attempts, row.lease_until) == (202, 3, lease)

    def test_what_failed_in_the_last_month_is_sent_again(self, api, endpoint):
        now = timezone.now()
        kinds = {
            "failed": ({"failed": True}, 1),
            "dropped": ({"cancelled": True}, 1),
            "earlier": ({"failed": True}, 5),
            "other": ({"failed": True, "type": "event.published"}, 1),
            "old": ({"failed": True}, 31),
            "taken": ({"delivered": True}, 1),
        }
        for name, (facts, days) in kinds.items():
            row = WebhookDeliveryFactory(endpoint=endpoint, message_id=name, **facts)
            WebhookDelivery.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=days))
        WebhookDeliveryFactory(failed=True)

        def again(**body):
            before = set(pending())
            response = api.post(path(endpoint, "redeliver-failed"), body)
            assert response.status_code == 202
            found = set(pending()) - before
            assert response.json() == {"count": len(found)}
            return found

        def pending():
            return WebhookDelivery.objects.filter(status="pending").values_list(
                "message_id", flat=True
            )

        assert again(until=str(now - timedelta(days=3))) == {"earlier"}
        assert again(since=str(now - timedelta(days=3)), type="event.published") == {"other"}
        assert again() == {"failed", "dropped"}


@pytest.mark.parametrize("count", [1, 3])
class TestQueries:
    """Lists cost the same for one row and for many."""

    def test_of_endpoints(self, api, organizer, organization, count, django_assert_num_queries):
        WebhookEndpointFactory.create_batch(count, user=organizer, organization=organization)

        with django_assert_num_queries(3):
            response = api.get(URL)

        assert response.json()["count"] == count

    def test_of_deliveries(self, api, endpoint, count, django_assert_num_queries):
        for row in WebhookDeliveryFactory.create_batch(count, endpoint=endpoint):
            WebhookAttemptFactory(delivery=row)

        with django_assert_num_queries(3):
            response = api.get(log_of(endpoint))

        assert len(response.json()["results"]) == count


def test_the_catalogue_lists_every_type_with_a_message(api_for, attendee):
    body = api_for(attendee).get("/api/v1/webhook-event-types/?page_size=100").json()

    names = [each["type"] for each in body["results"]]
    (ping,) = [each for each in body["results"] if each["type"] == "ping"]
    assert body["count"] == len(names) == len(webhooks.types())
    assert names == sorted(names)
    assert ping["description"] == "A test that you asked for; it means nothing."
    assert (ping["example"]["type"], ping["example"]["data"]["object"]["object"]) == (
        "ping",
        "webhook_endpoint",
    )


class TestCondition:
    def ask(self, api, **query):
        return api.get("/api/v1/integrations/", query).json()["outbound"]

    def test_without_endpoints_there_is_nothing_to_worry_about(self, api):
        assert self.ask(api) == {
            "configured": False,
            "healthy": True,
            "detail": "There are no webhook endpoints.",
        }

    def test_trouble_is_counted_for_whoever_keeps_them(self, api, organizer, organization):
        WebhookEndpointFactory(user=organizer)
        WebhookEndpointFactory(failing_since=timezone.now())
        WebhookEndpointFactory(organization=organization, failing_since=timezone.now())
        WebhookEndpointFactory(organization=organization, disabled=True, disabled_reason="gone")

        assert self.ask(api) == {
            "configured": True,
            "healthy": True,
            "detail": "Messages arrive.",
        }
        assert self.ask(api, organization=str(organization.uuid)) == {
            "configured": True,
            "healthy": False,
            "detail": "1 disabled and 1 failing webhook endpoints.",
        }


def test_a_refused_step_leaves_nothing_behind(endpoint, organizer, monkeypatch):
    secret = endpoint.secret

    def refuse(row):
        raise RuntimeError

    monkeypatch.setattr(endpoints.endpoint_messages, "secret_rotated", refuse)
    with pytest.raises(RuntimeError):
        endpoints.rotate_secret(endpoint, by=organizer)

    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.previous_secret) == (secret, "")
    assert AuditEntry.objects.count() == 0
