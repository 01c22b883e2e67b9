"""From a stored message to its handlers: each once, in order, whatever fails in between."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from common import retention
from common.exceptions import PermanentFailure
from common.models import OutboxTask
from integrations import tasks, webhooks
from integrations.models import InboundWebhook
from integrations.webhooks import AlreadyProcessed, Skip
from tests.factories.integrations import InboundWebhookFactory

pytestmark = pytest.mark.django_db


class Flaky:
    """A handler that fails as often as told, then works."""

    def __init__(self, failures=0, answer=None, error=None, name="flaky"):
        self.failures, self.answer = failures, answer
        self.error = error or ValueError("no luck\nKey (email)=(jo@example.org)")
        self.__module__, self.__qualname__ = "tests", name
        self.seen = []

    def __call__(self, webhook):
        self.seen.append(len(transaction.get_connection().savepoint_ids))
        if len(self.seen) <= self.failures:
            raise self.error
        return self.answer


def dispatch(webhook):
    """Run the task as a worker does; return the row as it is then."""
    with suppress(ValueError, PermanentFailure):
        tasks.dispatch(webhook.pk)
    return InboundWebhook.objects.get(pk=webhook.pk)


def facts(row):
    return row.status, row.done, row.attempts, row.note


def test_every_handler_of_a_kind_is_asked_in_the_order_of_registration(handled):
    asked = []
    handled(lambda webhook: asked.append("first"))
    other = lambda webhook: asked.append("second")  # noqa: E731 -- a second name
    other.__qualname__ = "other"
    handled(other)

    row = dispatch(InboundWebhookFactory())

    assert asked == ["first", "second"]
    assert (row.status, row.attempts, row.error) == ("processed", 1, "")
    assert row.processed_at is not None
    assert row.lease_until is None


def test_a_kind_without_handlers_is_skipped():
    assert facts(dispatch(InboundWebhookFactory())) == ("skipped", [], 1, "no handler")


def test_a_message_that_concerns_nobody_is_skipped_with_the_reasons(handled):
    handled(Flaky(answer=Skip("unknown meeting"), name="first"))
    handled(Flaky(answer=Skip("unknown meeting"), name="second"))

    row = dispatch(InboundWebhookFactory())

    assert facts(row) == ("skipped", ["tests.first", "tests.second"], 1, "unknown meeting")


def test_a_message_that_concerns_one_of_two_is_processed(handled):
    handled(Flaky(answer=Skip("not mine"), name="first"))
    handled(Flaky(name="second"))

    assert dispatch(InboundWebhookFactory()).status == "processed"


def test_a_handler_that_fails_twice_succeeds_and_the_finished_one_ran_once(handled):
    finished, failing = Flaky(name="finished"), Flaky(failures=2, name="failing")
    handled(finished)
    handled(failing)
    webhook = InboundWebhookFactory()

    states = [facts(dispatch(webhook)) for _ in range(3)]

    assert states == [
        ("received", ["tests.finished"], 1, ""),
        ("received", ["tests.finished"], 2, ""),
        ("processed", ["tests.finished", "tests.failing"], 3, ""),
    ]
    assert (len(finished.seen), len(failing.seen)) == (1, 3)


def test_what_a_failing_handler_wrote_is_rolled_back(handled):
    def half_done(webhook):
        InboundWebhookFactory(dedupe_key="made by the handler")
        raise ValueError("too late")

    handled(half_done)

    row = dispatch(InboundWebhookFactory())

    assert (row.status, row.done, row.error) == ("received", [], "ValueError: too late")
    assert not InboundWebhook.objects.filter(dedupe_key="made by the handler").exists()


def test_an_error_is_noted_without_the_values_that_databases_tell(handled):
    handled(Flaky(failures=1))

    assert dispatch(InboundWebhookFactory()).error == "ValueError: no luck"


def test_after_eight_attempts_a_message_is_given_up(handled):
    handled(Flaky(failures=99))
    webhook = InboundWebhookFactory(attempts=6)

    states = [dispatch(webhook).status for _ in range(3)]

    assert states == ["received", "failed", "failed"]


def test_a_permanent_failure_is_given_up_at_once(handled):
    handled(Flaky(failures=1, error=PermanentFailure("never")))

    row = dispatch(InboundWebhookFactory())

    assert (row.status, row.attempts) == ("failed", 1)


def test_an_external_handler_runs_outside_of_a_transaction(handled):
    inside, outside = Flaky(name="inside"), Flaky(name="outside")
    handled(inside)
    webhooks.handles("zoom", "test.happened", external=True)(outside)

    dispatch(InboundWebhookFactory())

    assert inside.seen == [outside.seen[0] + 1]


def test_registering_a_handler_again_changes_nothing(handled):
    handler = Flaky()
    handled(handler)
    handled(handler)

    dispatch(InboundWebhookFactory())

    assert len(handler.seen) == 1


@pytest.mark.parametrize("status", ["processed", "skipped", "failed"])
def test_a_settled_message_is_not_dispatched_again(handled, status):
    handler = handled(Flaky())

    row = dispatch(InboundWebhookFactory(status=status))

    assert (row.status, row.attempts, handler.seen) == (status, 0, [])


def test_a_message_in_work_is_left_alone_until_the_lease_is_over(handled):
    handler = handled(Flaky())
    now = timezone.now()
    busy = InboundWebhookFactory(status="processing", lease_until=now + timedelta(seconds=5))
    dead = InboundWebhookFactory(status="processing", lease_until=now - timedelta(seconds=5))

    states = dispatch(busy).status, dispatch(dead).status

    assert states == ("processing", "processed")
    assert len(handler.seen) == 1


def test_a_missing_message_is_tolerated():
    tasks.dispatch(0)


def test_dispatch_by_the_outbox_tries_again_with_back_off(
    handled, django_capture_on_commit_callbacks
):
    handled(Flaky(failures=1))
    webhook = InboundWebhookFactory()

    with django_capture_on_commit_callbacks(execute=True):
        webhooks.retry(webhook)

    task = OutboxTask.objects.get()
    webhook.refresh_from_db()
    assert (task.status, task.attempts, webhook.status) == ("pending", 1, "received")
    assert task.due_at > timezone.now()


def test_the_sweep_asks_for_what_waits_or_was_dropped():
    now = timezone.now()
    old = now - timedelta(minutes=3)
    waiting = InboundWebhookFactory(received_at=old)
    dropped = InboundWebhookFactory(status="processing", lease_until=now - timedelta(seconds=1))
    InboundWebhookFactory(received_at=now)
    InboundWebhookFactory(status="processing", lease_until=now + timedelta(minutes=1))
    InboundWebhookFactory(status="failed", received_at=old)

    counts = webhooks.sweep(now), webhooks.sweep(now)

    assert counts == (2, 2)
    keys = OutboxTask.objects.order_by("pk").values_list("key", flat=True)
    assert sorted(keys) == sorted(f"inbound:{row.pk}" for row in (waiting, dropped))


def test_the_sweep_is_a_task():
    InboundWebhookFactory(received_at=timezone.now() - timedelta(minutes=3))

    tasks.sweep_inbound()

    assert OutboxTask.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "done"), [("failed", ["a.b"]), ("skipped", [])], ids=["failed", "skipped"]
)
def test_retrying_asks_again_those_who_did_not_finish(status, done):
    webhook = InboundWebhookFactory(
        status=status, done=["a.b"], attempts=8, error="x", note="unknown meeting"
    )

    webhooks.retry(webhook)

    webhook.refresh_from_db()
    assert facts(webhook) == ("received", done, 0, "")
    assert OutboxTask.objects.get().args == [webhook.pk]


def test_a_skipped_message_is_processed_once_its_meeting_is_known(handled):
    handler = handled(Flaky(answer=Skip("unknown meeting")))
    webhook = InboundWebhookFactory()
    before = dispatch(webhook).status
    handler.answer = None

    webhooks.retry(webhook)

    assert (before, dispatch(webhook).status, len(handler.seen)) == ("skipped", "processed", 2)


def test_a_processed_message_is_repeated_only_by_force(handled):
    handler = handled(Flaky())
    webhook = InboundWebhookFactory()
    dispatch(webhook)

    with pytest.raises(AlreadyProcessed):
        webhooks.retry(webhook)
    webhooks.retry(webhook, force=True)

    assert (dispatch(webhook).status, len(handler.seen)) == ("processed", 2)


def test_many_messages_are_taken_up_by_what_they_are():
    now = timezone.now()
    wanted = InboundWebhookFactory(status="failed", event_type="a", done=["x"], received_at=now)
    InboundWebhookFactory(status="failed", event_type="b")
    InboundWebhookFactory(status="skipped", event_type="a")
    InboundWebhookFactory(status="failed", event_type="a", provider="stripe")
    InboundWebhookFactory(status="failed", event_type="a", received_at=now - timedelta(days=2))

    queued = webhooks.retry_many(
        status="failed",
        provider="zoom",
        event_type="a",
        since=now - timedelta(days=1),
        until=now + timedelta(days=1),
    )

    wanted.refresh_from_db()
    assert (queued, facts(wanted)) == (1, ("received", ["x"], 0, ""))
    assert InboundWebhook.objects.filter(status="received").count() == 1


def test_old_messages_are_forgotten():
    now = timezone.now()
    InboundWebhookFactory(received_at=now - timedelta(days=91))
    kept = InboundWebhookFactory(received_at=now - timedelta(days=89))

    retention.apply(now)

    assert list(InboundWebhook.objects.all()) == [kept]


def test_the_body_is_unreadable_in_the_database():
    InboundWebhookFactory()

    stored = InboundWebhook.objects.values_list("body", flat=True).get()

    assert "test.happened" not in str(stored)


def test_a_message_says_what_it_is():
    assert str(InboundWebhookFactory()) == "zoom test.happened (received)"
