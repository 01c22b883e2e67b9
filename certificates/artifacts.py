"""The signed PDF of a certificate: made once, stored, handed out by links that end."""

import hashlib
from datetime import datetime
from typing import ClassVar

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from certificates import emails, rendering, signing
from certificates.models import Certificate
from certificates.models.certificate import NotActive
from common import audit, files
from common.exceptions import Conflict
from common.files import Download
from common.models import StoredFile
from common.outbox import after_commit

log = structlog.get_logger(__name__)

ATTEMPTS = 8
ASK_AGAIN_SECONDS = 5
SWEEP_SIZE = 500
PdfStatus = Certificate.PdfStatus


class NoPdf(Conflict):
    """The PDF is being made."""

    code: ClassVar[str] = "NO_PDF"
    message: ClassVar[str] = "The PDF is not ready yet. Try again in a few seconds."

    def __init__(self) -> None:
        super().__init__(retry_after=ASK_AGAIN_SECONDS)


class CertificateRevoked(NotActive):
    """A revoked certificate is not handed to its holder."""

    code: ClassVar[str] = "CERTIFICATE_REVOKED"
    message: ClassVar[str] = "This certificate was revoked."


class CertificateSuperseded(NotActive):
    """A corrected certificate took its place."""

    code: ClassVar[str] = "CERTIFICATE_SUPERSEDED"
    message: ClassVar[str] = "This certificate was replaced by a corrected one."


def request(certificate: Certificate) -> None:
    """Ask for the PDF; a pending request absorbs this one."""
    after_commit(
        "certificates.build_artifacts", certificate.pk, key=f"certificates.build:{certificate.pk}"
    )


def build(certificate: Certificate) -> None:
    """Render, sign and store the PDF, then tell the holder. A ready one is left alone."""
    if certificate.pdf_status == PdfStatus.READY:
        return
    try:
        unsigned = rendering.render(certificate.certificate_data, certificate.template)
        signed = signing.sign(unsigned, certificate_number=certificate.certificate_number)
        stored = _store(certificate, signed.content)
    except Exception as error:
        log.warning("certificate not built", certificate=str(certificate.uuid))
        _note_failure(certificate, error)
        raise
    _note_success(certificate, stored, signed)


def sweep(now: datetime) -> int:
    """Ask again for PDFs that are late, and hourly for failed ones; return how many."""
    late = list(Certificate.objects.awaiting_pdf(now).order_by("pk")[:SWEEP_SIZE])
    for certificate in late:
        request(certificate)
    return len(late)


def download(certificate: Certificate) -> Download:
    """Return a link to the file for those who manage it, whatever its status."""
    stored = StoredFile.objects.filter(key=certificate.pdf_key).first()
    if certificate.pdf_status != PdfStatus.READY or stored is None:
        raise NoPdf
    return files.download(stored, inline=True)


def download_for_holder(certificate: Certificate) -> Download:
    """Return a link to an active certificate's file and count the download."""
    if certificate.status == Certificate.Status.REVOKED:
        raise CertificateRevoked
    if certificate.status == Certificate.Status.SUPERSEDED:
        raise CertificateSuperseded(details={"superseded_by": str(certificate.superseded_by.uuid)})
    link = download(certificate)
    certificate.note_download()
    return link


@transaction.atomic
def rebuild(certificate: Certificate, *, by: User) -> None:
    """Make the PDF that could not be made, from the snapshot."""
    certificate.rebuild(by=by)
    # Without a key: an older request may be waiting for its next attempt.
    after_commit("certificates.build_artifacts", certificate.pk)


@transaction.atomic
def resend(certificate: Certificate, *, by: User) -> None:
    """Mail the certificate to its holder once more."""
    now = timezone.now()
    current = Certificate.objects.select_for_update(no_key=True).get(pk=certificate.pk)
    current.require_resendable(now)
    if current.pdf_status != PdfStatus.READY:
        raise NoPdf
    emails.certificate_issued(certificate, occasion=now.isoformat())
    Certificate.objects.filter(pk=certificate.pk).update(email_sent_at=now)
    audit.record("certificate.resent", target=certificate, by=by, owner=certificate.event.owner)


def _store(certificate: Certificate, content: bytes) -> StoredFile:
    holder = certificate.holder.user
    digest = hashlib.sha256(content).hexdigest()
    return files.store_bytes(
        content,
        filename=f"{certificate.certificate_number}.pdf",
        content_type="application/pdf",
        purpose="certificate",
        owner_uuid=holder.uuid if holder else None,
        key=f"certificates/{certificate.uuid}/{digest}.pdf",
    )


@transaction.atomic
def _note_success(certificate: Certificate, stored: StoredFile, signed: signing.Signed) -> None:
    current = Certificate.objects.select_for_update(no_key=True).get(pk=certificate.pk)
    if current.pdf_status == PdfStatus.READY:
        return  # another worker was faster; its bytes are the authority
    certificate.pdf_status, certificate.pdf_error = PdfStatus.READY, ""
    certificate.pdf_key, certificate.pdf_sha256 = stored.key, stored.sha256
    certificate.pdf_size_bytes, certificate.pdf_generated_at = stored.size, timezone.now()
    certificate.signer_name = signed.signer_name
    certificate.signer_cert_sha256 = signed.certificate_sha256
    tells = certificate.send_notification and current.status == Certificate.Status.ACTIVE
    if tells and emails.certificate_issued(certificate):
        certificate.email_sent_at = timezone.now()
    certificate.save(
        update_fields=[
            "pdf_status",
            "pdf_error",
            "pdf_key",
            "pdf_sha256",
            "pdf_size_bytes",
            "pdf_generated_at",
            "signer_name",
            "signer_cert_sha256",
            "email_sent_at",
        ]
    )


def _note_failure(certificate: Certificate, error: Exception) -> None:
    rows = Certificate.objects.filter(pk=certificate.pk).exclude(pdf_status=PdfStatus.READY)
    rows.update(
        pdf_attempts=F("pdf_attempts") + 1,
        pdf_error=f"{type(error).__name__}: {error}"[:500],
        updated_at=timezone.now(),
    )
    given_up = rows.filter(pdf_attempts__gte=ATTEMPTS, pdf_status=PdfStatus.PENDING)
    if given_up.update(pdf_status=PdfStatus.FAILED):
        log.error("certificate PDF failed", certificate=str(certificate.uuid))
        emails.artefact_failed(certificate)
