"""Health, readiness and metrics."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from common import readiness
from common.models import OutboxTask

ALL_OK = {
    "database": "ok",
    "migrations": "ok",
    "cache": "ok",
    "broker": "ok",
    "outbox": "ok",
}


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


def test_health_answers_without_touching_the_database(visitor):
    response = visitor.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readiness_names_every_part(visitor):
    response = visitor.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": ALL_OK})


@pytest.mark.django_db
def test_a_late_task_degrades_readiness_without_refusing_traffic(visitor):
    OutboxTask.objects.create(
        name="common.sweep_outbox", due_at=timezone.now() - timedelta(minutes=11)
    )

    response = visitor.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "degraded", "checks": {**ALL_OK, "outbox": "degraded"}}


@pytest.mark.django_db
def test_an_unreachable_database_takes_the_process_out_of_service(visitor, monkeypatch):
    def away(_now):
        raise OperationalError("connection refused at 10.0.0.1")

    monkeypatch.setitem(readiness._QUESTIONS, "database", away)

    response = visitor.get("/readyz")

    assert response.status_code == 503
    gone = {"database": "down", "migrations": "down", "outbox": "degraded"}
    assert response.json() == {"status": "down", "checks": {**ALL_OK, **gone}}
    assert "10.0.0.1" not in response.content.decode()


@pytest.mark.django_db
def test_metrics_do_not_exist_without_a_token(visitor):
    response = visitor.get("/metrics")

    assert response.status_code == 404


@pytest.mark.django_db
def test_metrics_are_open_in_development(visitor, settings):
    settings.METRICS_OPEN = True

    response = visitor.get("/metrics")

    assert response.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("told", ["", "Bearer wrong", "Basic scrape-me", "Bearer schlüssel"])
def test_metrics_refuse_a_wrong_token(visitor, settings, told):
    settings.METRICS_TOKEN = "scrape-me"

    response = visitor.get("/metrics", headers={"Authorization": told})

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "NOT_AUTHENTICATED"


@pytest.mark.django_db
def test_metrics_tell_requests_and_tables(visitor, settings):
    settings.METRICS_TOKEN = "scrape-me"
    OutboxTask.objects.create(name="common.sweep_outbox")

    visitor.get("/api/v1/")
    text = visitor.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).content.decode()

    assert '\nhttp_requests_total{method="GET",route="api/v1/",status="200"} ' in text
    assert '\nhttp_request_seconds_bucket{le="+Inf",method="GET",route="api/v1/"} ' in text
    assert '\noutbox_tasks{queue="default",status="pending"} 1\n' in text
    assert "\naudit_chain_ok 1\n" in text
    assert "/healthz" not in text
