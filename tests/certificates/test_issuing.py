from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.entitlements import Limit
from billing.models import UsageCounter
from certificates import issuing, snapshots, templates
from certificates.models import Certificate, CertificateTemplate
from common.exceptions import InvalidStatus, LimitReached
from common.models import OutboxTask, OutgoingEmail
from events.models import Event
from learning.credits.models import CreditAward, CreditSchemeVersion
from tests.factories.certificates import (
    CertificateFactory,
    CertificateTemplateFactory,
    attended,
    award,
)
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db


def issue(event, organizer, *registrations, **wishes):
    uuids = [registration.uuid for registration in registrations]
    return issuing.issue_for_event(event, by=organizer, registration_uuids=uuids, **wishes)


def used(event):
    counters = UsageCounter.objects.filter(limit=Limit.CERTIFICATES_PER_MONTH)
    return sum(counters.values_list("used", flat=True))


def allow(organizer, number):
    organizer.billing_account.subscription.limits_override = {"certificates_per_month": number}
    organizer.billing_account.subscription.save()


def test_issuing_to_everybody_reaches_the_eligible(event, registration, organizer):
    outcome = issue(event, organizer)

    certificate = Certificate.objects.get()
    assert (outcome.issued, outcome.existing, outcome.skipped) == (1, 0, 0)
    assert outcome.certificate_uuids == [str(certificate.uuid)]
    assert (certificate.registration, certificate.issued_by) == (registration, organizer)
    assert certificate.template.chain == templates.CLASSIC
    registration.refresh_from_db()
    event.refresh_from_db()
    assert registration.certificate_issued_at == certificate.issued_at
    assert event.certificate_count == 1
    assert used(event) == 1
    history = certificate.history.get()
    assert (history.action, history.from_status, history.to_status) == ("issued", "", "active")
    assert OutboxTask.objects.filter(name="certificates.build_artifacts").count() == 1


def test_the_snapshot_holds_the_facts_of_the_day(event, registration, organizer):
    issue(event, organizer)

    certificate = Certificate.objects.get()
    facts = certificate.certificate_data
    assert certificate.content_sha256 == snapshots.digest(facts)
    assert {key: facts[key] for key in ("attendee_name", "event_title", "event_date")} == {
        "attendee_name": "Ada Lovelace",
        "event_title": "Advances in Anaesthesia",
        "event_date": "2027-03-01",
    }
    assert facts["sessions"] == [
        {"title": event.title, "date": "2027-03-01", "minutes": 60, "attended": True}
    ]
    assert (facts["cpd_type"], facts["cpd_credits"], facts["credits"]) == ("", None, [])
    assert facts["certificate_number"] == certificate.certificate_number
    assert facts["verification_url"] == (
        f"http://localhost:8000/verify/{certificate.verification_code}/"
    )
    assert {rule["code"] for rule in facts["eligibility"]} >= {"attendance_percent", "not_revoked"}


def test_what_was_issued_never_changes(event, registration, organizer):
    issue(event, organizer)
    before = Certificate.objects.get()

    Event.objects.update(title="Something else")
    registration.full_name = "Somebody Else"
    registration.save()
    issue(event, organizer)

    after = Certificate.objects.get()
    assert after.certificate_data == before.certificate_data
    assert (after.content_sha256, after.holder_name) == (before.content_sha256, "Ada Lovelace")


def test_issuing_again_finds_the_same_certificate(event, registration, organizer):
    issue(event, organizer)

    again = issue(event, organizer)

    assert (again.issued, again.existing) == (0, 1)
    assert again.certificate_uuids == [str(Certificate.objects.get().uuid)]
    assert used(event) == 1


def test_credits_are_printed_as_they_were_awarded(event, registration, organizer):
    award(registration, value="2.75", credit_type="CME")

    issue(event, organizer)

    facts = Certificate.objects.get().certificate_data
    assert (facts["cpd_type"], facts["cpd_credits"]) == ("CME", "2.75")
    assert [(line["amount"], line["unit"]) for line in facts["credits"]] == [
        ("2.75", "CME credits")
    ]


@pytest.mark.parametrize("state", ["published", "live", "closed", "cancelled"])
def test_an_event_that_is_not_completed_issues_nothing(organizer, state):
    event = EventFactory(owner=organizer, **{state: True})

    with pytest.raises(InvalidStatus):
        issue(event, organizer)


def test_an_event_without_certificates_issues_none(event, registration, organizer):
    Event.objects.update(certificates_enabled=False)

    with pytest.raises(issuing.NotEnabled):
        issue(event, organizer)


def test_an_inactive_subscription_issues_nothing(event, registration, organizer):
    subscription = organizer.billing_account.subscription
    subscription.trial_end = timezone.now() - timedelta(days=1)
    subscription.save()

    with pytest.raises(issuing.entitlements.SubscriptionRequired):
        issue(event, organizer)


