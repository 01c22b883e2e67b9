"""Decide what people earned and post it."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from common.outbox import after_commit
from common.transactions import retrying
from events.models import Event
from learning.credits import arithmetic, designations, ledger
from learning.credits.evidence import ATTENDEE, Evidence, canonical
from learning.credits.models import (
    ActivityCredit,
    CreditAward,
    CreditDecision,
    CreditRun,
    CreditSchemeVersion,
)
from registrations.models import Registration

CHUNK = 200
OVERDUE = timedelta(minutes=2)
Outcome = CreditDecision.Outcome
HeldReason = CreditDecision.HeldReason


def request_for_event(event: Event) -> None:
    """Note that the credits of an event have to be computed."""
    CreditRun.objects.update_or_create(event=event, defaults={"requested_at": timezone.now()})


def request_for_registration(registration: Registration) -> None:
    """Note that the credits of one registration have to be computed again."""
    CreditRun.objects.update_or_create(
        registration=registration, defaults={"requested_at": timezone.now()}
    )


def award_event(event: Event) -> None:
    """Compute and post the credits of everybody at an event; running it again changes nothing."""
    started_at = timezone.now()
    last: int | None = 0
    while last is not None:
        last = _award_chunk(event, last)
    _finish(CreditRun.objects.filter(event=event), started_at)


def award_registration(registration: Registration) -> None:
    """Compute and post the credits of one registration; running it again changes nothing."""
    started_at = timezone.now()
    _award_one(registration)
    _finish(CreditRun.objects.filter(registration=registration), started_at)


def sweep(now: datetime) -> int:
    """Ask again for runs that were asked for two minutes ago and did not finish."""
    late = CreditRun.objects.unfinished().filter(requested_at__lt=now - OVERDUE)
    targets = list(late.order_by("id").values_list("event_id", "registration_id")[:CHUNK])
    for event_id, registration_id in targets:
        if event_id:
            after_commit("learning.award_event", event_id, key=f"credits:event:{event_id}")
        else:
            key = f"credits:registration:{registration_id}"
            after_commit("learning.award_registration", registration_id, key=key)
    return len(targets)


@transaction.atomic
def claim_awards(user: User) -> int:
    """Give a person the rows earned as a guest under a registration that is theirs now."""
    return CreditAward.objects.filter(user=None, registration__user=user).update(user=user)


def claim_all() -> int:
    """Do so for everybody whose registration was linked by another way; return how many rows."""
    owner = Registration.all_objects.filter(pk=OuterRef("registration")).values("user")
    orphaned = CreditAward.objects.filter(user=None, registration__user__isnull=False)
    return orphaned.update(user=Subquery(owner[:1]))


@retrying
def _award_chunk(event: Event, after: int) -> int | None:
    """Award the next 200 registrations by id; return the last id, None at the end."""
    locked = list(
        Registration.objects.select_for_update(no_key=True, of=("self",))
        .filter(
            event=event,
            pk__gt=after,
            status=Registration.Status.CONFIRMED,
            attendance_finalized_at__isnull=False,
        )
        .order_by("pk")[:CHUNK]
    )
    if not locked:
        return None
    for holder in locked:
        holder.event = event
    _decide(event, locked)
    return locked[-1].pk


@retrying
def _award_one(registration: Registration) -> None:
    holder = ledger.lock(registration)
    if holder.attendance_finalized_at is not None:
        _decide(holder.event, [holder])


def _decide(event: Event, holders: list[Registration]) -> None:
    """Decide and post for locked holders: a constant number of reads, writes only for changes."""
    evidence = Evidence(event, holders)
    rows = _rows_by_account(holders)
    latest = _latest_decisions(holders)
    postings = []
    for designation in designations.of_event(event):
        for holder in holders:
            case = _Case(evidence, designation, holder)
            account = rows.get(ledger.account_key(designation, holder), [])
            posting = _settle(case, account, latest.get((designation.pk, holder.pk)))
            postings.extend([posting] if posting else [])
    ledger.post(postings)


class _Case:
    """One person under one designation."""

    def __init__(
        self, evidence: Evidence, designation: ActivityCredit, holder: Registration
    ) -> None:
        self.designation = designation
        self.holder = holder
        self.event = evidence.event
        self.activity_date = evidence.activity_date(holder)
        self.version = _version(designation, self.activity_date)
        self.inputs = evidence.inputs(holder, designation, self.version)
        self.outcome = arithmetic.award(self.inputs)
        self.retain_until = _years_after(self.activity_date, self.version.retention_years)


def _settle(
    case: _Case, rows: list[CreditAward], last: CreditDecision | None
) -> ledger.Posting | None:
    """Return the decision to write with its row, or None when nothing new was decided."""
    stored, digest = canonical(case.inputs, case.holder)
    verdict = _verdict(case, rows)
    if last and (last.inputs_hash, last.outcome) == (digest, verdict):
        return None
    if last and last.inputs_hash == digest and verdict == Outcome.UNCHANGED:
        return None  # the same facts, posted the time before
    decision = CreditDecision(
        activity_credit=case.designation,
        registration=case.holder,
        scheme_version=case.version,
        outcome=verdict,
        held_reason=HeldReason.REVOKED if verdict == Outcome.HELD else "",
        value=case.outcome.value,
        seconds=case.outcome.seconds,
        presence_percent=case.outcome.presence_percent,
        reasons=list(case.outcome.reasons),
        flags=list(case.outcome.flags),
        inputs=stored,
        inputs_hash=digest,
        retain_until=case.retain_until,
    )
    if verdict != Outcome.POSTED:
        return ledger.Posting(decision, None)
    return ledger.prepare(decision, rows, _facts(case, first=not rows))


def _verdict(case: _Case, rows: list[CreditAward]) -> CreditDecision.Outcome:
    if ledger.is_revoked(rows):
        return Outcome.HELD
    if case.outcome.value == ledger.balance(rows):
        return Outcome.UNCHANGED if rows else Outcome.ZERO
    return Outcome.POSTED


def _facts(case: _Case, *, first: bool) -> CreditAward:
    event, holder = case.event, case.holder
    provider = event.organization.name if event.organization else event.owner.public_name
    return CreditAward(
        account_key=ledger.account_key(case.designation, holder),
        user_id=holder.user_id,
        registration=holder,
        activity_credit=case.designation,
        scheme_version=case.version,
        credit_type=case.designation.credit_type,
        role=ATTENDEE,
        kind=CreditAward.Kind.AWARD if first else CreditAward.Kind.ADJUST,
        delivery_method=case.designation.delivery_method,
        activity_title=event.title,
        activity_number=case.designation.activity_number,
        provider_name=provider,
        holder_name=holder.full_name,
        designated_value=case.designation.designated_value,
        multiplier=case.inputs.rules.multiplier,
        seconds=case.outcome.seconds if first else 0,
        activity_date=case.activity_date,
        retain_until=case.retain_until,
    )


def _rows_by_account(holders: list[Registration]) -> dict[str, list[CreditAward]]:
    by_account: dict[str, list[CreditAward]] = {}
    rows = CreditAward.objects.filter(registration__in=holders)
    for row in rows.order_by("account_key", "sequence"):
        by_account.setdefault(row.account_key, []).append(row)
    return by_account


def _latest_decisions(holders: list[Registration]) -> dict[tuple[int, int], CreditDecision]:
    rows = CreditDecision.objects.filter(registration__in=holders, role=ATTENDEE, actor=None)
    return {(row.activity_credit_id, row.registration_id): row for row in rows.order_by("id")}


def _version(designation: ActivityCredit, on: date) -> CreditSchemeVersion:
    """Return the version of the scheme in force on a day; before the first one, the first."""
    versions = sorted(designation.scheme.versions.all(), key=lambda version: version.effective_from)
    in_force = [version for version in versions if version.effective_from <= on]
    return in_force[-1] if in_force else versions[0]


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _finish(runs: QuerySet[CreditRun], started_at: datetime) -> None:
    runs.filter(requested_at__lte=started_at).update(finished_at=timezone.now())
