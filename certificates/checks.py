"""What must be true before certificates are signed for the public."""

from datetime import timedelta
from typing import Any

from cryptography import x509
from django.core.checks import Error, Tags, register
from django.utils import timezone

from certificates import signing

LEAST_VALIDITY = timedelta(days=30)


@register(Tags.security, deploy=True)
def signing_key_is_fit(**_: Any) -> list[Error]:
    """Refuse a deployment that would sign with a key nobody can rely on."""
    try:
        key = signing.signing_key()
    except signing.NoSigningKey:
        return [_error("CERTIFICATE_SIGNING_P12 names no key that can be opened.")]
    found = []
    if key.is_development:
        found.append(_error("Certificates are signed with the development key."))
    if key.certificate.not_valid_after_utc - timezone.now() < LEAST_VALIDITY:
        found.append(_error("The certificate of the signing key expires within 30 days."))
    if not _may_sign_documents(key.certificate):
        found.append(_error("The signing key lacks digitalSignature and nonRepudiation."))
    return found


def _may_sign_documents(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature and usage.content_commitment


def _error(message: str) -> Error:
    return Error(
        message,
        hint="Set CERTIFICATE_SIGNING_P12 to a document signing key of your own.",
        id="certificates.E001",
    )
