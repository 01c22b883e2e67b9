"""What issuing would do for each person, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, prefetch_related_objects

from certificates import eligibility, issuing, templates
from certificates.eligibility import Standing, Verdict
from certificates.issuing import Wish
from certificates.models import Certificate, CertificateTemplate
from common.exceptions import RuleViolation
from events.models import Event
from registrations.completion import Rule
from registrations.models import Registration

Status = Certificate.Status


@dataclass(frozen=True)
class Forecast:
    """Where one person stands, and what is missing on paper."""

    registration: Registration
    verdict: str
    code: str
    rules: tuple[Rule, ...]
    missing: list[Any]


def forecast(event: Event, registrations: Sequence[Registration]) -> list[Forecast]:
    """Return the standing of each registration, in constant queries."""
    prefetch_related_objects([event], "sessions")
    for registration in registrations:
        registration.event = event
    template = templates.applicable(event)
    return [_one(each, template) for each in eligibility.survey(event, registrations)]


def summary(event: Event) -> dict[str, int]:
    """Return how far the event is with its certificates."""
    people = Registration.objects.filter(event=event).aggregate(
        total_attended=Count("pk", filter=Q(attended=True)),
        eligible=Count("pk", filter=Q(status="confirmed", attendance_eligible=True)),
        pending=Count(
            "pk",
            filter=Q(status="confirmed", attendance_eligible=True, certificate_issued_at=None),
        ),
    )
    rows = Certificate.objects.of_event(event.pk)
    certificates = rows.aggregate(
        issued=Count("pk", filter=Q(status=Status.ACTIVE)),
        revoked=Count("pk", filter=Q(status=Status.REVOKED)),
        superseded=Count("pk", filter=Q(status=Status.SUPERSEDED)),
        needs_review=Count("pk", filter=Q(status=Status.ACTIVE) & ~Q(review_codes=[])),
    )
    return {**people, **certificates}


def _one(standing: Standing, template: CertificateTemplate) -> Forecast:
    verdict, missing = standing.verdict, []
    code = "" if standing.certificate else standing.code
    if verdict is Verdict.OWED:
        try:
            issuing.draft(standing, template, Wish())
        except RuleViolation as refusal:
            verdict, code = Verdict.BLOCKED, refusal.code
            details = dict(refusal.details or {})
            missing = details.get("missing", [details])
    return Forecast(standing.registration, verdict, code, standing.rules, missing)
