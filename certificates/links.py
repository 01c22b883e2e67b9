"""Ways to a certificate: for holders without an account, and into a LinkedIn profile."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing

from certificates.models import Certificate
from common.exceptions import LinkExpired, NotFound

SALT = "certificates.open"
LIFETIME_SECONDS = 30 * 24 * 3600
LINKEDIN = "https://www.linkedin.com/profile/add"


def open_link(certificate: Certificate) -> str:
    """Return the link of an e-mail: into the web client, or for guests a signed one to the file."""
    if certificate.holder.user_id is not None:
        return f"{settings.FRONTEND_URL}/certificates/{certificate.uuid}"
    token = signing.dumps(str(certificate.uuid), salt=SALT)
    return f"{settings.PUBLIC_BASE_URL}/certificates/open/{token}/"


def opened(token: str) -> Certificate:
    """Return the certificate of a signed link; forged is not found, late or inactive gone."""
    try:
        uuid = UUID(str(signing.loads(token, salt=SALT, max_age=LIFETIME_SECONDS)))
    except signing.SignatureExpired as error:
        raise LinkExpired from error
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    certificate = Certificate.objects.with_relations().filter(uuid=uuid).first()
    if certificate is None:
        raise NotFound
    if certificate.status != Certificate.Status.ACTIVE:
        raise LinkExpired("This certificate is no longer valid.")
    return certificate


def linkedin(certificate: Certificate) -> str | None:
    """Return the link that adds the certificate to a profile; for active and public ones only."""
    if certificate.status != Certificate.Status.ACTIVE or not certificate.allow_public_verification:
        return None
    facts = certificate.certificate_data
    parameters: dict[str, str | int] = {
        "startTask": "CERTIFICATION_NAME",
        "name": facts["event_title"],
        "organizationName": facts["organizer_name"],
        "issueYear": certificate.issued_at.year,
        "issueMonth": certificate.issued_at.month,
    }
    if certificate.expires_on is not None:
        parameters["expirationYear"] = certificate.expires_on.year
        parameters["expirationMonth"] = certificate.expires_on.month
    parameters["certUrl"] = certificate.verification_url
    parameters["certId"] = certificate.certificate_number
    return f"{LINKEDIN}?{urlencode(parameters)}"
