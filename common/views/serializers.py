"""The shapes of the machinery's own rows."""

from typing import Any

from rest_framework import serializers

from common import files
from common.models import AuditEntry, Job, OutboxTask, OutgoingEmail, PeriodicRun, StoredFile


class ProgressSerializer(serializers.Serializer[Job]):
    total = serializers.IntegerField(allow_null=True, read_only=True)
    done = serializers.IntegerField(read_only=True)
    error_count = serializers.IntegerField(read_only=True)


class JobSerializer(serializers.ModelSerializer[Job]):
    """Long work somebody waits for."""

    progress = ProgressSerializer(source="*", read_only=True)
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "uuid",
            "kind",
            "status",
            "progress",
            "errors",
            "result",
            "download_url",
            "created_at",
            "finished_at",
            "expires_at",
        ]
        read_only_fields = fields

    def get_download_url(self, job: Job) -> str | None:
        """Return a fresh signed link once the file is there."""
        file: StoredFile | None = job.file
        return files.signed_url(file)[0] if file and job.status == Job.Status.DONE else None


class OutboxTaskSerializer(serializers.ModelSerializer[OutboxTask]):
    """A durable request for work."""

    class Meta:
        model = OutboxTask
        fields = [
            "uuid",
            "name",
            "queue",
            "status",
            "key",
            "attempts",
            "due_at",
            "last_error",
            "request_id",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class OutgoingEmailSerializer(serializers.ModelSerializer[OutgoingEmail]):
    """A line of the mail log; never the message itself."""

    class Meta:
        model = OutgoingEmail
        fields = [
            "uuid",
            "kind",
            "category",
            "to_email",
            "subject",
            "status",
            "skip_reason",
            "attempts",
            "send_after",
            "expires_at",
            "subject_type",
            "subject_uuid",
            "organization_uuid",
            "owner_uuid",
            "last_error",
            "created_at",
            "sent_at",
            "delivered_at",
            "opened_at",
            "bounced_at",
        ]
        read_only_fields = fields


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One audited fact."""

    redacted = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = [
            "uuid",
            "sequence",
            "at",
            "actor_type",
            "actor_uuid",
            "action",
            "target_type",
            "target_uuid",
            "organization_uuid",
            "request_id",
            "payload",
            "redacted",
            "created_at",
        ]
        read_only_fields = fields

    def get_redacted(self, entry: AuditEntry) -> bool:
        return entry.redacted_at is not None


class AuditStatusSerializer(serializers.Serializer[dict[str, Any]]):
    """The end of the audit chain and whether it held at the last check."""

    last_sequence = serializers.IntegerField()
    last_hash = serializers.CharField()
    last_verified_at = serializers.DateTimeField(allow_null=True)
    ok = serializers.BooleanField()
    unsealed = serializers.IntegerField()


class PeriodicRunSerializer(serializers.ModelSerializer[PeriodicRun]):
    """When a scheduled task last ran."""

    class Meta:
        model = PeriodicRun
        fields = ["name", "last_started_at", "last_finished_at", "last_error"]
        read_only_fields = fields
