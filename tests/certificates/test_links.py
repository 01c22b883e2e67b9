import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from certificates import links
from common.exceptions import LinkExpired, NotFound
from tests.factories.certificates import CertificateFactory

pytestmark = pytest.mark.django_db


def token_of(certificate):
    return links.open_link(certificate).rstrip("/").rpartition("/")[2]


def test_the_link_of_a_guest_opens_the_certificate():
    certificate = CertificateFactory()

    assert links.opened(token_of(certificate)) == certificate


def test_the_link_lasts_thirty_days():
    with time_machine.travel("2026-11-01", tick=False):
        token = token_of(CertificateFactory())

    with time_machine.travel("2026-11-30", tick=False):
        assert links.opened(token)
    with time_machine.travel("2026-12-02", tick=False), pytest.raises(LinkExpired):
        links.opened(token)


@pytest.mark.parametrize("status", [{"revoked": True}, {"status": "superseded"}])
def test_the_link_of_an_inactive_certificate_is_gone(status):
    with pytest.raises(LinkExpired):
        links.opened(token_of(CertificateFactory(**status)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        signing.dumps("00000000-0000-4000-8000-000000000000", salt="certificates.open"),
        signing.dumps("no uuid", salt="certificates.open"),
        signing.dumps(7, salt="certificates.open"),
        signing.dumps("00000000-0000-4000-8000-000000000000", salt="something.else"),
    ],
    ids=["empty", "nonsense", "nobody", "no uuid", "a number", "another purpose"],
)
def test_a_forged_link_is_not_found(token):
    with pytest.raises(NotFound):
        links.opened(token)


def test_a_profile_link_says_everything():
    issued_at = timezone.datetime(2026, 11, 21, 9, 0, tzinfo=timezone.get_current_timezone())
    certificate = CertificateFactory(issued_at=issued_at, expires_on=issued_at.date())

    url = links.linkedin(certificate)

    assert url.startswith(
        "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name=Wound+care"
    )
    assert "&issueYear=2026&issueMonth=11&expirationYear=2026&expirationMonth=11" in url
    assert url.endswith(f"&certId={certificate.certificate_number}")


@pytest.mark.parametrize("facts", [{"revoked": True}, {"allow_public_verification": False}])
def test_inactive_and_private_certificates_have_no_profile_link(facts):
    assert links.linkedin(CertificateFactory(**facts)) is None
