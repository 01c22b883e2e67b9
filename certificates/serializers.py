"""Shapes of certificates: for managers, for holders, for everybody."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from certificates import links
from certificates.models import Certificate, CertificateStatusHistory, CertificateTemplate
from common.serializers import ModelSerializer, PersonSerializer, Serializer, TextField

MOST_NAMED = 500


class CreditCategorySerializer(Serializer):
    """How much of a credit counts as what."""

    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    amount = serializers.CharField(read_only=True)


class PublicCreditSerializer(Serializer):
    """One credit line as printed, for everybody."""

    scheme = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    unit = serializers.CharField(read_only=True)
    amount = serializers.CharField(read_only=True)
    categories = CreditCategorySerializer(many=True, read_only=True)
    activity_number = serializers.CharField(read_only=True)
    provider_number = serializers.CharField(read_only=True)


class PrintedCreditSerializer(PublicCreditSerializer):
    """One credit line as printed."""

    award = serializers.UUIDField(read_only=True)
    scheme_version = serializers.IntegerField(read_only=True)
    delivery_method = serializers.CharField(read_only=True)
    statement = serializers.CharField(read_only=True)


class CertifiedEventSerializer(Serializer):
    """The event as the certificate states it."""

    uuid = serializers.UUIDField(source="event.uuid", read_only=True)
    title = serializers.CharField(source="certificate_data.event_title", read_only=True)
    starts_at = serializers.DateTimeField(source="certificate_data.event_datetime", read_only=True)


class CertificateSerializer(ModelSerializer[Certificate]):
    """A certificate; every fact of it is read from its snapshot."""

    certificate_number = serializers.CharField(read_only=True)
    certificate_id = serializers.CharField(source="short_code", read_only=True)
    verification_url = serializers.URLField(read_only=True)
    is_expired = serializers.BooleanField(read_only=True)
    attendee_name = serializers.CharField(source="holder_name", read_only=True)
    event = CertifiedEventSerializer(source="*", read_only=True)
    cpd_type = serializers.CharField(source="certificate_data.cpd_type", read_only=True)
    cpd_credits = serializers.CharField(
        source="certificate_data.cpd_credits", read_only=True, allow_null=True
    )
    credits = PrintedCreditSerializer(source="certificate_data.credits", many=True, read_only=True)
    event_date = serializers.DateField(source="certificate_data.event_date", read_only=True)
    supersedes = serializers.UUIDField(source="supersedes.uuid", read_only=True, default=None)
    superseded_by = serializers.UUIDField(source="superseded_by.uuid", read_only=True, default=None)

    class Meta:
        model = Certificate
        fields: ClassVar[list[str]] = [
            "uuid",
            "certificate_number",
            "certificate_id",
            "verification_code",
            "verification_url",
            "status",
            "is_expired",
            "attendee_name",
            "event",
            "cpd_type",
            "cpd_credits",
            "credits",
            "event_date",
            "issued_at",
            "expires_on",
            "supersedes",
            "superseded_by",
            "pdf_status",
        ]
        read_only_fields = fields


class CertificateDesignSerializer(ModelSerializer[CertificateTemplate]):
    """Which design, in which version."""

    class Meta:
        model = CertificateTemplate
        fields = ["uuid", "name", "version"]


class EventCertificateSerializer(CertificateSerializer):
    """A certificate with what its managers see of it."""

    registration_uuid = serializers.UUIDField(source="registration.uuid", read_only=True)
    attendee_email = serializers.EmailField(source="holder_email", read_only=True)
    template = CertificateDesignSerializer(read_only=True)
    issued_by = PersonSerializer(read_only=True, allow_null=True)
    needs_review = serializers.BooleanField(read_only=True)
    certificate_data = serializers.JSONField(read_only=True)

    class Meta(CertificateSerializer.Meta):
        fields = [
            *CertificateSerializer.Meta.fields,
            "registration_uuid",
            "attendee_email",
            "template",
            "issued_by",
            "certificate_data",
            "content_sha256",
            "pdf_sha256",
            "revoked_at",
            "revocation_reason",
            "needs_review",
            "review_codes",
            "email_sent_at",
            "view_count",
            "download_count",
        ]
        read_only_fields = fields


class MyCertificateSerializer(CertificateSerializer):
    """A certificate as its holder sees it."""

    is_downloaded = serializers.BooleanField(read_only=True)
    linkedin_url = serializers.SerializerMethodField()

    class Meta(CertificateSerializer.Meta):
        fields = [
            *CertificateSerializer.Meta.fields,
            "allow_public_verification",
            "is_downloaded",
            "downloaded_at",
            "linkedin_url",
        ]
        read_only_fields = [name for name in fields if name != "allow_public_verification"]

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_linkedin_url(self, certificate: Certificate) -> str | None:
        return links.linkedin(certificate)


class VisibilitySerializer(Serializer):
    """What a holder may change."""

    allow_public_verification = serializers.BooleanField(required=False)


class DownloadSerializer(Serializer):
    """A link to the signed PDF that ends soon."""

    download_url = serializers.URLField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)
    filename = serializers.CharField(read_only=True)
    content_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    sha256 = serializers.CharField(read_only=True)


class GuestCertificateSerializer(CertificateSerializer):
    """A certificate as a guest with the registration's link sees it."""

    download_url = serializers.URLField(read_only=True, allow_null=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta(CertificateSerializer.Meta):
        fields = [*CertificateSerializer.Meta.fields, "download_url", "expires_at"]
        read_only_fields = fields


class IssueSerializer(Serializer):
    """Whom to issue certificates to, and how; nobody named means everybody eligible."""

    registration_uuids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MOST_NAMED
    )
    template_uuid = serializers.UUIDField(required=False, allow_null=True)
    send_notification = serializers.BooleanField(required=False)
    allow_after_revocation = serializers.BooleanField(required=False)
    expires_on = serializers.DateField(required=False, allow_null=True)
    dry_run = serializers.BooleanField(required=False)


