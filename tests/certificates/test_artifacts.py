import hashlib
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from pypdf import PdfReader

from certificates import artifacts, issuing, signing, tasks
from certificates.models import Certificate
from common import files
from common.exceptions import RateLimited
from common.models import OutboxTask, OutgoingEmail, StoredFile
from tests.factories.certificates import CertificateFactory, attended

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(event, registration, organizer):
    issuing.issue_for_event(event, by=organizer)
    return Certificate.objects.with_relations().get()


@pytest.fixture
def no_key(monkeypatch):
    """The signing key cannot be had."""

    def missing():
        raise signing.NoSigningKey

    monkeypatch.setattr(signing, "signing_key", missing)


def mails(kind="certificate_issued"):
    return OutgoingEmail.objects.filter(kind=kind)


def test_the_stored_file_is_signed_and_says_who_attended_what(certificate):
    tasks.build_artifacts(certificate.pk)

    certificate.refresh_from_db()
    stored = StoredFile.objects.get(key=certificate.pdf_key)
    content = files.read(stored)
    text = PdfReader(BytesIO(content)).pages[0].extract_text()
    assert hashlib.sha256(content).hexdigest() == certificate.pdf_sha256 == stored.sha256
    assert stored.key == f"certificates/{certificate.uuid}/{stored.sha256}.pdf"
    assert stored.filename == f"{certificate.certificate_number}.pdf"
    assert (certificate.pdf_status, certificate.pdf_size_bytes) == ("ready", len(content))
    assert certificate.signer_name == "CPD Events development"
    code = certificate.short_code
    assert {
        "Ada Lovelace",
        "Advances in Anaesthesia",
        f"Verify {code[:4]}-{code[4:]}",
    } <= set(text.splitlines())


def test_the_holder_is_told_once_the_file_is_ready(certificate):
    assert not mails().exists()

    tasks.build_artifacts(certificate.pk)

    mail = mails().get()
    certificate.refresh_from_db()
    assert (mail.to_email, mail.category) == ("ada@example.org", "certificate")
    assert mail.dedupe_key == f"certificate_issued:{certificate.uuid}"
    assert "http://localhost:8000/certificates/open/" in mail.text
    assert certificate.verification_url in mail.text
    assert mail.attachments == []
    assert certificate.email_sent_at is not None


def test_a_holder_with_an_account_is_led_into_the_client(certificate, registration, attendee):
    registration.user = attendee
    registration.save()

    tasks.build_artifacts(certificate.pk)

    mail = mails().get()
    assert f"http://localhost:3000/certificates/{certificate.uuid}" in mail.text
    assert mail.recipient_uuid == attendee.uuid


def test_building_twice_makes_one_file_and_one_mail(certificate):
    tasks.build_artifacts(certificate.pk)
    before = Certificate.objects.get().pdf_sha256

    tasks.build_artifacts(certificate.pk)
    artifacts.build(certificate)  # a second worker that read the row before

    assert Certificate.objects.get().pdf_sha256 == before
    assert mails().count() == 1


def test_silence_is_kept_when_asked_for(event, registration, organizer):
    issuing.issue_for_event(event, by=organizer, send_notification=False)

    tasks.build_artifacts(Certificate.objects.get().pk)

    assert not mails().exists()


def test_a_certificate_revoked_meanwhile_is_not_announced(certificate, organizer):
    issuing.revoke(certificate, by=organizer, reason="Mistake.", notify_attendee=False)

    tasks.build_artifacts(certificate.pk)

    certificate.refresh_from_db()
    assert certificate.pdf_status == "ready"
    assert not mails().exists()


def test_nobody_is_told_without_an_address(certificate):
    Certificate.objects.update(holder_email="")

    tasks.build_artifacts(certificate.pk)

    assert not mails().exists()


def test_without_a_key_the_certificate_waits(certificate, no_key):
    with pytest.raises(signing.NoSigningKey):
        tasks.build_artifacts(certificate.pk)

    certificate.refresh_from_db()
    assert (certificate.pdf_status, certificate.pdf_attempts) == ("pending", 1)
    assert certificate.pdf_error.startswith("NoSigningKey")
    with pytest.raises(artifacts.NoPdf) as refused:
        artifacts.download(certificate)
    assert refused.value.retry_after == 5


