"""Counters and the Prometheus text."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisDown

from common import metrics
from common.models import AuditHead, OutboxTask, PeriodicRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Count from zero."""
    cache.delete(metrics.PROCESSES_KEY)
    monkeypatch.setattr(metrics, "_own", metrics.Tally())
    monkeypatch.setattr(metrics, "_next_share", 0.0)


def lines():
    return metrics.exposition(timezone.now()).splitlines()


def test_an_unknown_counter_is_a_mistake():
    with pytest.raises(KeyError):
        metrics.count("throttled", scope="anon")


def test_counters_add_up_by_their_labels():
    metrics.count("throttled_total", scope="anon")
    metrics.count("throttled_total", scope="anon")
    metrics.count("throttled_total", scope="auth")

    told = [line for line in lines() if line.startswith("throttled_total")]
    assert told == ['throttled_total{scope="anon"} 2', 'throttled_total{scope="auth"} 1']


def test_request_times_fall_into_cumulative_buckets():
    for seconds in (0.004, 0.2, 30):
        metrics.observe_request(method="GET", route="api/v1/", status=200, seconds=seconds)

    told = lines()
    place = 'method="GET",route="api/v1/"'
    assert f'http_request_seconds_bucket{{le="0.01",{place}}} 1' in told
    assert f'http_request_seconds_bucket{{le="0.1",{place}}} 1' in told
    assert f'http_request_seconds_bucket{{le="0.25",{place}}} 2' in told
    assert f'http_request_seconds_bucket{{le="10.0",{place}}} 2' in told
    assert f'http_request_seconds_bucket{{le="+Inf",{place}}} 3' in told
    assert f"http_request_seconds_sum{{{place}}} 30.204" in told
    assert f"http_request_seconds_count{{{place}}} 3" in told


def test_the_counts_of_other_processes_are_added(monkeypatch):
    metrics.count("throttled_total", scope="anon")
    other = {("throttled_total", (("scope", "anon"),)): 41}
    cache.set("metrics:elsewhere:1", other)
    cache.set(metrics.PROCESSES_KEY, ["metrics:elsewhere:1", "metrics:gone:2"], None)

    assert 'throttled_total{scope="anon"} 42' in lines()


def test_without_a_cache_a_process_tells_its_own(monkeypatch):
    def down(*_, **__):
        raise RedisDown

    monkeypatch.setattr(cache, "get", down)
    monkeypatch.setattr(cache, "set", down)
    metrics.count("throttled_total", scope="anon")

    assert 'throttled_total{scope="anon"} 1' in lines()


def test_labels_cannot_break_out_of_their_line():
    metrics.count("throttled_total", scope='a"b\\c\nd')

    assert 'throttled_total{scope="a\\"b\\\\c\\nd"} 1' in lines()


def test_figures_come_from_the_tables():
    now = timezone.now()
    OutboxTask.objects.create(name="x", due_at=now - timedelta(seconds=90))
    AuditHead.objects.update_or_create(defaults={"broken_at": now})
    PeriodicRun.objects.create(name="sweep", last_finished_at=now - timedelta(seconds=5))
    PeriodicRun.objects.create(name="never ran")

    told = metrics.exposition(now).splitlines()
    assert 'outbox_tasks{queue="default",status="pending"} 1' in told
    assert "outbox_oldest_seconds 90" in told
    assert "audit_chain_ok 0" in told
    assert 'periodic_last_success_seconds{name="sweep"} 5' in told
    assert not [line for line in told if "never ran" in line]


def test_upper_apps_add_their_own_figures(monkeypatch):
    monkeypatch.setattr(metrics, "_gauges", [])

    @metrics.gauge("cups", "Cups of tea.")
    def cups(_now):
        yield {"kind": "green"}, 2

    assert lines()[-3:] == [
        "# HELP cups Cups of tea.",
        "# TYPE cups gauge",
        'cups{kind="green"} 2',
    ]
