"""The five questions of `/readyz`: only the database and its migrations make it say no."""

from collections.abc import Callable, Mapping
from datetime import datetime

from celery import current_app
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from common import metrics

OK, DEGRADED, DOWN = STATES = ("ok", "degraded", "down")
FATAL = ("database", "migrations")
ON_DATABASE = ("migrations", "outbox")
OUTBOX_LATE_SECONDS = 600
BROKER_TIMEOUT_SECONDS = 1


def check(now: datetime) -> dict[str, str]:
    """Ask every part; nothing raises. A database that is down is asked and waited for once."""
    told: dict[str, str] = {}
    for name, question in _QUESTIONS.items():
        skipped = name in ON_DATABASE and told["database"] != OK
        told[name] = _word(name, fine=False) if skipped else _ask(name, question, now)
    return told


def verdict(checks: Mapping[str, str]) -> str:
    """Return the worst of the answers."""
    return max(checks.values(), key=STATES.index)


def _ask(name: str, question: Callable[[datetime], bool], now: datetime) -> str:
    try:
        fine = question(now)
    except (DatabaseError, InterfaceError, RedisError, KombuError, OSError):
        fine = False
    return _word(name, fine=fine)


def _word(name: str, *, fine: bool) -> str:
    return OK if fine else DOWN if name in FATAL else DEGRADED


def _database(_now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations(_now: datetime) -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _cache(_now: datetime) -> bool:
    cache.set("readyz", 1, 5)
    return bool(cache.get("readyz"))


def _broker(_now: datetime) -> bool:
    with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
    return True


def _outbox(now: datetime) -> bool:
    return metrics.outbox_age(now) <= OUTBOX_LATE_SECONDS


_QUESTIONS: dict[str, Callable[[datetime], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
    "outbox": _outbox,
}
