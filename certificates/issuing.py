"""Issuing and revoking: once per person, within the plan, never with a gap.

Locks are taken in one order everywhere: the event, whose count is written anew, then the holders
by id, last the subscription whose quota is used.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from accounts.models import User
from accounts.roles import Capability
from billing import acting, entitlements
from billing.entitlements import Limit
from certificates import (
    eligibility,
    emails,
    rendering,
    required_fields,
    signals,
    snapshots,
    templates,
)
from certificates.eligibility import Standing, Verdict
from certificates.models import Certificate, CertificateTemplate
from certificates.outcomes import Outcome, Result
from certificates.snapshots import Identity
from common import codes
from common.exceptions import Conflict, InvalidStatus, RuleViolation
from common.transactions import retrying
from events import counts
from events.models import Event
from learning.credits import ledger
from registrations.models import Registration

ATTEMPTS_PER_CODE = 5
Status = Certificate.Status


class NotEnabled(RuleViolation):
    """The event issues no certificates."""

    code: ClassVar[str] = "NOT_ENABLED"
    message: ClassVar[str] = eligibility.MESSAGES["NOT_ENABLED"]


class AlreadyRevoked(Conflict):
    """Revoking is final."""

    code: ClassVar[str] = "ALREADY_REVOKED"
    message: ClassVar[str] = "This certificate is already revoked."


class AlreadySuperseded(Conflict):
    """Its successor is the one to revoke."""

    code: ClassVar[str] = "ALREADY_SUPERSEDED"
    message: ClassVar[str] = "This certificate was replaced by a corrected one."


@dataclass(frozen=True)
class Wish:
    """What the certificates of one issuing are to be like."""

    template_uuid: UUID | None = None
    send_notification: bool = True
    allow_after_revocation: bool = False
    expires_on: date | None = None


def may_issue(user: User) -> bool:
    """Tell whether the person may issue certificates, alone or in some organization."""
    return acting.acts_somewhere(user, Capability.CERTIFICATES_ISSUE)


@retrying
def issue_for_event(
    event: Event,
    *,
    by: User,
    registration_uuids: Collection[UUID] = (),
    dry_run: bool = False,
    **wish: Any,
) -> Outcome:
    """Issue to those named, or to everybody eligible; all within the plan, or nobody.

    Never stops at one person. A dry run does everything and takes it back.
    """
    account = entitlements.account_for(owner=event.owner, organization=event.organization)
    entitlements.require_active(account)
    with transaction.atomic():
        _open(event)
        named = Q(uuid__in=registration_uuids) if registration_uuids else Q(status="confirmed")
        outcome = _issue(event, _locked(event, named), by=by, wish=Wish(**wish))
        known = {result.registration_uuid for result in outcome.results}
        unknown = dict.fromkeys(uuid for uuid in registration_uuids if uuid not in known)
        outcome.results += [Result.skipped(uuid, "NOT_FOUND") for uuid in unknown]
        if registration_uuids:
            outcome.refuse_if_in_vain()
        if outcome.issued:
            entitlements.consume(account, Limit.CERTIFICATES_PER_MONTH, amount=outcome.issued)
        transaction.set_rollback(dry_run)
    if dry_run:
        outcome.forget_issued()
    return outcome


@retrying
def issue_automatically(event: Event, keys: Collection[int]) -> Outcome:
    """Issue what these registrations are owed, in their order, up to what the plan has left."""
    account = entitlements.account_for(owner=event.owner, organization=event.organization)
    event.lock()
    if event.status != Event.Status.COMPLETED:
        return Outcome()
    left = entitlements.remaining(account, Limit.CERTIFICATES_PER_MONTH)
    outcome = _issue(event, _locked(event, Q(pk__in=keys)), by=None, wish=Wish(), left=left)
    if outcome.issued:
        entitlements.consume(account, Limit.CERTIFICATES_PER_MONTH, amount=outcome.issued)
    return outcome


@retrying
def revoke(
    certificate: Certificate,
    *,
    by: User,
    reason: str,
    notify_attendee: bool = True,
    keep_credits: bool = False,
) -> None:
    """Withdraw a certificate for good, and the credits it states unless they are to stay."""
    registration = certificate.holder
    certificate.event.lock()
    ledger.lock(registration)
    _require_active(certificate)
    certificate.status = Status.REVOKED
    certificate.revoked_at, certificate.revoked_by = timezone.now(), by
    certificate.revocation_reason, certificate.review_codes = reason, []
    certificate.save(
        update_fields=["status", "revoked_at", "revoked_by", "revocation_reason", "review_codes"]
    )
    certificate.note("revoked", by=by, reason=reason, before=Status.ACTIVE)
    Registration.all_objects.filter(pk=registration.pk).update(certificate_issued_at=None)
    counts.recount([registration.event_id], ["certificate_count"])
    if not keep_credits:
        ledger.revoke_for(registration, by=by, reason=reason)
    if notify_attendee:
        emails.certificate_revoked(certificate)
    signals.certificate_revoked.send(sender=Certificate, certificate=certificate)


def _open(event: Event) -> None:
    event.lock()
    if event.status != Event.Status.COMPLETED:
        raise InvalidStatus(
            "Certificates are issued once the event is completed.",
            details={"status": event.status},
        )
    if not event.certificates_enabled:
        raise NotEnabled


def _locked(event: Event, which: Q) -> QuerySet[Registration]:
    """Return the holders under the lock of `ledger.lock`, all of them in one statement."""
    rows = Registration.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    return rows.filter(which, event=event).order_by("pk")


def _issue(
    event: Event,
    locked: QuerySet[Registration],
    *,
    by: User | None,
    wish: Wish,
    left: int | None = None,
) -> Outcome:
    template = templates.applicable(event, wish.template_uuid)
    registrations: Sequence[Registration] = list(locked)
    prefetch_related_objects([event], "sessions")
    for registration in registrations:
        registration.event = event
    outcome = Outcome()
    for standing in eligibility.survey(
        event, registrations, forgive_revocation=wish.allow_after_revocation
    ):
        if left is not None and outcome.issued >= left:
            break
        outcome.results.append(_issue_one(standing, template, by=by, wish=wish))
    if outcome.issued:
        CertificateTemplate.objects.filter(pk=template.pk).update(last_used_at=timezone.now())
        counts.recount([event.pk], ["certificate_count"])
    return outcome


def _issue_one(
    standing: Standing, template: CertificateTemplate, *, by: User | None, wish: Wish
) -> Result:
    uuid = standing.registration.uuid
    if standing.verdict is Verdict.ISSUED:
        return Result(uuid, "existing", standing.certificate)
    if standing.verdict is not Verdict.OWED:
        return Result.skipped(uuid, standing.code)
    try:
        certificate, is_new = _insert(standing, template, by=by, wish=wish)
    except RuleViolation as refusal:
        return Result.refused(uuid, refusal)
    if not is_new:
        return Result(uuid, "existing", certificate)
    certificate.note("issued", by=by, before="")
    Registration.objects.filter(pk=standing.registration.pk).update(
        certificate_issued_at=certificate.issued_at
    )
    signals.certificate_issued.send(sender=Certificate, certificate=certificate)
    return Result(uuid, "issued", certificate)


def _insert(
    standing: Standing, template: CertificateTemplate, *, by: User | None, wish: Wish
) -> tuple[Certificate, bool]:
    """Write the row; tell whether it is new. A code that is taken is drawn again."""
    for _ in range(ATTEMPTS_PER_CODE):
        certificate = draft(standing, template, wish)
        certificate.issued_by = by
        try:
            with transaction.atomic():
                certificate.save(force_insert=True)
        except IntegrityError:
            known = Certificate.objects.active().filter(registration=standing.registration).first()
            if known is not None:
                return known, False
        else:
            return certificate, True
    raise IntegrityError("No free code was found.")


def draft(standing: Standing, template: CertificateTemplate, wish: Wish) -> Certificate:
    """Return the certificate unsaved; raise what keeps it from being printed."""
    registration, now = standing.registration, timezone.now()
    issued_on = snapshots.local_date(registration.event, now)
    identity = Identity(
        short_code=codes.short_code(),
        verification_code=codes.verification_code(),
        issued_at=now,
        expires_on=wish.expires_on or snapshots.expiry(issued_on, template.validity_months),
    )
    snapshot = snapshots.assemble(standing, template, identity)
    required_fields.require(standing, snapshot, template)
    rendering.layout(snapshot, template)
    return Certificate(
        registration=registration,
        template=template,
        verification_code=identity.verification_code,
        short_code=identity.short_code,
        issued_at=now,
        expires_on=identity.expires_on,
        holder_name=registration.full_name,
        holder_email=registration.email,
        allow_public_verification=registration.allow_public_verification,
        send_notification=wish.send_notification,
        certificate_data=snapshot,
        content_sha256=snapshots.digest(snapshot),
        schema_version=snapshots.SCHEMA_VERSION,
        retain_until=snapshots.retain_until(registration.event, standing.lines.lines),
    )


def _require_active(certificate: Certificate) -> None:
    status = Certificate.objects.values_list("status", flat=True).get(pk=certificate.pk)
    if status == Status.REVOKED:
        raise AlreadyRevoked
    if status == Status.SUPERSEDED:
        raise AlreadySuperseded
