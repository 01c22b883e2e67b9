"""The mail queue and log."""

from django.db import models
from django.utils import timezone

from common.fields import EncryptedTextField, LowercaseEmailField
from common.models.base import BaseModel


class OutgoingEmail(BaseModel):
    """One message to one recipient: queue and log in one."""

    class Category(models.TextChoices):
        SECURITY = "security"
        ACCOUNT = "account"
        REGISTRATION = "registration"
        REMINDER = "reminder"
        CERTIFICATE = "certificate"
        ORGANIZER_REGISTRATION = "organizer_registration"
        ORGANIZER_SUMMARY = "organizer_summary"
        LEARNING = "learning"
        BILLING = "billing"
        INVITATION = "invitation"
        MARKETING = "marketing"

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        DELIVERED = "delivered"
        OPENED = "opened"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        FAILED = "failed"
        SKIPPED = "skipped"

    kind = models.CharField(max_length=60)
    category = models.CharField(max_length=30, choices=Category.choices)
    to_email = LowercaseEmailField()
    to_name = models.CharField(max_length=255, blank=True)
    recipient_uuid = models.UUIDField(null=True, blank=True)
    from_name = models.CharField(max_length=255, blank=True)
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=500)
    # Null once forgotten: security messages at once after sending, others after a month.
    text = EncryptedTextField(null=True, blank=True)  # type: ignore[misc]  # typed as never null
    html = EncryptedTextField(null=True, blank=True)  # type: ignore[misc]  # the same
    attachments = models.JSONField(default=list, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    organization_uuid = models.UUIDField(null=True, blank=True)
    owner_uuid = models.UUIDField(null=True, blank=True)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_uuid = models.UUIDField(null=True, blank=True)
    # The larger whole that subject belongs to, and whose people may read this log: an event.
    part_of_uuid = models.UUIDField(null=True, blank=True)
    dedupe_key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    send_after = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    skip_reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    last_error = models.CharField(max_length=1000, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["status", "send_after"], name="common_email_due"),
            models.Index(fields=["to_email"], name="common_email_to"),
            models.Index(fields=["subject_type", "subject_uuid"], name="common_email_subject"),
            models.Index(
                fields=["part_of_uuid", "-created_at"],
                condition=models.Q(part_of_uuid__isnull=False),
                name="common_email_part_of",
            ),
            models.Index(fields=["provider_message_id"], name="common_email_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.status})"
