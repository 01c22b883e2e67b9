"""Statements of fact made on one day, and what became of them."""

from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from certificates.models.template import CertificateTemplate
from certificates.querysets import CertificateQuerySet
from common import audit, codes
from common.exceptions import Conflict, RateLimited
from common.fields import LowercaseEmailField
from common.models import AppendOnlyModel, BaseModel
from events.models import Event
from registrations.models import Registration

RESEND_SECONDS = 600


class NotFailed(Conflict):
    """Only a PDF that could not be made is made again."""

    code = "NOT_FAILED"
    message = "The PDF of this certificate has not failed."


class NotActive(Conflict):
    """Only an active certificate is delivered."""

    code = "NOT_ACTIVE"
    message = "This certificate is not active."


class Certificate(BaseModel):
    """A statement of who attended what, for how long and for how many credits.

    It never changes: it is superseded by a corrected one or revoked with a reason.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        REVOKED = "revoked"
        SUPERSEDED = "superseded"

    class PdfStatus(models.TextChoices):
        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"

    class ReviewCode(models.TextChoices):
        CREDITS_WITHDRAWN = "CREDITS_WITHDRAWN"
        ATTENDANCE_CHANGED = "ATTENDANCE_CHANGED"
        REGISTRATION_CANCELLED = "REGISTRATION_CANCELLED"

    # What was stated once: the database refuses a change, but for the redaction at the end.
    STATED = frozenset(
        {
            "registration_id",
            "template_id",
            "issued_by_id",
            "verification_code",
            "short_code",
            "supersedes_id",
            "issued_at",
            "expires_on",
            "holder_name",
            "certificate_data",
            "content_sha256",
            "schema_version",
        }
    )

    registration = models.ForeignKey(
        Registration, null=True, blank=True, on_delete=models.PROTECT, related_name="certificates"
    )
    template = models.ForeignKey(
        CertificateTemplate, on_delete=models.PROTECT, related_name="certificates"
    )
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verification_code = models.CharField(
        max_length=22, unique=True, default=codes.verification_code
    )
    short_code = models.CharField(max_length=8, unique=True, default=codes.short_code)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    issued_at = models.DateTimeField(default=timezone.now)
    expires_on = models.DateField(null=True, blank=True)
    holder_name = models.CharField(max_length=255)
    holder_email = LowercaseEmailField(blank=True)
    allow_public_verification = models.BooleanField(default=True)
    certificate_data = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField(default=1)
    pdf_status = models.CharField(
        max_length=7, choices=PdfStatus.choices, default=PdfStatus.PENDING
    )
    pdf_key = models.CharField(max_length=500, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    pdf_size_bytes = models.PositiveIntegerField(default=0)
    pdf_generated_at = models.DateTimeField(null=True, blank=True)
    pdf_attempts = models.PositiveSmallIntegerField(default=0)
    pdf_error = models.CharField(max_length=500, blank=True)
    signer_name = models.CharField(max_length=255, blank=True)
    signer_cert_sha256 = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revocation_reason = models.TextField(max_length=500, blank=True)
    review_codes = models.JSONField(default=list, blank=True)
    send_notification = models.BooleanField(default=True)
    email_sent_at = models.DateTimeField(null=True, blank=True)
    first_viewed_at = models.DateTimeField(null=True, blank=True)
    view_count = models.PositiveIntegerField(default=0)
    downloaded_at = models.DateTimeField(null=True, blank=True)
    download_count = models.PositiveIntegerField(default=0)
    retain_until = models.DateField()
    redacted_at = models.DateTimeField(null=True, blank=True)

    objects = CertificateQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["-issued_at", "-uuid"]
        indexes = [
            models.Index(fields=["holder_email"], name="certificates_certificate_email"),
            models.Index(fields=["status", "expires_on"], name="certificates_certificate_end"),
            models.Index(
                fields=["pdf_generated_at"],
                condition=~Q(pdf_status="ready"),
                name="certificates_certificate_todo",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="certificates_certificate_one_holder", condition=Q(registration__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(status="active"),
                name="certificates_certificate_one_active_per_registration",
            ),
            models.CheckConstraint(
                name="certificates_certificate_revocation_is_whole",
                condition=Q(revoked_at=None, revoked_by=None, revocation_reason="")
                | Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revocation_reason=""),
            ),
            models.CheckConstraint(
                name="certificates_certificate_revoked_iff_dated",
                condition=Q(status="revoked", revoked_at__isnull=False)
                | ~Q(status="revoked") & Q(revoked_at=None),
            ),
            models.CheckConstraint(
                name="certificates_certificate_ready_is_stored",
                condition=~Q(pdf_status="ready") | ~Q(pdf_key="") & ~Q(pdf_sha256=""),
            ),
        ]

    def __str__(self) -> str:
        return self.certificate_number

    @property
    def certificate_number(self) -> str:
        return number(self.issued_at, self.short_code)

    @property
    def verification_url(self) -> str:
        return f"{settings.PUBLIC_BASE_URL}/verify/{self.verification_code}/"

    @property
    def holder(self) -> Registration:
        """The registration behind it; a constraint sees to it that there is one."""
        return cast("Registration", self.registration)

    @property
    def holder_id(self) -> int:
        return cast("int", self.registration_id)

    @property
    def event(self) -> Event:
        return self.holder.event

    @property
    def is_expired(self) -> bool:
        """Valid to the end of its last day where the event took place."""
        return self.expires_on is not None and self._today() > self.expires_on

    @property
    def is_valid(self) -> bool:
        return self.status == self.Status.ACTIVE and not self.is_expired

    @property
    def needs_review(self) -> bool:
        return bool(self.review_codes)

    @property
    def is_downloaded(self) -> bool:
        return self.downloaded_at is not None

    @transaction.atomic
    def show_publicly(self, *, by: User, allow_public_verification: bool | None = None) -> None:
        """Let strangers verify the certificate, or hide it from them; None leaves it."""
        allowed = allow_public_verification
        if allowed is None or allowed == self.allow_public_verification:
            return
        self.allow_public_verification = allowed
        self.save(update_fields=["allow_public_verification"])
        self.note("visibility", by=by, reason="public" if allowed else "private")

    @transaction.atomic
    def flag(self, code: str, *, found: str) -> bool:
        """Ask for a person's judgement; tell whether that is news."""
        current = Certificate.objects.select_for_update(no_key=True).get(pk=self.pk)
        if code in current.review_codes:
            return False
        self.review_codes = sorted([*current.review_codes, code])
        self.save(update_fields=["review_codes"])
        self.note("flagged", reason=f"{code}: {found}"[:500])
        return True

    @transaction.atomic
    def dismiss_review(self, *, by: User, reason: str) -> None:
        """Leave the certificate as it is although something changed since."""
        if not self.review_codes:
            return
        self.review_codes = []
        self.save(update_fields=["review_codes"])
        self.note("cleared", by=by, reason=reason)

    def note_download(self) -> None:
        """Count a download."""
        rows = Certificate.objects.filter(pk=self.pk)
        rows.update(download_count=F("download_count") + 1)
        rows.filter(downloaded_at=None).update(downloaded_at=timezone.now())

    def mark_downloaded(self, *, by: User) -> None:
        """Note that the holder has the file, without counting another download."""
        rows = Certificate.objects.filter(pk=self.pk, downloaded_at=None)
        rows.update(downloaded_at=timezone.now())

    def note_view(self) -> None:
        """Count a look at the public page."""
        rows = Certificate.objects.filter(pk=self.pk)
        rows.filter(first_viewed_at=None).update(first_viewed_at=timezone.now())
        rows.update(view_count=F("view_count") + 1)

    @transaction.atomic
    def rebuild(self, *, by: User) -> None:
        """Try again to make the PDF that could not be made."""
        current = Certificate.objects.select_for_update(no_key=True).get(pk=self.pk)
        if current.pdf_status != self.PdfStatus.FAILED:
            raise NotFailed
        self.pdf_status, self.pdf_attempts, self.pdf_error = self.PdfStatus.PENDING, 0, ""
        self.save(update_fields=["pdf_status", "pdf_attempts", "pdf_error"])
        self.note("rebuilt", by=by)

    def require_resendable(self, now: datetime) -> None:
        """Refuse a mail about an inactive certificate, and one within ten minutes of the last."""
        if self.status != self.Status.ACTIVE:
            raise NotActive
        since = (now - self.email_sent_at).total_seconds() if self.email_sent_at else RESEND_SECONDS
        if since < RESEND_SECONDS:
            wait = int(RESEND_SECONDS - since) + 1
            raise RateLimited("The certificate was sent just now.", retry_after=wait)

    def note(
        self, action: str, *, by: User | None = None, reason: str = "", before: str | None = None
    ) -> None:
        """Append to the history, and to the audit log of the event's tenant."""
        self.history.create(
            action=action,
            from_status=self.status if before is None else before,
            to_status=self.status,
            actor=by,
            reason=reason,
        )
        audit.record(
            f"certificate.{action}",
            target=self,
            by=by,
            organization=self.event.organization,
            owner=self.event.owner,
            reason=reason,
        )

    def _today(self) -> date:
        zone = ZoneInfo(self.certificate_data.get("event_timezone") or "UTC")
        return timezone.now().astimezone(zone).date()


class CertificateStatusHistory(AppendOnlyModel):
    """One thing that happened to a certificate."""

    class Action(models.TextChoices):
        ISSUED = "issued"
        REVOKED = "revoked"
        SUPERSEDED = "superseded"
        VISIBILITY = "visibility"
        FLAGGED = "flagged"
        CLEARED = "cleared"
        REBUILT = "rebuilt"
        REDACTED = "redacted"

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="history")
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    action = models.CharField(max_length=10, choices=Action.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "certificate status history"
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M}"


def number(issued_at: datetime, short_code: str) -> str:
    """Return the number printed on a certificate."""
    return f"CPD-{issued_at.year}-{short_code}"