class IssueResultSerializer(Serializer):
    """What became of one person."""

    registration_uuid = serializers.UUIDField(read_only=True)
    outcome = serializers.ChoiceField(choices=["issued", "existing", "skipped"], read_only=True)
    certificate_uuid = serializers.UUIDField(read_only=True, allow_null=True)
    code = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)
    details = serializers.JSONField(read_only=True, allow_null=True)


class IssueOutcomeSerializer(Serializer):
    """What became of everybody."""

    issued = serializers.IntegerField(read_only=True)
    existing = serializers.IntegerField(read_only=True)
    skipped = serializers.IntegerField(read_only=True)
    certificate_uuids = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    results = IssueResultSerializer(many=True, read_only=True)


class RevokeSerializer(Serializer):
    """Why, and with which consequences."""

    reason = TextField(min_length=3, max_length=500)
    notify_attendee = serializers.BooleanField(required=False)
    keep_credits = serializers.BooleanField(required=False)


class DismissReviewSerializer(Serializer):
    """Why the certificate stays as it is."""

    reason = TextField(min_length=3, max_length=500)


class EligibilityRuleSerializer(Serializer):
    """One condition: what it needs, what there is, and the verdict."""

    code = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # the rule's field
    need = serializers.IntegerField(read_only=True)
    have = serializers.IntegerField(read_only=True)
    unit = serializers.CharField(read_only=True)
    verdict = serializers.CharField(read_only=True)


class EligibilitySerializer(Serializer):
    """Where one person stands, and why."""

    registration_uuid = serializers.UUIDField(source="registration.uuid", read_only=True)
    attendee_name = serializers.CharField(source="registration.full_name", read_only=True)
    verdict = serializers.ChoiceField(
        choices=["owed", "issued", "not_eligible", "blocked"], read_only=True
    )
    code = serializers.CharField(read_only=True)
    rules = EligibilityRuleSerializer(many=True, read_only=True)
    missing = serializers.ListField(child=serializers.DictField(), read_only=True)