def test_a_request_beyond_the_plan_issues_nothing_at_all(event, registration, organizer):
    attended(event=event)
    allow(organizer, 1)

    with pytest.raises(LimitReached) as refused:
        issue(event, organizer)

    assert refused.value.details == {
        "limit": "certificates_per_month",
        "max": 1,
        "used": 0,
        "requested": 2,
        "plan": "trial",
    }
    assert not Certificate.objects.exists()
    assert not OutboxTask.objects.filter(name="certificates.build_artifacts").exists()


def test_a_dry_run_tells_and_leaves_nothing(event, registration, organizer):
    outcome = issue(event, organizer, dry_run=True)

    assert (outcome.issued, outcome.certificate_uuids) == (1, [])
    assert not Certificate.objects.exists()
    assert used(event) == 0


def test_bulk_never_stops_at_one_person(event, registration, organizer):
    absent = attended(event=event, attendance_eligible=False, total_attendance_minutes=0)
    absent.session_attendance.update(total_attendance_minutes=0, attended=False)
    foreign, unknown = attended(), uuid4()

    outcome = issuing.issue_for_event(
        event,
        by=organizer,
        registration_uuids=[absent.uuid, registration.uuid, foreign.uuid, unknown],
    )

    found = {result.registration_uuid: (result.outcome, result.code) for result in outcome.results}
    assert found == {
        registration.uuid: ("issued", ""),
        absent.uuid: ("skipped", "ATTENDANCE_TOO_LOW"),
        foreign.uuid: ("skipped", "NOT_FOUND"),
        unknown: ("skipped", "NOT_FOUND"),
    }


def test_naming_only_people_in_vain_is_refused_with_their_common_code(event, organizer):
    pending = attended(event=event, attendance_finalized_at=None)

    with pytest.raises(issuing.RuleViolation) as refused:
        issue(event, organizer, pending)

    assert refused.value.code == "ATTENDANCE_NOT_FINAL"
    assert refused.value.details["results"][0]["registration_uuid"] == str(pending.uuid)


def test_naming_only_people_in_vain_for_different_reasons_has_a_code_of_its_own(event, organizer):
    pending = attended(event=event, attendance_finalized_at=None)

    with pytest.raises(issuing.RuleViolation) as refused:
        issuing.issue_for_event(event, by=organizer, registration_uuids=[pending.uuid, uuid4()])

    assert refused.value.code == "NOTHING_ISSUED"


@pytest.mark.parametrize(
    ("name", "code", "details"),
    [
        (
            "Ada 𠮷",
            "NAME_NOT_PRINTABLE",
            {"field": "attendee_name", "characters": ["𠮷"]},
        ),
        ("W" * 255, "TEXT_DOES_NOT_FIT", {"field": "attendee_name"}),
    ],
)
def test_a_name_that_cannot_be_printed_is_skipped(event, organizer, name, code, details):
    attended(event=event, full_name=name)

    outcome = issue(event, organizer)

    assert [(result.code, result.details) for result in outcome.results] == [(code, details)]


def test_a_scheme_without_its_field_refuses_the_certificate(event, registration, organizer):
    award(registration)
    CreditSchemeVersion.objects.update(
        certificate_required_fields=["provider_number", "title", "signature", "field_of_study"]
    )

    with pytest.raises(issuing.RuleViolation) as refused:
        issue(event, organizer, registration)

    assert refused.value.code == "CERTIFICATE_FIELDS_MISSING"
    assert refused.value.details["results"][0]["details"] == {
        "missing": [
            {"scheme": "SIMPLE", "fields": ["provider_number", "signature", "field_of_study"]}
        ]
    }
    assert not Certificate.objects.exists()


def test_an_event_without_a_title_states_nothing(event, registration, organizer):
    Event.objects.update(title="")

    outcome = issue(event, organizer)

    assert [result.code for result in outcome.results] == ["REQUIRED_DATA_MISSING"]


def test_a_template_named_is_used_in_its_latest_version(event, registration, organizer):
    first = CertificateTemplateFactory(owner=organizer, is_latest_version=False)
    latest = CertificateTemplateFactory(
        owner=organizer, chain=first.chain, version=2, validity_months=1
    )

    issue(event, organizer, template_uuid=first.uuid)

    certificate = Certificate.objects.get()
    latest.refresh_from_db()
    assert certificate.template == latest
    assert latest.last_used_at is not None
    issued_on = date.fromisoformat(certificate.certificate_data["issued_date"])
    assert certificate.expires_on == snapshots.expiry(issued_on, 1)


@pytest.mark.parametrize("facts", [{}, {"is_active": False, "own": True}])
def test_a_foreign_or_inactive_template_is_refused(event, registration, organizer, facts):
    owner = {"owner": organizer} if facts.pop("own", False) else {}
    template = CertificateTemplateFactory(**owner, **facts)

    with pytest.raises(templates.UnknownTemplate):
        issue(event, organizer, template_uuid=template.uuid)


