"""The Celery application; its settings are Django's, prefixed ``CELERY_``."""

from celery import Celery

from config.env import choose_settings

choose_settings()

app = Celery("cpd_events", task_cls="common.periodic:ScheduledTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Without this, threads of the embedded worker publish retries to Celery's default broker (amqp).
app.set_default()
