import pytest
from django.db import IntegrityError, InternalError, transaction

from certificates.models import Certificate, CertificateStatusHistory, CertificateTemplate
from tests.factories.certificates import (
    CertificateFactory,
    CertificateStatusHistoryFactory,
    CertificateTemplateFactory,
)

pytestmark = pytest.mark.django_db

REFUSED = (IntegrityError, InternalError)


@pytest.mark.parametrize(
    "change",
    [
        {"holder_name": "Somebody Else"},
        {"certificate_data": {"forged": True}},
        {"content_sha256": "0" * 64},
        {"verification_code": "A" * 22},
        {"expires_on": "2100-01-01"},
    ],
)
def test_the_database_refuses_to_change_what_was_stated(change):
    certificate = CertificateFactory()

    with pytest.raises(REFUSED), transaction.atomic():
        Certificate.objects.filter(pk=certificate.pk).update(**change)


def test_certificates_are_never_deleted():
    certificate = CertificateFactory()

    with pytest.raises(REFUSED), transaction.atomic():
        certificate.delete()


def test_a_second_active_certificate_of_a_person_is_refused():
    certificate = CertificateFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateFactory(registration=certificate.registration)


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "revoked"},
        {"revocation_reason": "Mistake."},
        {"pdf_status": "ready"},
    ],
)
def test_facts_that_belong_together_stand_together(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateFactory(**facts)


def test_history_is_written_once():
    entry = CertificateStatusHistoryFactory()

    with pytest.raises(Exception, match="cannot be changed"):
        entry.save()
    with pytest.raises(Exception, match="cannot be deleted"):
        CertificateStatusHistory.objects.all().delete()


@pytest.mark.parametrize(
    "facts",
    [
        {"owner": None},
        {"is_builtin": True},
        {"is_shared": True},
        {"is_default": True, "is_latest_version": False},
    ],
)
def test_designs_that_make_no_sense_are_refused(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateTemplateFactory(**facts)


def test_a_chain_has_one_latest_version():
    first = CertificateTemplateFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateTemplateFactory(owner=first.owner, chain=first.chain, version=2)


def test_an_owner_has_one_default():
    first = CertificateTemplateFactory(is_default=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateTemplateFactory(owner=first.owner, is_default=True)


def test_a_deleted_design_is_hidden_but_still_prints():
    certificate = CertificateFactory(template=CertificateTemplateFactory())

    certificate.template.delete()

    assert not CertificateTemplate.objects.filter(pk=certificate.template.pk).exists()
    assert Certificate.objects.get(pk=certificate.pk).template.is_deleted