def test_the_expiry_of_the_request_wins(event, registration, organizer):
    issue(event, organizer, expires_on=date(2030, 1, 1))

    certificate = Certificate.objects.get()
    assert certificate.expires_on == date(2030, 1, 1)
    assert certificate.certificate_data["expires_on"] == "2030-01-01"


def test_a_code_that_is_taken_is_drawn_again(event, registration, organizer, monkeypatch):
    taken = CertificateFactory()
    drawn = iter([taken.short_code, "ABCDEFGH"])
    monkeypatch.setattr(issuing.codes, "short_code", lambda: next(drawn))

    issue(event, organizer)

    certificate = Certificate.objects.get(registration=registration)
    assert certificate.short_code == "ABCDEFGH"
    assert certificate.certificate_data["short_code"] == "ABCDEFGH"


def test_when_no_code_is_free_nothing_is_issued(event, registration, organizer, monkeypatch):
    taken = CertificateFactory()
    monkeypatch.setattr(issuing.codes, "short_code", lambda: taken.short_code)

    with pytest.raises(issuing.IntegrityError):
        issue(event, organizer)

    assert Certificate.objects.get() == taken


def test_a_certificate_that_appears_meanwhile_is_found(event, registration, organizer, monkeypatch):
    monkeypatch.setattr(issuing.eligibility, "_latest", lambda keys: {})
    known = CertificateFactory(registration=registration)

    outcome = issue(event, organizer)

    assert (outcome.existing, outcome.certificate_uuids) == (1, [str(known.uuid)])


def test_revoking_withdraws_certificate_and_credits(event, registration, organizer):
    award(registration, value="2.75")
    issue(event, organizer)
    certificate = Certificate.objects.with_relations().get()

    issuing.revoke(certificate, by=organizer, reason="Issued by mistake.")

    certificate.refresh_from_db()
    event.refresh_from_db()
    registration.refresh_from_db()
    assert (certificate.status, certificate.revoked_by) == ("revoked", organizer)
    assert certificate.revocation_reason == "Issued by mistake."
    assert (event.certificate_count, registration.certificate_issued_at) == (0, None)
    assert CreditAward.objects.filter(kind="revoke", registration=registration).exists()
    mail = OutgoingEmail.objects.get(kind="certificate_revoked")
    assert (mail.to_email, mail.category) == ("ada@example.org", "account")
    assert "Issued by mistake." in mail.text
    assert used(event) == 1


def test_revoking_can_keep_credits_and_silence(event, registration, organizer):
    award(registration)
    issue(event, organizer)

    issuing.revoke(
        Certificate.objects.with_relations().get(),
        by=organizer,
        reason="Wrong design.",
        notify_attendee=False,
        keep_credits=True,
    )

    assert not CreditAward.objects.filter(kind="revoke").exists()
    assert not OutgoingEmail.objects.filter(kind="certificate_revoked").exists()


def test_revoking_twice_is_refused(organizer, event):
    certificate = CertificateFactory(registration=attended(event=event), revoked=True)

    with pytest.raises(issuing.AlreadyRevoked):
        issuing.revoke(certificate, by=organizer, reason="Again.")


def test_revoking_what_was_superseded_is_refused(organizer, event):
    certificate = CertificateFactory(registration=attended(event=event), status="superseded")

    with pytest.raises(issuing.AlreadySuperseded):
        issuing.revoke(certificate, by=organizer, reason="Too late.")


def test_nothing_remains_of_a_revocation_that_fails_late(
    event, registration, organizer, monkeypatch
):
    issue(event, organizer)
    monkeypatch.setattr(issuing.emails, "certificate_revoked", lambda certificate: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        issuing.revoke(Certificate.objects.with_relations().get(), by=organizer, reason="Mistake.")

    assert Certificate.objects.get().status == "active"


def test_a_revoked_person_is_issued_anew_only_by_name(event, registration, organizer):
    issue(event, organizer)
    issuing.revoke(Certificate.objects.with_relations().get(), by=organizer, reason="Mistake.")

    everybody = issue(event, organizer)
    named = issue(event, organizer, registration, allow_after_revocation=True)

    assert [result.code for result in everybody.results] == ["PREVIOUSLY_REVOKED"]
    assert named.issued == 1
    assert Certificate.objects.filter(status="active").count() == 1


def test_issuing_costs_the_same_reads_for_many(event, organizer, django_assert_max_num_queries):
    for _ in range(3):
        attended(event=event)

    with django_assert_max_num_queries(30 + 3 * 8):
        outcome = issue(event, organizer)

    assert outcome.issued == 3


@pytest.mark.parametrize(
    ("issued_on", "months", "expected"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 12, 15), None, None),
    ],
)
def test_expiry_is_clamped_to_the_month(issued_on, months, expected):
    assert snapshots.expiry(issued_on, months) == expected


def test_classic_is_there_for_everybody():
    assert [
        (template.name, template.orientation)
        for template in CertificateTemplate.objects.filter(is_builtin=True).order_by("name")
    ] == [("Classic", "landscape"), ("Classic portrait", "portrait")]
