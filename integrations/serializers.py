"""Shapes of the inbox."""

from rest_framework import serializers

from common.serializers import ModelSerializer, Serializer
from integrations.models import InboundWebhook


class InboundWebhookSummarySerializer(ModelSerializer[InboundWebhook]):
    """One message without its body."""

    class Meta:
        model = InboundWebhook
        fields = [
            "uuid",
            "provider",
            "event_type",
            "subject_ref",
            "account_ref",
            "status",
            "attempts",
            "done",
            "note",
            "error",
            "event_at",
            "received_at",
            "processed_at",
        ]
        read_only_fields = fields


class InboundWebhookSerializer(InboundWebhookSummarySerializer):
    """One message as it came; reading it is audited."""

    class Meta(InboundWebhookSummarySerializer.Meta):
        fields = [*InboundWebhookSummarySerializer.Meta.fields, "body"]
        read_only_fields = fields


class RetrySerializer(Serializer):
    """Whether a message that was processed is to be processed again."""

    force = serializers.BooleanField(default=False)


class BulkRetrySerializer(Serializer):
    """Which messages to take up again."""

    provider = serializers.ChoiceField(choices=InboundWebhook.Provider.choices, required=False)
    status = serializers.ChoiceField(choices=["failed", "skipped"], default="failed")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    event_type = serializers.CharField(required=False, max_length=100)


class QueuedSerializer(Serializer):
    """How many messages were taken up."""

    queued = serializers.IntegerField(read_only=True)


class ReceivedSerializer(Serializer):
    """What a provider is told; for Zoom's URL validation the two tokens."""

    status = serializers.CharField(read_only=True)
    plainToken = serializers.CharField(read_only=True, required=False)  # noqa: N815 -- Zoom's name
    encryptedToken = serializers.CharField(read_only=True, required=False)  # noqa: N815 -- Zoom's name


class ConditionSerializer(Serializer):
    """One connection."""

    configured = serializers.BooleanField(read_only=True)
    healthy = serializers.BooleanField(read_only=True)
    detail = serializers.CharField(read_only=True)


class ConditionsQuerySerializer(Serializer):
    """Whose connections are asked for."""

    organization = serializers.UUIDField(required=False)


class ZoomMessageSerializer(Serializer):
    """What Zoom posts."""

    event = serializers.CharField()
    event_ts = serializers.IntegerField(required=False)
    payload = serializers.DictField()


class StripeMessageSerializer(Serializer):
    """What Stripe posts."""

    id = serializers.CharField()
    type = serializers.CharField()
    created = serializers.IntegerField(required=False)
    data = serializers.DictField()  # type: ignore[assignment]  # Stripe's name
