"""Messages on their way: tried until taken, each once at a time, and given up by the table."""

import json
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook

from accounts import deliveries, endpoint_health, endpoints, webhooks
from accounts.models import Notification, WebhookDelivery, WebhookEndpoint
from common import outbox, retention
from common.models import AuditEntry, OutboxTask, OutgoingEmail
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.webhooks import (
    WebhookAttemptFactory,
    WebhookDeliveryFactory,
    WebhookEndpointFactory,
)
from tests.integrations.receiver import serving

NOON = datetime(2027, 2, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clock():
    """Return a clock that stands until the test moves it."""
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def receiver(settings):
    settings.OUTBOUND_ALLOW_PRIVATE = True
    with serving() as running:
        yield running


@pytest.fixture
def endpoint(db, receiver, organizer):
    return WebhookEndpointFactory(user=organizer, url=receiver.url)


@pytest.fixture
def work(db):
    """Run what was asked for, as a worker would."""

    def run():
        while outbox.run_due(timezone.now()):
            continue
        errors = OutboxTask.objects.exclude(last_error="").values_list("name", "last_error")
        assert list(errors) == []

    return run


def row_of(delivery):
    return WebhookDelivery.objects.get(pk=delivery.pk)


def mails(kind):
    return list(OutgoingEmail.objects.filter(kind=kind).values_list("to_email", flat=True))


def test_a_receiver_that_fails_twice_gets_one_message_three_times(
    clock, endpoint, receiver, organizer, work
):
    receiver.answers = [(500, {}, b"no"), (500, {}, b"not yet"), (200, {}, b"thanks")]
    with transaction.atomic():
        delivery = endpoints.ping(endpoint, by=organizer)

    work()
    for seconds in (6, 34):
        clock.shift(timedelta(seconds=seconds))
        work()

    row = row_of(delivery)
    ids = {headers["webhook-id"] for _, headers, _ in receiver.received}
    bodies = {body for _, _, body in receiver.received}
    assert (len(receiver.received), ids, len(bodies)) == (3, {row.message_id}, 1)
    assert (row.status, row.attempts, row.last_status) == ("delivered", 3, 200)
    assert (row.last_response, row.next_attempt_at, row.lease_until) == ("thanks", None, None)
    assert row.delivered_at == timezone.now()
    tries = row.attempts_log.order_by("pk").values_list("number", "status", "error")
    assert list(tries) == [(1, 500, ""), (2, 500, ""), (3, 200, "")]
    for _, headers, body in receiver.received:
        assert Webhook(endpoint.secret).verify(body, headers)["type"] == "ping"


def test_what_is_sent_is_what_is_stored(clock, endpoint, receiver, organizer, work, settings):
    endpoints.ping(endpoint, by=organizer)

    work()

    row = WebhookDelivery.objects.get()
    (_, headers, body) = receiver.received[0]
    url = f"{settings.PUBLIC_BASE_URL}/api/v1/webhook-endpoints/{endpoint.uuid}/"
    assert body.decode() == row.payload
    assert json.loads(body) == {
        "id": row.message_id,
        "type": "ping",
        "created_at": "2027-02-01T12:00:00Z",
        "sequence": 1,
        "organization": None,
        "data": {
            "object": {
                "object": "webhook_endpoint",
                "uuid": str(endpoint.uuid),
                "url": url,
                "endpoint": str(endpoint.uuid),
            }
        },
    }
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))


def test_the_sequence_counts_first_tries_per_endpoint(clock, endpoint, receiver, work):
    receiver.answers = [(500, {}, b""), (200, {}, b"")]
    other = WebhookEndpointFactory(url=receiver.url)
    rows = [WebhookDeliveryFactory(endpoint=endpoint) for _ in range(3)]
    lone = WebhookDeliveryFactory(endpoint=other)

    for _ in range(2):
        deliveries.sweep(timezone.now())
        work()
        clock.shift(HOUR)

    assert sorted(row_of(row).sequence for row in rows) == [1, 2, 3]
    assert [row_of(row).status for row in rows] == ["delivered"] * 3
    assert row_of(lone).sequence == 1
    endpoint.refresh_from_db()
    assert endpoint.last_sequence == 3


def test_after_a_rotation_both_secrets_verify_for_a_day(clock, endpoint, receiver, organizer, work):
    old = endpoint.secret
    new = endpoints.rotate_secret(endpoint, by=organizer).secret

    for _ in range(2):
        endpoints.ping(endpoint, by=organizer)
        work()
        clock.shift(25 * HOUR)

    counts = [len(headers["webhook-signature"].split()) for _, headers, _ in receiver.received]
    assert counts == [2, 1]
    (_, headers, body) = receiver.received[0]
    with time_machine.travel(NOON, tick=False):
        assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)


