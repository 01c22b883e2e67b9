"""What certificates tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from accounts.webhooks import Content, thing
from certificates.models import Certificate
from events.outbound import ROOT, tell
from events.outbound import SAMPLE as SAMPLE_EVENT
from registrations.outbound import SAMPLE as SAMPLE_REGISTRATION

SAMPLE: Final = "0a9b8c7d-6e5f-4a3b-8c2d-1e0f9a8b7c6d"


def _example(status: str) -> Mapping[str, Any]:
    return {
        "object": "certificate",
        "uuid": SAMPLE,
        "url": f"{ROOT}/events/{SAMPLE_EVENT}/certificates/{SAMPLE}/",
        "registration": SAMPLE_REGISTRATION,
        "status": status,
        "issued_at": "2027-03-10T11:05:00Z",
        "verification_url": "https://cpd.example.org/verify/7Kd93hfj2LsP0qWxYzA1Bc/",
    }


TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "certificate.issued": ("A certificate was issued.", _example("active")),
    "certificate.revoked": ("A certificate was withdrawn or replaced.", _example("revoked")),
}


def about_certificate(certificate: Certificate) -> Content:
    """Return what is said of a certificate; where to check it only if everybody may."""
    is_public = certificate.allow_public_verification
    return thing(
        "certificate",
        certificate,
        f"events/{certificate.event.uuid}/certificates/{certificate.uuid}/",
        registration=certificate.holder.uuid,
        status=certificate.status,
        issued_at=certificate.issued_at,
        verification_url=certificate.verification_url if is_public else None,
    )


def tell_of_certificate(event_type: str, *, certificate: Certificate, **_: Any) -> None:
    """Tell those who listen to the tenant of the event."""
    tell(event_type, certificate.event, partial(about_certificate, certificate))
