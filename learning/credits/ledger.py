"""The append-only ledger: accounts, postings, balances."""

import hashlib
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, F, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from common import audit
from learning.credits import notices, signals
from learning.credits.models import ActivityCredit, CreditAward, CreditDecision, CreditRun
from registrations.models import Registration

Kind = CreditAward.Kind
Outcome = CreditDecision.Outcome
ATTENDEE = "attendee"
CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
_AMOUNT: DecimalField[Decimal, Decimal] = DecimalField(max_digits=12, decimal_places=6)


@dataclass(frozen=True)
class CreditLine:
    """What one person earned under one designation, as a certificate states it."""

    scheme: str
    name: str
    version: int
    credit_type: str
    unit_label: str
    amount: Decimal
    categories: tuple[dict[str, str], ...]
    activity_date: date
    activity_number: str
    provider_number: str
    delivery_method: str
    statement: str
    certificate_required_fields: tuple[str, ...]
    retention_years: int
    awards: tuple[str, ...]


@dataclass(frozen=True)
class CreditLines:
    """The lines of one holder, and whether they are final for now."""

    settled: bool
    lines: tuple[CreditLine, ...]


def lock(holder: Registration) -> Registration:
    """Lock the holder, under which every posting to its accounts is made."""
    return Registration.objects.select_for_update(no_key=True, of=("self",)).get(pk=holder.pk)


def account_key(designation: ActivityCredit, holder: Registration, role: str = ATTENDEE) -> str:
    """Return the key of the account of a holder under a designation in a role."""
    return hashlib.sha256(f"{designation.uuid}|{holder.uuid}|{role}|".encode()).hexdigest()


def balance(rows: Iterable[CreditAward]) -> Decimal:
    """Return the sum of ledger rows."""
    return sum((row.value for row in rows), Decimal(0)).quantize(MICRO)


def rounded(value: Decimal) -> Decimal:
    """Return an amount as people see it: two places, half up."""
    return value.quantize(CENT, ROUND_HALF_UP)


def is_revoked(rows: list[CreditAward]) -> bool:
    """Tell whether the account was emptied by a person or with its certificate."""
    return bool(rows) and rows[-1].kind == Kind.REVOKE


@dataclass(frozen=True)
class Posting:
    """A decision, and the ledger row it needs; None where nothing changes."""

    decision: CreditDecision
    award: CreditAward | None


def prepare(decision: CreditDecision, rows: list[CreditAward], facts: CreditAward) -> Posting:
    """Return what brings the account to the decision's value.

    ``rows`` are the account's rows in order, read under the holder's lock; ``facts`` carries the
    snapshot.
    """
    had = balance(rows)
    difference = decision.value - had
    if not difference:
        return Posting(decision, None)
    facts.posting = uuid.uuid4()
    facts.sequence = rows[-1].sequence + 1 if rows else 1
    facts.value = difference
    if had == 0:
        facts.kind = Kind.AWARD
    return Posting(decision, facts)


def post(postings: list[Posting]) -> None:
    """Write decisions and rows, two statements in all, and announce each posting once.

    ``credit_awarded``, or ``credit_revoked`` when nothing is left on the account.
    """
    CreditDecision.objects.bulk_create([posting.decision for posting in postings])
    awards = []
    for posting in postings:
        if posting.award is not None:
            posting.award.decision = posting.decision
            awards.append(posting.award)
    CreditAward.objects.bulk_create(awards)
    notices.posted(awards)
    for award in awards:
        left = award.decision is not None and award.decision.value > 0
        announce = signals.credit_awarded if left else signals.credit_revoked
        announce.send(sender=CreditAward, award=award)


def lines_for(holder: Registration) -> CreditLines:
    """Return what a certificate may state for this holder."""
    return lines_for_all([holder])[holder.pk]


def lines_for_all(holders: Collection[Registration]) -> dict[int, CreditLines]:
    """Return the same for many holders, in constant queries."""
    accounts: dict[int, dict[str, list[CreditAward]]] = {holder.pk: {} for holder in holders}
    awards = (
        CreditAward.objects.filter(registration__in=list(accounts))
        .select_related("scheme_version__scheme", "activity_credit")
        .order_by("account_key", "sequence")
    )
    for row in awards:
        if row.registration_id is not None:
            accounts[row.registration_id].setdefault(row.account_key, []).append(row)
    unsettled = _unsettled(holders)
    return {
        holder: CreditLines(
            settled=holder not in unsettled,
            lines=tuple(_line(rows) for rows in by_key.values() if balance(rows)),
        )
        for holder, by_key in accounts.items()
    }


@transaction.atomic
def revoke_for(holder: Registration, *, by: User | None, reason: str) -> int:
    """Empty every account of the holder; return how many had something."""
    lock(holder)
    emptied = 0
    for rows in _accounts(holder):
        if balance(rows):
            _by_hand(rows, value=Decimal(0), kind=Kind.REVOKE, by=by, reason=reason)
            emptied += 1
    return emptied