def test_a_delivery_that_is_dispatched_twice_is_sent_once(endpoint, receiver):
    delivery = WebhookDeliveryFactory(endpoint=endpoint)

    for _ in range(2):
        deliveries.dispatch(delivery.pk)

    assert len(receiver.received) == 1


def test_a_removed_delivery_asks_nobody(endpoint, receiver):
    deliveries.dispatch(4711)

    assert receiver.received == []


def test_what_is_rolled_back_is_never_sent(endpoint, receiver, organizer, work):
    with suppress(RuntimeError), transaction.atomic():
        endpoints.ping(endpoint, by=organizer)
        raise RuntimeError

    work()

    assert (WebhookDelivery.objects.count(), receiver.received) == (0, [])


@pytest.mark.parametrize("count", [1, 40])
def test_a_long_queue_goes_out_although_few_are_sent_at_a_time(endpoint, receiver, work, count):
    rows = WebhookDeliveryFactory.create_batch(count, endpoint=endpoint)

    assert deliveries.sweep(timezone.now()) == min(count, 4)
    work()

    assert [row_of(row).status for row in rows] == ["delivered"] * count


@pytest.mark.parametrize(("failing", "most"), [(False, 4), (True, 1)])
def test_only_so_many_are_on_their_way_to_one_endpoint(endpoint, receiver, failing, most):
    now = timezone.now()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=now if failing else None)
    lease = {"lease_until": now + MINUTE}
    busy = WebhookDeliveryFactory.create_batch(most, endpoint=endpoint, **lease)
    delivery = WebhookDeliveryFactory(endpoint=endpoint)

    deliveries.dispatch(delivery.pk)
    waiting = row_of(delivery)
    WebhookDelivery.objects.filter(pk=busy[0].pk).update(status="delivered", lease_until=None)
    deliveries.dispatch(delivery.pk)

    assert (waiting.status, waiting.attempts) == ("pending", 0)
    assert row_of(delivery).status == "delivered"


def test_what_a_killed_worker_held_is_tried_again(clock, endpoint, receiver, work):
    delivery = WebhookDeliveryFactory(
        endpoint=endpoint, attempts=1, sequence=7, lease_until=NOON + MINUTE
    )

    assert deliveries.sweep(NOON) == 0
    clock.shift(2 * MINUTE)
    assert deliveries.sweep(timezone.now()) == 1
    work()

    row = row_of(delivery)
    assert (row.status, row.attempts, row.sequence) == ("delivered", 2, 7)


@pytest.mark.parametrize("change", ["removed", "taken over"])
def test_an_answer_that_comes_too_late_changes_nothing(endpoint, receiver, monkeypatch, change):
    delivery = WebhookDeliveryFactory(endpoint=endpoint)
    later = timezone.now() + HOUR
    post = deliveries.outbound.deliver

    def slowly(*args, **kwargs):
        answer = post(*args, **kwargs)
        if change == "removed":
            WebhookEndpoint.objects.all().delete()
        else:
            WebhookDelivery.objects.update(lease_until=later)
        return answer

    monkeypatch.setattr(deliveries.outbound, "deliver", slowly)
    deliveries.dispatch(delivery.pk)

    assert len(receiver.received) == 1
    assert list(WebhookDelivery.objects.values_list("status", "lease_until")) == (
        [] if change == "removed" else [("pending", later)]
    )


