"""What a certificate states: the facts of one day, as plain JSON, and its hash."""

import calendar
import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from certificates.eligibility import Standing
from certificates.models import CertificateTemplate
from certificates.models.certificate import number
from common import audit
from events.models import Event
from learning.credits import ledger
from learning.credits.ledger import CreditLine

SCHEMA_VERSION = 1
DEFAULT_RETENTION_YEARS = 6
MONTHS = 12


@dataclass(frozen=True)
class Identity:
    """The codes and moment of one certificate."""

    short_code: str
    verification_code: str
    issued_at: datetime
    expires_on: date | None

    @property
    def number(self) -> str:
        return number(self.issued_at, self.short_code)

    @property
    def verification_url(self) -> str:
        return f"{settings.PUBLIC_BASE_URL}/verify/{self.verification_code}/"


def assemble(
    standing: Standing, template: CertificateTemplate, identity: Identity
) -> dict[str, Any]:
    """Return the snapshot. Nothing ever writes it again; everything shown is read from it."""
    event = standing.registration.event
    return (
        _holder(standing)
        | _activity(event)
        | _attendance(standing)
        | _credits(standing)
        | _provider(event, standing)
        | _document(event, template, identity)
        | {"eligibility": [asdict(rule) for rule in standing.rules]}
    )


def digest(snapshot: dict[str, Any]) -> str:
    """Return the SHA-256 of the snapshot's canonical JSON."""
    return hashlib.sha256(audit.canonical(snapshot)).hexdigest()


def local_date(event: Event, moment: datetime) -> date:
    """Return the day of a moment where the event takes place."""
    return moment.astimezone(ZoneInfo(event.timezone)).date()


def expiry(issued_on: date, validity_months: int | None) -> date | None:
    """Return the last day of validity; the day is clamped to the month."""
    if validity_months is None:
        return None
    return _months_after(issued_on, validity_months)


def retain_until(event: Event, lines: tuple[CreditLine, ...]) -> date:
    """Return until when the record must be kept: the longest duty of its schemes."""
    years = max((line.retention_years for line in lines), default=DEFAULT_RETENTION_YEARS)
    return _months_after(local_date(event, event.ends_at), years * MONTHS)


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _holder(standing: Standing) -> dict[str, Any]:
    registration = standing.registration
    user = registration.user
    return {
        "type": "event",
        "attendee_name": registration.full_name,
        "attendee_title": registration.professional_title,
        "attendee_credentials": user.credentials if user else "",
        "attendee_organization": registration.organization_name,
        "licences": [],
        "custom_fields": [
            {"label": answer.label, "value": _plain(answer.value)} for answer in standing.answers
        ],
    }


def _activity(event: Event) -> dict[str, Any]:
    location = event.location
    if not location and event.format == Event.Format.ONLINE:
        location = "Online"
    return {
        "event_title": event.title,
        "event_date": local_date(event, event.starts_at).isoformat(),
        "event_end_date": local_date(event, event.ends_at).isoformat(),
        "event_datetime": _moment(event.starts_at),
        "event_timezone": event.timezone,
        "event_duration_minutes": event.duration_minutes,
        "event_location": location,
        "event_format": event.format,
        "learning_objectives": list(event.learning_objectives),
        "course_title": None,
        "completion_date": None,
    }


def _attendance(standing: Standing) -> dict[str, Any]:
    registration = standing.registration
    rows = {row.session_id: row for row in standing.attendance}
    sessions = list(registration.event.sessions.all())
    return {
        "attendance_minutes": registration.total_attendance_minutes,
        "attendance_percent": registration.attendance_percent,
        "total_sessions": len(sessions),
        "sessions_attended": sum(row.counts for row in rows.values()),
        "sessions": [
            {
                "title": session.title,
                "date": local_date(registration.event, session.starts_at).isoformat(),
                "minutes": rows[session.pk].total_attendance_minutes if session.pk in rows else 0,
                "attended": session.pk in rows and rows[session.pk].counts,
            }
            for session in sessions
        ],
        "modules_completed": None,
        "content_completion_percent": None,
        "assignments_passed": None,
        "overall_score": None,
    }


def _credits(standing: Standing) -> dict[str, Any]:
    lines = [_line(line) for line in standing.lines.lines]
    first = standing.lines.lines[0] if lines else None
    return {
        "credits": lines,
        "cpd_type": first.credit_type if first else "",
        "cpd_credits": lines[0]["amount"] if lines else None,
    }


def _line(line: CreditLine) -> dict[str, Any]:
    return {
        "award": line.awards[0],
        "scheme": line.scheme,
        "scheme_version": line.version,
        "name": line.name,
        "unit": _unit(line),
        "amount": str(ledger.rounded(line.amount)),
        "categories": [dict(category) for category in line.categories],
        "activity_number": line.activity_number,
        "provider_number": line.provider_number,
        "delivery_method": line.delivery_method,
        "statement": line.statement,
    }


def _unit(line: CreditLine) -> str:
    """Return how the credits are called: "CME credits", but not "CPD points credits"."""
    named = line.credit_type.strip()
    return named if " " in named else f"{named} {line.unit_label}".strip()


def _provider(event: Event, standing: Standing) -> dict[str, Any]:
    lines = standing.lines.lines
    contact = event.organization.contact_email if event.organization else ""
    return {
        "organizer_name": event.organizer_name,
        "organizer_email": contact or event.owner.email,
        "provider_name": event.organizer_name,
        "provider_address": "",
        "provider_number": next((line.provider_number for line in lines), ""),
        "provider_contact": contact or event.owner.email,
    }


def _document(event: Event, template: CertificateTemplate, identity: Identity) -> dict[str, Any]:
    return {
        "issued_date": local_date(event, identity.issued_at).isoformat(),
        "issued_datetime": _moment(identity.issued_at),
        "expires_on": identity.expires_on.isoformat() if identity.expires_on else None,
        "template": {
            "uuid": str(template.uuid),
            "name": template.name,
            "version": template.version,
        },
        "certificate_number": identity.number,
        "short_code": identity.short_code,
        "verification_code": identity.verification_code,
        "verification_url": identity.verification_url,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)