class CertificateSummarySerializer(Serializer):
    """How far an event is with its certificates."""

    total_attended = serializers.IntegerField(read_only=True)
    eligible = serializers.IntegerField(read_only=True)
    issued = serializers.IntegerField(read_only=True)
    pending = serializers.IntegerField(read_only=True)
    revoked = serializers.IntegerField(read_only=True)
    superseded = serializers.IntegerField(read_only=True)
    needs_review = serializers.IntegerField(read_only=True)


class CertificateHistorySerializer(ModelSerializer[CertificateStatusHistory]):
    """One thing that happened to a certificate."""

    actor = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = CertificateStatusHistory
        fields = ["uuid", "action", "from_status", "to_status", "actor", "reason", "at"]
        read_only_fields = fields


class CertificateTemplateSerializer(ModelSerializer[CertificateTemplate]):
    """A design in one version."""

    orientation = serializers.CharField(read_only=True)
    certificate_count = serializers.IntegerField(read_only=True, default=None)
    original_template = serializers.UUIDField(read_only=True, default=None)

    class Meta:
        model = CertificateTemplate
        fields = [
            "uuid",
            "name",
            "description",
            "is_default",
            "is_builtin",
            "is_shared",
            "is_active",
            "version",
            "is_latest_version",
            "original_template",
            "width_px",
            "height_px",
            "orientation",
            "field_positions",
            "default_font",
            "default_font_size",
            "default_color",
            "signatory_name",
            "signatory_title",
            "signatory_2_name",
            "signatory_2_title",
            "language",
            "validity_months",
            "certificate_count",
            "last_used_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class CertificateTemplateSummarySerializer(CertificateTemplateSerializer):
    """A design in lists."""

    class Meta(CertificateTemplateSerializer.Meta):
        fields = [
            "uuid",
            "name",
            "description",
            "is_default",
            "is_builtin",
            "is_shared",
            "version",
            "is_latest_version",
            "width_px",
            "height_px",
            "orientation",
            "certificate_count",
        ]
        read_only_fields = fields


class SuccessorSerializer(Serializer):
    """The certificate that replaced this one."""

    certificate_id = serializers.CharField(read_only=True)
    verification_url = serializers.URLField(read_only=True)


class VerificationSerializer(Serializer):
    """What everybody may know of a certificate; a superseded one names its successor only."""

    valid = serializers.BooleanField(read_only=True)
    status = serializers.CharField(read_only=True)
    is_expired = serializers.BooleanField(read_only=True)
    certificate_id = serializers.CharField(read_only=True, allow_null=True)
    certificate_number = serializers.CharField(read_only=True, allow_null=True)
    attendee_name = serializers.CharField(read_only=True, allow_null=True)
    event_title = serializers.CharField(read_only=True)
    event_date = serializers.DateField(read_only=True)
    event_end_date = serializers.DateField(read_only=True)
    organizer_name = serializers.CharField(read_only=True)
    cpd_type = serializers.CharField(read_only=True, allow_null=True)
    cpd_credits = serializers.CharField(read_only=True, allow_null=True)
    credits = PublicCreditSerializer(many=True, read_only=True)
    issued_at = serializers.DateTimeField(read_only=True, allow_null=True)
    expires_on = serializers.DateField(read_only=True, allow_null=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)
    superseded_by = SuccessorSerializer(read_only=True, allow_null=True)
    content_sha256 = serializers.CharField(read_only=True, allow_null=True)
    pdf_sha256 = serializers.CharField(read_only=True, allow_null=True)
    verification_url = serializers.URLField(read_only=True)
    credential_url = serializers.URLField(read_only=True, allow_null=True)


class FileVerificationSerializer(VerificationSerializer):
    """The same for a file that is, byte for byte, the one issued."""

    file_matches = serializers.BooleanField(read_only=True)


class FileCheckSerializer(Serializer):
    """A PDF to compare with those issued, or its SHA-256."""

    file = serializers.FileField(required=False)
    sha256 = serializers.RegexField(r"^[0-9A-Fa-f]{64}\Z", required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Send either a file or its sha256.", code="required")
        return attrs