def test_a_name_that_turns_private_is_not_called(clock, receiver, settings, monkeypatch, db):
    settings.OUTBOUND_ALLOW_PRIVATE = False
    settings.OUTBOUND_PORTS = [receiver.port]
    found = [["8.8.8.8"], ["127.0.0.1"]]

    def look_up(host, port, *args, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = f"https://hooks.example.org:{receiver.port}/"
    deliveries.outbound.addresses.check(url)
    delivery = WebhookDeliveryFactory(endpoint__url=url)

    deliveries.dispatch(delivery.pk)

    row = row_of(delivery)
    assert (row.status, row.last_status, row.last_error) == ("pending", None, "blocked_address")
    assert receiver.received == []


def test_a_redirect_is_a_failed_try(clock, endpoint, receiver):
    receiver.answers = [(302, {"location": "http://169.254.169.254/"}, b"")]
    delivery = WebhookDeliveryFactory(endpoint=endpoint)

    deliveries.dispatch(delivery.pk)

    row = row_of(delivery)
    assert (row.status, row.last_status, row.last_error) == ("pending", 302, "")


class TestSchedule:
    """The table of tries: 71 hours and 26 minutes and a bit, each a tenth earlier or later."""

    SECONDS = (5, 30, 60, 300, 1200, 3600, 14400, 21600, 43200, 86400, 86400)

    @pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(SECONDS, start=1)))
    @pytest.mark.parametrize("spread", [-1, 0, 0.5, 1])
    def test_each_try_has_its_distance(self, attempts, seconds, spread):
        at = deliveries.next_try(attempts, now=NOON, patience=None, spread=spread)

        assert at == NOON + timedelta(seconds=seconds * (1 + spread / 10))

    def test_after_twelve_there_is_none(self):
        assert deliveries.next_try(12, now=NOON, patience=HOUR, spread=0) is None
        assert sum(deliveries.DELAYS, timedelta()) == timedelta(hours=71, minutes=26, seconds=35)

    @pytest.mark.parametrize(
        ("patience", "expected"),
        [(timedelta(seconds=2), 5 / 60 * MINUTE), (HOUR, HOUR), (48 * HOUR, 24 * HOUR)],
    )
    def test_a_busy_receiver_may_put_it_off_for_a_day(self, patience, expected):
        at = deliveries.next_try(1, now=NOON, patience=patience, spread=0)

        assert at == NOON + expected

    def test_the_header_of_a_busy_receiver_is_kept_to(self, clock, endpoint, receiver):
        receiver.answers = [(429, {"retry-after": "600"}, b"")]
        delivery = WebhookDeliveryFactory(endpoint=endpoint)

        deliveries.dispatch(delivery.pk)

        assert row_of(delivery).next_attempt_at == NOON + 10 * MINUTE

    def test_the_twelfth_failure_is_the_last(self, clock, endpoint, receiver):
        receiver.answers = [(500, {}, b"")]
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=NOON)
        delivery = WebhookDeliveryFactory(endpoint=endpoint, attempts=11, created_at=NOON)
        WebhookAttemptFactory(delivery=delivery, at=NOON - HOUR)  # a success came since

        deliveries.dispatch(delivery.pk)

        endpoint.refresh_from_db()
        row = row_of(delivery)
        assert (row.status, row.attempts, row.next_attempt_at) == ("failed", 12, None)
        assert endpoint.is_active