@transaction.atomic
def reinstate_for(holder: Registration, *, by: User | None, reason: str) -> int:
    """Give back what was revoked; return how many accounts. Running it again changes nothing."""
    lock(holder)
    reinstated = 0
    for rows in _accounts(holder):
        if is_revoked(rows):
            before = balance(rows[:-1])
            _by_hand(rows, value=before, kind=Kind.AWARD, by=by, reason=reason)
            reinstated += 1
    return reinstated


def summary(rows: QuerySet[CreditAward]) -> list[dict[str, Any]]:
    """Return totals by credit type and scheme."""
    words = {"awarded": Kind.AWARD, "adjusted": Kind.ADJUST, "revoked": Kind.REVOKE}
    sums = {
        word: Coalesce(Sum("value", filter=Q(kind=kind)), Decimal(0), output_field=_AMOUNT)
        for word, kind in words.items()
    }
    found = (
        rows.order_by()
        .values("credit_type", scheme=F("scheme_version__scheme__code"))
        .annotate(
            **sums,
            total=Sum("value"),
            first_date=Min("activity_date"),
            last_date=Max("activity_date"),
        )
        .order_by("credit_type", "scheme")
    )
    return [dict(row) for row in found]


def _accounts(holder: Registration) -> list[list[CreditAward]]:
    by_account: dict[str, list[CreditAward]] = {}
    awards = CreditAward.objects.filter(registration=holder).select_related("decision")
    for row in awards.order_by("account_key", "sequence"):
        by_account.setdefault(row.account_key, []).append(row)
    return list(by_account.values())


def _by_hand(
    rows: list[CreditAward], *, value: Decimal, kind: str, by: User | None, reason: str
) -> None:
    last = rows[-1]
    basis = last.decision
    if basis is None:
        raise ValueError("Only accounts with decisions are changed by hand.")
    decision = CreditDecision(
        activity_credit=basis.activity_credit,
        registration=basis.registration,
        role=basis.role,
        scheme_version=basis.scheme_version,
        outcome=Outcome.POSTED,
        value=value,
        seconds=basis.seconds,
        presence_percent=basis.presence_percent,
        reasons=basis.reasons,
        inputs=basis.inputs,
        inputs_hash=basis.inputs_hash,
        actor=by,
        reason=reason,
        retain_until=basis.retain_until,
    )
    facts = _copied(last, kind=kind, by=by, reason=reason)
    post([prepare(decision, rows, facts)])
    audit.record(
        f"credit.{'revoked' if kind == Kind.REVOKE else 'reinstated'}",
        target=basis.registration,
        by=by,
        before=str(balance(rows)),
        after=str(value),
        reason=reason,
    )


def _copied(last: CreditAward, *, kind: str, by: User | None, reason: str) -> CreditAward:
    names = [
        field.attname
        for field in CreditAward._meta.concrete_fields
        if field.attname not in {"id", "uuid", "created_at", "updated_at", "posting", "sequence"}
    ]
    row = CreditAward(**{name: getattr(last, name) for name in names})
    row.kind = kind
    row.source = CreditAward.Source.MANUAL
    row.actor = by
    row.reason = reason
    row.seconds = 0
    return row


def _line(rows: list[CreditAward]) -> CreditLine:
    first = rows[0]
    version = first.scheme_version
    statement = version.statement_template
    if first.activity_credit is not None and first.activity_credit.statement_override:
        statement = first.activity_credit.statement_override
    return CreditLine(
        scheme=version.scheme.code,
        name=version.scheme.name,
        version=version.number,
        credit_type=first.credit_type,
        unit_label=version.scheme.unit_label,
        amount=balance(rows),
        categories=(),
        activity_date=rows[-1].activity_date,
        activity_number=first.activity_number,
        provider_number=first.provider_number,
        delivery_method=first.delivery_method,
        statement=statement,
        certificate_required_fields=tuple(version.certificate_required_fields),
        retention_years=version.retention_years,
        awards=tuple(str(row.uuid) for row in rows),
    )


def _unsettled(holders: Collection[Registration]) -> set[int]:
    """Return the holders with a computation outstanding, their own or their event's."""
    events = {holder.event_id for holder in holders}
    pending = CreditRun.objects.unfinished().filter(
        Q(registration__in=[holder.pk for holder in holders]) | Q(event__in=events)
    )
    wishes = list(pending.values_list("registration_id", "event_id"))
    people = {registration for registration, _ in wishes}
    whole_events = {event for _, event in wishes} - {None}
    return {
        holder.pk for holder in holders if holder.pk in people or holder.event_id in whole_events
    }
