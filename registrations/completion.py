"""Was somebody there long enough? The rules, each with what it needs and what there is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from events.models import Event, EventSession
from registrations.models import Registration, SessionAttendance
from registrations.signals import attendance_changed

VERSION = 1
FULL = 100
CONFIRMED = "registration_confirmed"


class Verdict(StrEnum):
    """What came of one rule, or of all of them."""

    MET = "met"
    UNMET = "unmet"
    NOT_APPLICABLE = "not_applicable"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True)
class Rule:
    """One condition, what it needs, what there is, and what follows."""

    code: str
    label: str
    need: int
    have: int
    unit: str
    verdict: Verdict


@dataclass(frozen=True)
class Explanation:
    """Why somebody is eligible or not, in a form that can be stored and shown again."""

    rules: tuple[Rule, ...]
    verdict: Verdict
    override: bool | None
    version: int
    computed_at: datetime

    @property
    def is_eligible(self) -> bool:
        return self.verdict in {Verdict.MET, Verdict.OVERRIDDEN}

    def as_json(self) -> dict[str, Any]:
        """Return what is stored with the registration."""
        return asdict(self) | {
            "rules": [asdict(rule) for rule in self.rules],
            "computed_at": self.computed_at.isoformat(),
        }


@dataclass(frozen=True)
class Presence:
    """What is known about one person at one event, by session id."""

    minutes: Mapping[int, int]
    attended: frozenset[int]


# event, registrations -> the rule of each registration id; for apps that know more about people
Answer = Callable[[Event, Sequence[Registration]], Mapping[int, Rule]]
_further: dict[str, Answer] = {}


def rule(code: str) -> Callable[[Answer], Answer]:
    """Register a further rule; it is asked for many registrations of one event at once."""

    def register(answer: Answer) -> Answer:
        if _further.setdefault(code, answer) is not answer:
            raise RuntimeError(f"{code} is answered already.")
        return answer

    return register


def explain(registration: Registration) -> Explanation:
    """Return what the rules say today about one registration; nothing is stored."""
    return explain_all(registration.event, [registration])[registration.pk]


def explain_all(
    event: Event, registrations: Sequence[Registration], *, now: datetime | None = None
) -> dict[int, Explanation]:
    """Return what the rules say about many registrations of one event, in constant queries."""
    rows = SessionAttendance.objects.filter(registration__in=[row.pk for row in registrations])
    presence: dict[int, list[SessionAttendance]] = {row.pk: [] for row in registrations}
    for row in rows:
        presence[row.registration_id].append(row)
    return explain_with(event, counted(event.sessions.all()), presence, registrations, now=now)


def explain_with(
    event: Event,
    sessions: Sequence[EventSession],
    attendance: Mapping[int, Iterable[SessionAttendance]],
    registrations: Sequence[Registration],
    *,
    now: datetime | None = None,
) -> dict[int, Explanation]:
    """Return the explanations from session attendance that the caller holds already."""
    computed_at = now or timezone.now()
    further = [answer(event, registrations) for answer in _further.values()]
    found = {}
    for registration in registrations:
        presence = presence_of(attendance.get(registration.pk, ()))
        own = (*rules_of(event, sessions, presence, is_confirmed=_is_confirmed(registration)),)
        added = tuple(rules[registration.pk] for rules in further if registration.pk in rules)
        found[registration.pk] = judged(
            (*own, *added), override=registration.attendance_override, computed_at=computed_at
        )
    return found


def counted(sessions: Iterable[EventSession]) -> list[EventSession]:
    """Return the sessions that count: not cancelled and not recorded."""
    return [
        session
        for session in sessions
        if session.status != EventSession.Status.CANCELLED
        and session.session_type != EventSession.Type.RECORDED
    ]


def presence_of(rows: Iterable[SessionAttendance]) -> Presence:
    """Return minutes by session, and the sessions that count as attended."""
    kept = list(rows)
    return Presence(
        minutes={row.session_id: row.total_attendance_minutes for row in kept},
        attended=frozenset(row.session_id for row in kept if row.counts),
    )


def percent(part: int, whole: int) -> int:
    """Return the whole percent, never rounded up and never above 100."""
    return min(FULL, part * FULL // whole) if whole else 0


def rules_of(
    event: Event, sessions: Sequence[EventSession], presence: Presence, *, is_confirmed: bool
) -> Iterable[Rule]:
    """Yield the rules of this event for one person, in the order they are shown."""
    minutes = sum(presence.minutes.get(session.pk, 0) for session in sessions)
    scheduled = sum(session.duration_minutes for session in sessions)
    yield compare(CONFIRMED, "Confirmed registration", 1, int(is_confirmed), "registrations")
    if event.is_multi_session:
        yield from _of_several_sessions(event, sessions, presence, percent(minutes, scheduled))
    else:
        yield compare(
            "attendance_percent",
            "Share of the scheduled time attended",
            event.minimum_attendance_percent,
            percent(minutes, scheduled),
            "percent",
        )
    # Nobody who was never there is eligible, whatever the thresholds say.
    least = max(1, event.minimum_attendance_minutes)
    yield compare("attendance_minutes", "Minutes attended", least, minutes, "minutes")
    if event.require_feedback_for_certificate:
        yield compare("feedback_given", "Feedback given", 1, 0, "reviews")
    if event.minimum_engagement_percent:
        # No check was opened, so there was nothing to answer.
        need = event.minimum_engagement_percent
        label = "Engagement checks answered"
        yield Rule("engagement_answered", label, need, 0, "percent", Verdict.NOT_APPLICABLE)


def compare(code: str, label: str, need: int, have: int, unit: str) -> Rule:
    """Return the rule, met when there is at least what it needs."""
    return Rule(code, label, need, have, unit, Verdict.MET if have >= need else Verdict.UNMET)


def judged(rules: tuple[Rule, ...], *, override: bool | None, computed_at: datetime) -> Explanation:
    """Return the rules with their overall verdict; the organizer's decision beats them."""
    shown = rules if override is None else tuple(_overridden(one, override) for one in rules)
    if any(one.verdict is Verdict.UNMET for one in shown):
        verdict = Verdict.UNMET
    else:
        verdict = Verdict.OVERRIDDEN if override else Verdict.MET
    return Explanation(shown, verdict, override, VERSION, computed_at)