class TestDisabling:
    @pytest.fixture(autouse=True)
    def at_noon(self, clock):
        self.clock = clock

    def condition_of(self, endpoint):
        endpoint.refresh_from_db()
        return endpoint.is_active, endpoint.disabled_reason, endpoint.disabled_at

    def test_a_receiver_that_is_gone_is_left_alone_at_once(
        self, endpoint, receiver, organizer, work
    ):
        receiver.answers = [(410, {}, b"gone"), (200, {}, b"back")]
        delivery = WebhookDeliveryFactory(endpoint=endpoint, message_id="msg_1")
        waiting = WebhookDeliveryFactory(endpoint=endpoint, next_attempt_at=NOON + HOUR)

        deliveries.dispatch(delivery.pk)
        webhooks.publish("ping", owner=organizer, organization=None, object={})

        assert self.condition_of(endpoint) == (False, "gone", NOON)
        assert [row_of(row).status for row in (delivery, waiting)] == ["cancelled"] * 2
        assert row_of(delivery).last_status == 410
        assert WebhookDelivery.objects.count() == 2
        assert mails("webhook_endpoint_disabled") == [organizer.email]
        assert "is gone" in OutgoingEmail.objects.get(kind="webhook_endpoint_disabled").text
        notice = Notification.objects.get(user=organizer)
        assert notice.notification_type == "webhook_endpoint_disabled"

        endpoints.enable(endpoint, by=organizer)
        assert deliveries.redeliver_failed(endpoint, by=organizer) == 2
        work()
        assert [headers["webhook-id"] for _, headers, _ in receiver.received[:2]] == ["msg_1"] * 2
        assert [row_of(row).status for row in (delivery, waiting)] == ["delivered"] * 2

    def test_what_was_written_while_it_was_disabled_is_dropped(self, endpoint, receiver):
        delivery = WebhookDeliveryFactory(endpoint=endpoint)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=False)

        deliveries.dispatch(delivery.pk)

        assert (row_of(delivery).status, receiver.received) == ("cancelled", [])

    def test_a_failure_is_noted_once_and_a_success_clears_it(self, endpoint, receiver):
        receiver.answers = [(500, {}, b""), (500, {}, b""), (200, {}, b"")]
        since = []

        for row in WebhookDeliveryFactory.create_batch(3, endpoint=endpoint):
            deliveries.dispatch(row.pk)
            endpoint.refresh_from_db()
            since.append(endpoint.failing_since)
            self.clock.shift(MINUTE)

        assert since == [NOON, NOON, None]

    def test_after_a_day_who_keeps_it_is_warned_once(self, endpoint, organizer):
        self.failing(endpoint, hours=23)
        endpoint_health.review(NOON)
        assert mails("webhook_endpoint_failing") == []

        self.failing(endpoint, hours=24)
        for _ in range(2):
            endpoint_health.review(NOON)

        assert mails("webhook_endpoint_failing") == [organizer.email]
        assert self.condition_of(endpoint) == (True, "", None)
        text = OutgoingEmail.objects.get(kind="webhook_endpoint_failing").text
        assert f"{endpoint.url} has arrived since 31 January 2027 12:00 UTC" in text

    @pytest.mark.parametrize(
        ("hours", "tries", "is_active"),
        [(72, 20, False), (71, 20, True), (72, 19, True), (200, 3, True)],
    )
    def test_after_three_days_and_many_tries_it_is_given_up(
        self, endpoint, organizer, hours, tries, is_active
    ):
        self.failing(endpoint, hours=hours, tries=tries)

        for _ in range(2):
            endpoint_health.review(NOON)

        reason = "" if is_active else "failing"
        assert self.condition_of(endpoint)[:2] == (is_active, reason)
        assert mails("webhook_endpoint_disabled") == ([] if is_active else [organizer.email])

    def test_tries_before_it_failed_do_not_count(self, endpoint):
        self.failing(endpoint, hours=72, tries=19)
        WebhookAttemptFactory(delivery__endpoint=endpoint, at=NOON - 80 * HOUR)
        WebhookAttemptFactory(at=NOON)

        endpoint_health.review(NOON)

        assert self.condition_of(endpoint)[0]

    def test_one_that_recovers_while_it_is_judged_is_left_alone(self, endpoint):
        endpoint_health._judge(endpoint.pk, now=NOON)

        assert self.condition_of(endpoint) == (True, "", None)
        assert mails("webhook_endpoint_failing") == []

    def test_a_message_that_used_up_its_tries_is_the_end(self, endpoint, receiver, organizer):
        receiver.answers = [(500, {}, b"")]
        delivery = WebhookDeliveryFactory(endpoint=endpoint)

        for _ in range(12):
            WebhookDelivery.objects.update(next_attempt_at=timezone.now())
            deliveries.dispatch(delivery.pk)
            self.clock.shift(HOUR)

        assert len(receiver.received) == 12
        assert row_of(delivery).status == "failed"
        assert self.condition_of(endpoint)[:2] == (False, "failing")
        assert "has arrived for too long" in (
            OutgoingEmail.objects.get(kind="webhook_endpoint_disabled").text
        )

    def test_without_a_log_of_the_first_try_the_message_itself_tells(self, endpoint, receiver):
        receiver.answers = [(500, {}, b"")]
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=NOON - 3 * HOUR)
        delivery = WebhookDeliveryFactory(endpoint=endpoint, attempts=11)

        deliveries.dispatch(delivery.pk)

        assert not self.condition_of(endpoint)[0]

    def test_in_an_organization_owner_and_admins_are_told(self, organization, organizer):
        admin = UserFactory(email="admin@example.org")
        MembershipFactory(organization=organization, user=admin, role="admin")
        MembershipFactory(organization=organization, role="organizer")
        MembershipFactory(organization=organization, role="admin", ended=True)
        endpoint = WebhookEndpointFactory(organization=organization, user=admin)

        endpoints.disable(endpoint, WebhookEndpoint.DisabledReason.GONE)

        assert sorted(mails("webhook_endpoint_disabled")) == [admin.email, organizer.email]
        assert AuditEntry.objects.get(action="webhook_endpoint.disabled").payload == {
            "reason": "gone"
        }

    @staticmethod
    def failing(endpoint, *, hours, tries=0):
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=NOON - hours * HOUR)
        delivery = WebhookDeliveryFactory(endpoint=endpoint)
        WebhookAttemptFactory.create_batch(tries, delivery=delivery, at=NOON - HOUR)


def test_the_log_is_kept_for_thirty_days(endpoint, clock):
    for days in (29, 31):
        attempt = WebhookAttemptFactory(delivery__endpoint=endpoint)
        WebhookDelivery.objects.filter(pk=attempt.delivery_id).update(
            created_at=NOON - timedelta(days=days)
        )

    assert retention.apply(NOON)["webhook_deliveries"] == 1
    assert WebhookDelivery.objects.count() == 1
