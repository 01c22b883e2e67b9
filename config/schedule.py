"""What runs by the clock: the task, and how often in seconds or at which time (UTC)."""

from typing import Any

from celery.schedules import crontab

TIMES: dict[str, float | crontab] = {
    "common.sweep_outbox": 30.0,
    "common.sweep_emails": 60.0,
    "common.seal_audit_log": 10.0,
    "common.verify_audit_log": crontab(hour=3, minute=10),
    "common.apply_retention": crontab(hour=3, minute=30),
    "common.purge_idempotency": 3600.0,
    "integrations.sweep_inbound": 60.0,
    "accounts.expire_sessions": crontab(hour=3, minute=20),
    "accounts.refresh_zoom_connections": 3600.0,
    "accounts.sweep_deliveries": 30.0,
    "accounts.disable_failing_endpoints": 3600.0,
    "accounts.expire_data_exports": 3600.0,
    "accounts.remind_open_invitations": crontab(hour=7, minute=0),
    "billing.expire_trials": 900.0,
    "billing.remind_trials": 900.0,
    "events.advance_events": 60.0,
    "events.send_due_reminders": 60.0,
    "events.sweep_meetings": 300.0,
    "events.sweep_invitations": 300.0,
    "events.check_counts": crontab(hour=3, minute=10),
    "registrations.expire_offers": 60.0,
    "registrations.sweep_waitlists": 600.0,
    "registrations.sweep_registrants": 300.0,
    "registrations.close_stale_stays": 300.0,
    "registrations.sweep_attendance": crontab(hour=2, minute=50),
    "learning.sweep_credit_runs": 60.0,
    "learning.claim_all_awards": crontab(hour=3, minute=40),
    "certificates.issue_owed": 3600.0,
    "certificates.artifacts_sweep": 300.0,
}


def beat() -> dict[str, dict[str, Any]]:
    """Return Celery's beat schedule; every entry is named for its task."""
    return {name: {"task": name, "schedule": when} for name, when in TIMES.items()}
