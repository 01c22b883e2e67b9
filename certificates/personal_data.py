"""What certificates keep of a person: the document as printed, shown to nobody any more."""

from django.db.models import F, Max
from django.utils import timezone

from accounts.models import User
from accounts.privacy import Collected, Kept, Person, table
from certificates.models import Certificate, CertificateStatusHistory, CertificateTemplate
from certificates.querysets import CertificateQuerySet, CertificateTemplateQuerySet
from common.models import StoredFile
from common.personal_data import declare

declare(
    CertificateTemplate,
    # Printed on what was issued; a design nothing was issued by goes.
    kept="name description signatory_name signatory_title signatory_2_name signatory_2_title",
    impersonal="background_file background_sha256 field_positions default_color logo_image "
    "signature_image signature_2_image language",
)
declare(
    Certificate,
    erased="holder_email",
    kept="holder_name certificate_data revocation_reason",
    impersonal="verification_code short_code content_sha256 pdf_key pdf_sha256 pdf_error "
    "signer_name signer_cert_sha256 review_codes",
)
declare(CertificateStatusHistory, kept="reason", impersonal="from_status to_status")


def collect(person: Person) -> Collected:
    """Return the person's certificates with their snapshots and PDFs, and designs they made."""
    rows = _of(person)
    stored = StoredFile.objects.filter(key__in=rows.exclude(pdf_key="").values("pdf_key"))
    return Collected(
        {
            "certificates": table(
                rows, "uuid", "status", "short_code", "verification_code", "issued_at",
                "expires_on", "holder_name", "holder_email", "allow_public_verification",
                "certificate_data", "revoked_at", "revocation_reason", "view_count",
                "download_count", "retain_until", event_uuid=F("registration__event__uuid"),
            ),
            "certificate_templates": table(
                _designs(person.user), "uuid", "name", "description", "version",
                "signatory_name", "signatory_title", "created_at",
            ),
        },
        {file.filename: file for file in stored},
    )  # fmt: skip


def erase(person: Person) -> dict[str, int]:
    """Hide the certificates and forget where they were sent; drop designs nobody holds."""
    rows = list(_of(person).values_list("pk", "uuid"))
    person.rows.update(uuid for _, uuid in rows)
    hidden = Certificate.objects.filter(pk__in=[pk for pk, _ in rows]).update(
        allow_public_verification=False, holder_email="", updated_at=timezone.now()
    )
    unused = _designs(person.user).filter(certificates=None)
    keys = list(unused.values_list("pk", flat=True))
    CertificateTemplate.all_objects.filter(pk__in=keys).hard_delete()
    return {
        "certificates.Certificate": hidden,
        "certificates.CertificateTemplate": len(keys),
    }


def keep(person: Person) -> Kept:
    """Tell how many certificates stay as evidence, and until when."""
    rows = _of(person)
    return Kept("certificates", rows.count(), rows.aggregate(last=Max("retain_until"))["last"])


def _of(person: Person) -> CertificateQuerySet:
    owned = person.owns("registration__user", "registration__email")
    rows: CertificateQuerySet = Certificate.objects.filter(owned)
    return rows


def _designs(user: User | None) -> CertificateTemplateQuerySet:
    rows: CertificateTemplateQuerySet
    rows = CertificateTemplate.all_objects.filter(organization=None, is_builtin=False)
    return rows.filter(owner=user) if user else rows.none()
