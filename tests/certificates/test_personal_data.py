"""Holders and designers of certificates who leave."""

from datetime import date

import pytest
from django.utils import timezone

from accounts import erasure, privacy
from certificates.models import Certificate, CertificateTemplate
from common import files, retention
from common.models import StoredFile
from tests.factories.certificates import CertificateFactory, CertificateTemplateFactory

pytestmark = pytest.mark.django_db


def test_the_document_stays_as_printed_and_nobody_is_shown_it(attendee):
    certificate = CertificateFactory(
        registration__user=attendee, holder_name="Ada Attendee", holder_email=attendee.email
    )
    before = certificate.certificate_data

    counts = erasure.erase(attendee, by=attendee, action="account.erased")

    certificate.refresh_from_db()
    assert counts["certificates.Certificate"] == 1
    assert (certificate.holder_name, certificate.certificate_data) == ("Ada Attendee", before)
    assert (certificate.holder_email, certificate.allow_public_verification) == ("", False)


def test_a_guests_certificate_is_theirs_by_address():
    certificate = CertificateFactory(registration__email="ada@example.org")
    other = CertificateFactory()

    erasure.erase_address("ada@example.org", by=None, reason="By letter.")

    shown = Certificate.objects.filter(allow_public_verification=True)
    assert list(shown) == [other]
    assert Certificate.objects.filter(pk=certificate.pk).exists()


def test_designs_go_but_for_those_something_was_issued_by(organizer, organization):
    CertificateTemplateFactory(owner=organizer)
    used = CertificateTemplateFactory(owner=organizer)
    CertificateFactory(template=used)
    shared = CertificateTemplateFactory(owner=organizer, organization=organization)

    counts = erasure.erase(organizer, by=organizer, action="account.erased")

    mine = CertificateTemplate.all_objects.filter(owner=organizer)
    assert counts["certificates.CertificateTemplate"] == 1
    assert set(mine) == {used, shared}


def test_what_is_kept_is_told_with_its_last_day(attendee):
    for year in (2030, 2034):
        CertificateFactory(registration__user=attendee, retain_until=date(year, 5, 1))

    kept = privacy.kept(privacy.of(attendee))

    assert kept == [privacy.Kept("certificates", 2, date(2034, 5, 1))]


@pytest.mark.parametrize(
    ("until", "has_left", "is_redacted"),
    [
        (date(2020, 1, 1), True, True),
        (date(2020, 1, 1), False, False),
        (date(2099, 1, 1), True, False),
    ],
    ids=["over", "still somebody", "to be kept"],
)
def test_after_its_last_day_the_record_of_an_erased_person_says_nobody(
    attendee, until, has_left, is_redacted
):
    stored = files.store_bytes(
        b"%PDF", filename="c.pdf", content_type="application/pdf", purpose="certificate"
    )
    certificate = CertificateFactory(
        registration__user=attendee, holder_name="Ada Attendee", retain_until=until,
        pdf_key=stored.key, pdf_sha256=stored.sha256, pdf_status="ready",
    )  # fmt: skip
    title = certificate.certificate_data["event_title"]
    if has_left:
        erasure.erase(attendee, by=attendee, action="account.erased")

    retention.apply(timezone.now())
    retention.apply(timezone.now())

    certificate.refresh_from_db()
    facts = certificate.certificate_data
    assert (certificate.redacted_at is not None) == is_redacted
    assert (certificate.holder_name == "Erased") == is_redacted
    assert (facts["attendee_name"] == "Erased", facts["event_title"]) == (is_redacted, title)
    assert StoredFile.objects.filter(pk=stored.pk).exists() != is_redacted
    assert certificate.history.filter(action="redacted").count() == is_redacted
