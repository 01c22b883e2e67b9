"""The end of a certificate's record: after its last day, for people who are gone."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.privacy import NOBODY
from certificates.models import Certificate
from certificates.querysets import CertificateQuerySet
from common import files
from common.models import StoredFile

REDACTED = "Erased"
# What the snapshot says of the holder; dates, activity and hashes stay.
ABOUT_THE_HOLDER: dict[str, Any] = {
    "attendee_name": REDACTED,
    "attendee_title": "",
    "attendee_credentials": "",
    "attendee_organization": "",
    "licences": [],
    "custom_fields": [],
}


def due(cutoff: datetime) -> CertificateQuerySet:
    """Return the records whose last day is over and whose holder was erased."""
    rows: CertificateQuerySet = Certificate.objects.filter(
        retain_until__lt=cutoff.date(),
        registration__email__endswith=f"@{NOBODY}",
        redacted_at=None,
    )
    return rows


def redact(rows: QuerySet[Certificate]) -> int:
    """Take the holder out of the record and delete the document; the codes are unknown then."""
    count = 0
    for certificate in rows.select_related("registration__event__organization"):
        for stored in StoredFile.objects.filter(key=certificate.pdf_key):
            files.discard(stored)
        certificate.holder_name = REDACTED
        certificate.certificate_data = {**certificate.certificate_data, **ABOUT_THE_HOLDER}
        certificate.redacted_at = timezone.now()
        certificate.save(update_fields=["holder_name", "certificate_data", "redacted_at"])
        certificate.note("redacted")
        count += 1
    return count
