"""Holders and designers of certificates who leave."""

from datetime import date

import pytest

from accounts import erasure, privacy
from certificates.models import Certificate, CertificateTemplate
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