@transaction.atomic
def judge(registration: Registration) -> Explanation:
    """Store what the rules say today; a judgement that moves after finalizing is announced."""
    explanation = explain(registration)
    moved = explanation.is_eligible != registration.attendance_eligible
    registration.attendance_eligible = explanation.is_eligible
    registration.explanation = explanation.as_json()
    registration.save(update_fields=["attendance_eligible", "explanation"])
    if moved and registration.attendance_finalized_at is not None:
        attendance_changed.send(sender=Registration, registration=registration)
    return explanation


def _of_several_sessions(
    event: Event, sessions: Sequence[EventSession], presence: Presence, time_percent: int
) -> Iterable[Rule]:
    attended = sum(session.pk in presence.attended for session in sessions)
    marked = [session for session in sessions if session.is_required]
    wanted = event.minimum_attendance_percent_total
    share = event.minimum_attendance_percent if wanted is None else wanted
    match event.completion_type:
        case "all_required":
            yield _required(marked or sessions, presence)
        case "minimum_sessions":
            least = event.minimum_sessions_required or 1
            yield compare("sessions_attended", "Sessions attended", least, attended, "sessions")
            yield _required(marked, presence)
        case "percentage":
            have = percent(attended, len(sessions))
            yield compare("sessions_percent", "Share of sessions attended", share, have, "percent")
        case _:
            label = "Share of the scheduled time attended"
            yield compare("time_percent", label, share, time_percent, "percent")


def _required(sessions: Sequence[EventSession], presence: Presence) -> Rule:
    have = sum(session.pk in presence.attended for session in sessions)
    found = compare(
        "required_sessions", "Required sessions attended", len(sessions), have, "sessions"
    )
    if sessions:
        return found
    return Rule(found.code, found.label, 0, 0, found.unit, Verdict.NOT_APPLICABLE)


def _overridden(one: Rule, override: bool) -> Rule:
    """Return the rule under the organizer's decision, which gives nobody a place."""
    if one.code == CONFIRMED or one.verdict is Verdict.NOT_APPLICABLE:
        return one
    if override:
        return one if one.verdict is Verdict.MET else replace(one, verdict=Verdict.OVERRIDDEN)
    return replace(one, verdict=Verdict.UNMET)


def _is_confirmed(registration: Registration) -> bool:
    return registration.status == Registration.Status.CONFIRMED
