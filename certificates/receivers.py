"""When attendance and credits are settled, certificates follow."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.dispatch import receiver
from django.utils import timezone

from accounts import manifest, notifications, privacy
from accounts.webhooks import register_type
from billing.models import Subscription
from billing.signals import subscription_changed
from certificates import (
    artifacts,
    automatic,
    emails,
    issuing,
    outbound,
    personal_data,
    redacting,
    reviews,
    tasks,
    templates,
)
from certificates.models import Certificate, CertificateStatusHistory
from certificates.signals import certificate_issued, certificate_revoked
from common import retention, triggers
from common.outbox import after_commit
from events import questions
from events.models import Event
from learning.credits.models import CreditAward
from learning.credits.signals import credit_awarded, credit_revoked
from registrations.models import Registration
from registrations.signals import (
    attendance_changed,
    attendance_finalized,
    registration_cancelled,
)

manifest.feature("view_own_certificates", manifest.everybody)
manifest.feature("manage_certificates", issuing.may_issue)
for _name, _about in emails.NOTICES.items():
    notifications.register_type(_name, _about)
privacy.collects("certificates")(personal_data.collect)
privacy.erases("certificates")(personal_data.erase)
privacy.keeps("certificates")(personal_data.keep)
retention.rule("certificates", days=0, removal=redacting.redact)(redacting.due)
triggers.append_only(CertificateStatusHistory)
triggers.append_only(
    Certificate,
    changes={
        column: "NEW.redacted_at IS NOT NULL" if column in Certificate.STATED else triggers.ALWAYS
        for column in (field.attname for field in Certificate._meta.concrete_fields)
        if column not in {"id", "uuid", "created_at"}
    },
)


@receiver(attendance_finalized)
def issue_what_is_owed(event: Event, **_: Any) -> None:
    if event.auto_issue_certificates:
        automatic.request(event.pk)


@receiver(credit_awarded)
@receiver(credit_revoked)
def follow_credits(award: CreditAward, **_: Any) -> None:
    registration = award.registration
    if registration is None:
        return
    if award.kind == CreditAward.Kind.AWARD and registration.event.auto_issue_certificates:
        automatic.request(registration.event_id)
    elif registration.certificate_issued:
        reviews.request(registration.pk)


@receiver(attendance_changed)
def judge_again(registration: Registration, **_: Any) -> None:
    if registration.certificate_issued:
        reviews.request(registration.pk)
    elif registration.event.auto_issue_certificates:
        key = f"certificates.auto_issue_one:{registration.pk}"
        after_commit(tasks.auto_issue_one, registration.pk, key=key)


@receiver(registration_cancelled)
def doubt_certificate(registration: Registration, **_: Any) -> None:
    if registration.certificate_issued:
        reviews.request(registration.pk)


@receiver(certificate_issued)
def build_artifacts(certificate: Certificate, **_: Any) -> None:
    artifacts.request(certificate)


@receiver(subscription_changed)
def issue_what_waited(subscription: Subscription, **_: Any) -> None:
    if subscription.access(timezone.now()) != Subscription.Access.READ_ONLY:
        after_commit(tasks.issue_owed, key="certificates.issue_owed")


@questions.counts["certificate_count"].answer
def count_certificates(event_ids: Collection[int]) -> dict[int, int]:
    rows = Certificate.objects.active().filter(registration__event__in=event_ids)
    found = rows.order_by().values_list("registration__event").annotate(Count("pk"))
    return {**dict.fromkeys(event_ids, 0), **dict(found)}


@questions.check_reference["certificate_template"].answer
def check_template(uuid: UUID, event: Event) -> None:
    if templates.named(event, uuid) is None:
        raise questions.UnknownReference


for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
certificate_issued.connect(partial(outbound.tell_of_certificate, "certificate.issued"), weak=False)
certificate_revoked.connect(
    partial(outbound.tell_of_certificate, "certificate.revoked"), weak=False
)
