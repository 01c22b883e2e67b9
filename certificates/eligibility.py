"""Who is owed a certificate, and why not."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from certificates.models import Certificate
from events.models import Event
from learning.credits import ledger
from learning.credits.ledger import CreditLines
from registrations import completion
from registrations.completion import Rule
from registrations.completion import Verdict as RuleVerdict
from registrations.models import Registration, RegistrationAnswer, SessionAttendance


class Verdict(StrEnum):
    """Where somebody stands."""

    OWED = "owed"
    ISSUED = "issued"
    NOT_ELIGIBLE = "not_eligible"
    BLOCKED = "blocked"


# The code of the first unmet rule, by what the rule asks.
CODES: Mapping[str, str] = {
    "certificates_enabled": "NOT_ENABLED",
    "registration_confirmed": "NOT_CONFIRMED",
    "attendance_final": "ATTENDANCE_NOT_FINAL",
    "feedback_given": "FEEDBACK_REQUIRED",
    "engagement_answered": "ENGAGEMENT_TOO_LOW",
    "modules_completed": "MODULES_INCOMPLETE",
    "assignments_passed": "ASSIGNMENTS_NOT_PASSED",
    "credits_settled": "CREDITS_PENDING",
    "not_revoked": "PREVIOUSLY_REVOKED",
}
TOO_LOW = "ATTENDANCE_TOO_LOW"
BLOCKING = frozenset({"CREDITS_PENDING", "PREVIOUSLY_REVOKED"})
MESSAGES: Mapping[str, str] = {
    "NOT_ENABLED": "Certificates are switched off for this event.",
    "NOT_CONFIRMED": "The registration is not confirmed.",
    "ATTENDANCE_NOT_FINAL": "Attendance has not been finalized yet.",
    TOO_LOW: "Attendance does not reach what the event asks for.",
    "FEEDBACK_REQUIRED": "The event asks for feedback first.",
    "ENGAGEMENT_TOO_LOW": "Too few engagement checks were answered.",
    "MODULES_INCOMPLETE": "Not all modules are completed.",
    "ASSIGNMENTS_NOT_PASSED": "Not all assignments are passed.",
    "CREDITS_PENDING": "The credits are still being computed.",
    "PREVIOUSLY_REVOKED": "The last certificate of this person was revoked.",
}


@dataclass(frozen=True)
class Standing:
    """One person's claim to a certificate, with everything it was judged from."""

    registration: Registration
    rules: tuple[Rule, ...]
    lines: CreditLines
    attendance: tuple[SessionAttendance, ...]
    answers: tuple[RegistrationAnswer, ...]
    certificate: Certificate | None

    @property
    def code(self) -> str:
        """The code of the first unmet condition, empty for none."""
        order = list(CODES.values())
        unmet = {
            CODES.get(rule.code, TOO_LOW)
            for rule in self.rules
            if rule.verdict is RuleVerdict.UNMET
        }
        order.insert(order.index("ATTENDANCE_NOT_FINAL") + 1, TOO_LOW)
        return next((code for code in order if code in unmet), "")

    @property
    def verdict(self) -> Verdict:
        if self.certificate is not None:
            return Verdict.ISSUED
        if not self.code:
            return Verdict.OWED
        return Verdict.BLOCKED if self.code in BLOCKING else Verdict.NOT_ELIGIBLE


def survey(
    event: Event, registrations: Sequence[Registration], *, forgive_revocation: bool = False
) -> list[Standing]:
    """Judge many registrations of one event as of now, in constant queries."""
    keys = [registration.pk for registration in registrations]
    attendance = _by_registration(SessionAttendance.objects.filter(registration__in=keys))
    answers = _by_registration(
        RegistrationAnswer.objects.filter(registration__in=keys, field__show_on_certificate=True)
    )
    explained = completion.explain_with(
        event, completion.counted(event.sessions.all()), attendance, registrations
    )
    latest = _latest(keys)
    lines = ledger.lines_for_all(registrations)
    return [
        Standing(
            registration=registration,
            rules=(
                _rule("certificates_enabled", "Certificates enabled", event.certificates_enabled),
                *explained[registration.pk].rules,
                *_own_rules(
                    registration,
                    lines[registration.pk],
                    revoked=not forgive_revocation and _is_revoked(latest.get(registration.pk)),
                ),
            ),
            lines=lines[registration.pk],
            attendance=tuple(attendance[registration.pk]),
            answers=tuple(answers[registration.pk]),
            certificate=_in_force(latest.get(registration.pk)),
        )
        for registration in registrations
    ]


def _own_rules(registration: Registration, lines: CreditLines, *, revoked: bool) -> Iterable[Rule]:
    final = registration.attendance_finalized_at is not None
    yield _rule("attendance_final", "Attendance finalized", final)
    yield _rule("credits_settled", "Credits computed", lines.settled)
    yield _rule("not_revoked", "No certificate revoked", not revoked)


def _rule(code: str, label: str, met: bool) -> Rule:
    verdict = RuleVerdict.MET if met else RuleVerdict.UNMET
    return Rule(code, label, 1, int(met), "conditions", verdict)


def _latest(registrations: Collection[int]) -> dict[int, Certificate]:
    """Return the active certificate of each registration, else its newest one."""
    rows = Certificate.objects.filter(registration__in=registrations)
    active = Certificate.Status.ACTIVE
    in_order = sorted(rows, key=lambda row: (row.status == active, row.issued_at, row.pk))
    return {row.holder_id: row for row in in_order}


def _is_revoked(certificate: Certificate | None) -> bool:
    return certificate is not None and certificate.status == Certificate.Status.REVOKED


def _in_force(certificate: Certificate | None) -> Certificate | None:
    active = certificate is not None and certificate.status == Certificate.Status.ACTIVE
    return certificate if active else None


def _by_registration(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.registration_id].append(row)
    return found