def test_after_eight_failures_people_are_told(certificate, organizer, no_key):
    Certificate.objects.update(pdf_attempts=7)

    with pytest.raises(signing.NoSigningKey):
        tasks.build_artifacts(certificate.pk)

    certificate.refresh_from_db()
    assert certificate.pdf_status == "failed"
    assert mails("artefact_failed").get().to_email == organizer.email


def test_a_failed_file_can_be_made_again(certificate, organizer):
    Certificate.objects.update(pdf_status="failed", pdf_attempts=8, pdf_error="NoSigningKey")
    OutboxTask.objects.all().delete()
    certificate.refresh_from_db()

    artifacts.rebuild(certificate, by=organizer)

    assert (certificate.pdf_status, certificate.pdf_attempts) == ("pending", 0)
    assert certificate.history.filter(action="rebuilt", actor=organizer).count() == 1
    assert OutboxTask.objects.filter(name="certificates.build_artifacts").count() == 1


def test_only_a_failed_file_is_made_again(certificate, organizer):
    with pytest.raises(artifacts.Conflict) as refused:
        artifacts.rebuild(certificate, by=organizer)

    assert refused.value.code == "NOT_FAILED"


def test_the_sweep_finds_late_and_failed_files(certificate):
    OutboxTask.objects.all().delete()
    CertificateFactory(ready=True)
    failed = CertificateFactory(pdf_status="failed")
    now = timezone.now()

    assert artifacts.sweep(now) == 0
    assert artifacts.sweep(now + timedelta(minutes=3)) == 1
    assert artifacts.sweep(now + timedelta(minutes=61)) == 2
    assert set(OutboxTask.objects.values_list("key", flat=True)) == {
        f"certificates.build:{certificate.pk}",
        f"certificates.build:{failed.pk}",
    }


def test_the_sweeps_are_tasks(certificate):
    tasks.artifacts_sweep()
    tasks.issue_owed()

    assert Certificate.objects.count() == 1


def test_a_download_counts_and_leads_to_the_bytes(certificate):
    tasks.build_artifacts(certificate.pk)
    certificate.refresh_from_db()

    link = artifacts.download_for_holder(certificate)

    certificate.refresh_from_db()
    assert (link.sha256, link.content_type) == (certificate.pdf_sha256, "application/pdf")
    assert (certificate.download_count, certificate.is_downloaded) == (1, True)


def test_what_is_no_longer_in_force_is_not_handed_to_the_holder(event):
    revoked = CertificateFactory(registration=attended(event=event), revoked=True, ready=True)
    old = CertificateFactory(registration=attended(event=event), status="superseded", ready=True)
    new = CertificateFactory(registration=old.registration, supersedes=old)

    with pytest.raises(artifacts.CertificateRevoked):
        artifacts.download_for_holder(revoked)
    with pytest.raises(artifacts.CertificateSuperseded) as refused:
        artifacts.download_for_holder(Certificate.objects.get(pk=old.pk))

    assert refused.value.details == {"superseded_by": str(new.uuid)}


def test_a_file_that_the_store_lost_is_no_pdf():
    with pytest.raises(artifacts.NoPdf):
        artifacts.download(CertificateFactory(ready=True))


def test_a_mail_can_be_repeated_every_ten_minutes(certificate, organizer):
    tasks.build_artifacts(certificate.pk)

    with pytest.raises(RateLimited):
        artifacts.resend(certificate, by=organizer)
    Certificate.objects.update(email_sent_at=timezone.now() - timedelta(minutes=11))
    artifacts.resend(certificate, by=organizer)

    assert mails().count() == 2


def test_no_mail_is_repeated_about_a_missing_file_or_a_revoked_certificate(certificate, organizer):
    with pytest.raises(artifacts.NoPdf):
        artifacts.resend(certificate, by=organizer)

    issuing.revoke(certificate, by=organizer, reason="Mistake.")
    with pytest.raises(artifacts.NotActive):
        artifacts.resend(certificate, by=organizer)


def test_visibility_is_noted_only_when_it_changes(certificate, attendee):
    certificate.show_publicly(by=attendee)
    certificate.show_publicly(by=attendee, allow_public_verification=True)
    certificate.show_publicly(by=attendee, allow_public_verification=False)

    assert certificate.history.filter(action="visibility").count() == 1
    assert str(certificate) == certificate.certificate_number
    assert str(certificate.history.first()).startswith("visibility at ")
