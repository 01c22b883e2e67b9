"""Certificates nobody has to ask for. State is the queue: what is owed is derived, never kept."""

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from billing import entitlements
from certificates import emails, issuing
from certificates.models import Certificate
from certificates.outcomes import Outcome
from common.outbox import after_commit
from events.models import Event
from registrations.models import Registration

CHUNK = 200
ASK_AGAIN = timedelta(seconds=30)
PATIENCE = timedelta(hours=24)
LOOK_BACK = timedelta(days=90)
PENDING = "CREDITS_PENDING"
Status = Certificate.Status


def request(event_id: int, *, delay: timedelta | None = None) -> None:
    """Ask for what an event owes; a pending request absorbs this one."""
    after_commit(
        "certificates.auto_issue_event",
        event_id,
        key=f"certificates.auto_issue:{event_id}",
        delay=delay,
    )


def issue_event(event: Event) -> Outcome:
    """Issue what everybody at the event is owed; running it again issues nothing twice."""
    keys = list(_owed(event).values_list("pk", flat=True))
    outcome = _issue(event, keys)
    if outcome.issued:
        reasons = Counter(result.code for result in outcome.results if result.code)
        emails.certificates_summary(
            event,
            issued=outcome.issued,
            skipped=dict(sorted(reasons.items())),
            run=outcome.certificate_uuids[0],
        )
    return outcome


def issue_one(registration: Registration) -> Outcome:
    """Issue what one person is owed."""
    event = registration.event
    keys = list(_owed(event).filter(pk=registration.pk).values_list("pk", flat=True))
    return _issue(event, keys)


def sweep(now: datetime) -> int:
    """Ask again for events of the last 90 days that still owe something; return how many."""
    owing = (
        Event.objects.filter(
            status=Event.Status.COMPLETED,
            auto_issue_certificates=True,
            certificates_enabled=True,
            completed_at__gte=now - LOOK_BACK,
        )
        .filter(Exists(_without_certificate().filter(event=OuterRef("pk"))))
        .values_list("pk", flat=True)
    )
    for event_id in owing:
        request(event_id)
    return len(owing)


def _issue(event: Event, keys: list[int]) -> Outcome:
    outcome = Outcome()
    if not keys or not _is_open(event):
        return outcome
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        part = issuing.issue_automatically(event, chunk)
        outcome.results += part.results
        if len(part.results) < len(chunk):
            _tell_quota(event)
            break
    pending = any(result.code == PENDING for result in outcome.results)
    if pending and event.completed_at and timezone.now() < event.completed_at + PATIENCE:
        request(event.pk, delay=ASK_AGAIN)
    return outcome


def _owed(event: Event) -> QuerySet[Registration]:
    return _without_certificate().filter(event=event).order_by("pk")


def _without_certificate() -> QuerySet[Registration]:
    settled = Certificate.objects.filter(
        registration=OuterRef("pk"), status__in=[Status.ACTIVE, Status.REVOKED]
    )
    eligible = Registration.objects.eligible().filter(attendance_finalized_at__isnull=False)
    return eligible.exclude(Exists(settled))


def _is_open(event: Event) -> bool:
    """Tell whether the event issues by itself, and whether its account may."""
    if event.status != Event.Status.COMPLETED or not (
        event.certificates_enabled and event.auto_issue_certificates
    ):
        return False
    account = entitlements.account_for(owner=event.owner, organization=event.organization)
    try:
        entitlements.require_active(account)
    except entitlements.SubscriptionRequired:
        return False  # the sweep looks again when it has been renewed
    return True


def _tell_quota(event: Event) -> None:
    now = timezone.now()
    emails.certificate_quota_reached(event, period=f"{now:%Y-%m}")
