"""From rows to the inputs of the award function."""

import hashlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from common import audit
from events.models import Event
from learning.credits.arithmetic import Inputs, Rules, SessionPart
from learning.credits.models import ActivityCredit, CreditSchemeVersion
from registrations import completion
from registrations.models import Registration, SessionAttendance

ATTENDEE = "attendee"


class Evidence:
    """Everything about the people of one event that awards are made from, read at once."""

    def __init__(self, event: Event, registrations: Iterable[Registration]) -> None:
        self.event = event
        self.sessions = completion.counted(event.sessions.all())
        rows = SessionAttendance.objects.filter(registration__in=list(registrations))
        self._attended = {(row.registration_id, row.session_id): row.counts for row in rows}

    def inputs(
        self,
        registration: Registration,
        designation: ActivityCredit,
        version: CreditSchemeVersion,
    ) -> Inputs:
        """Return what the award function needs for one person under one designation."""
        multiplier = Decimal(version.role_multipliers.get(ATTENDEE, "1"))
        return Inputs(
            mode=designation.mode,
            designated_value=designation.designated_value,
            rules=Rules(
                increment=designation.increment or version.increment,
                rounding=version.rounding,
                first_credit_minimum=version.first_credit_minimum,
                minimum=version.minimum,
                activity_cap=version.activity_cap,
                multiplier=multiplier,
            ),
            requires_eligibility=designation.requires_eligibility,
            eligible=registration.attendance_eligible,
            seconds=registration.total_attendance_minutes * 60,
            presence_percent=Decimal(registration.attendance_percent),
            eligibility_rules=tuple(registration.explanation.get("rules", ())),
            sessions=self._parts(registration, designation),
        )

    def activity_date(self, registration: Registration) -> date:
        """Return the local start date of the last session that contributed."""
        contributed = [
            session
            for session in self.sessions
            if self._attended.get((registration.pk, session.pk), False)
        ]
        last = max(
            contributed or self.sessions, key=lambda session: session.starts_at, default=None
        )
        starts_at = last.starts_at if last else self.event.starts_at
        return starts_at.astimezone(ZoneInfo(self.event.timezone)).date()

    def _parts(
        self, registration: Registration, designation: ActivityCredit
    ) -> tuple[SessionPart, ...]:
        return tuple(
            SessionPart(
                session=str(session.uuid),
                value=Decimal(designation.session_values[str(session.uuid)]),
                attended=self._attended.get((registration.pk, session.pk), False),
            )
            for session in self.sessions
            if str(session.uuid) in designation.session_values
        )


def canonical(inputs: Inputs, registration: Registration) -> tuple[dict[str, Any], str]:
    """Return the inputs as stored with a decision, and their SHA-256."""
    stored: dict[str, Any] = {
        "mode": inputs.mode,
        "designated_value": _text(inputs.designated_value),
        "rules": {
            name: value if isinstance(value, str) or value is None else _text(value)
            for name, value in vars(inputs.rules).items()
        },
        "requires_eligibility": inputs.requires_eligibility,
        "eligible": inputs.eligible,
        "seconds": inputs.seconds,
        "presence_percent": _text(inputs.presence_percent),
        "sessions": [
            {"session": part.session, "value": _text(part.value), "attended": part.attended}
            for part in inputs.sessions
        ],
        "holder": {"full_name": registration.full_name, "email": registration.email},
    }
    return stored, hashlib.sha256(audit.canonical(stored)).hexdigest()


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"
