"""Webhook endpoints and what was sent to them; a secret is shown once, when it is made."""

from typing import Any

from rest_framework import serializers

from accounts import webhooks
from accounts.models import Organization, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from common import validators
from common.serializers import ModelSerializer, Serializer, UuidRelatedField
from integrations import addresses

MAX_TYPES = 50
VERSIONS = ["v1"]


class ReceiverUrlField(serializers.CharField):
    """An address that we may call: https, on an allowed port, in the open network."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=addresses.MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        try:
            addresses.check(url)
        except addresses.BlockedAddress as refusal:
            raise serializers.ValidationError(str(refusal), code="blocked_address") from refusal
        return url


class EventTypesField(serializers.ListField):
    """Types of the catalogue, or `*` for all of them, also of later ones."""

    child = serializers.CharField(max_length=60)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=MAX_TYPES, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        names = list(dict.fromkeys(super().to_internal_value(data)))
        if WebhookEndpoint.ALL_TYPES in names:
            return [WebhookEndpoint.ALL_TYPES]
        if strange := webhooks.unknown(names):
            raise serializers.ValidationError(f"There is no type {strange[0]}.", code="unknown")
        return names


class WebhookEndpointSerializer(ModelSerializer[WebhookEndpoint]):
    """An endpoint without its secret."""

    event_types = serializers.ListField(child=serializers.CharField(), read_only=True)
    organization = serializers.UUIDField(
        source="organization.uuid", read_only=True, allow_null=True, default=None
    )
    api_version = serializers.ChoiceField(choices=VERSIONS, read_only=True)
    disabled_reason = serializers.ChoiceField(
        choices=["", *WebhookEndpoint.DisabledReason.values], read_only=True
    )
    secret_hint = serializers.CharField(
        read_only=True, help_text="The last four characters of the secret."
    )

    class Meta:
        model = WebhookEndpoint
        fields: tuple[str, ...] = (
            "uuid",
            "url",
            "description",
            "event_types",
            "organization",
            "api_version",
            "is_active",
            "disabled_reason",
            "disabled_at",
            "failing_since",
            "secret_hint",
            "created_at",
            "updated_at",
        )
        read_only_fields: tuple[str, ...] = fields


class NewWebhookEndpointSerializer(WebhookEndpointSerializer):
    """An endpoint with its secret, this once."""

    class Meta(WebhookEndpointSerializer.Meta):
        fields = (*WebhookEndpointSerializer.Meta.fields, "secret")
        read_only_fields = fields


class WebhookEndpointChangeSerializer(Serializer):
    """What can be changed; false for `is_active` stops the sending, true resumes it."""

    url = ReceiverUrlField(required=False)
    description = serializers.CharField(
        max_length=200, required=False, allow_blank=True, validators=[validators.plain_line]
    )
    event_types = EventTypesField(required=False)
    api_version = serializers.ChoiceField(choices=VERSIONS, required=False)
    is_active = serializers.BooleanField(required=False)


class WebhookEndpointCreateSerializer(WebhookEndpointChangeSerializer):
    """Where to send, and what."""

    url = ReceiverUrlField()
    event_types = EventTypesField()
    organization: UuidRelatedField[Organization] = UuidRelatedField(
        queryset=Organization.objects.all(), required=False, allow_null=True
    )


class RotatedSecretSerializer(Serializer):
    """The new secret, this once, and until when the old one signs as well."""

    secret = serializers.CharField(read_only=True)
    previous_valid_until = serializers.DateTimeField(source="previous_secret_until", read_only=True)


class RedeliverFailedSerializer(Serializer):
    """Which of the failed messages of the last 30 days; all of them by default."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    type = serializers.CharField(max_length=60, required=False, source="event_type")


class CountSerializer(Serializer):
    """How many messages are sent again."""

    count = serializers.IntegerField(read_only=True)


class WebhookDeliverySerializer(ModelSerializer[WebhookDelivery]):
    """One message to the endpoint, and what became of it."""

    payload = serializers.JSONField(source="content", read_only=True)

    class Meta:
        model = WebhookDelivery
        fields: tuple[str, ...] = (
            "uuid",
            "message_id",
            "type",
            "status",
            "sequence",
            "attempts",
            "next_attempt_at",
            "last_status",
            "last_response",
            "last_error",
            "duration_ms",
            "payload",
            "created_at",
            "delivered_at",
        )
        read_only_fields: tuple[str, ...] = fields


class WebhookAttemptSerializer(ModelSerializer[WebhookAttempt]):
    """One try, as it went."""

    class Meta:
        model = WebhookAttempt
        fields = ("number", "at", "status", "error", "duration_ms")
        read_only_fields = fields


class WebhookDeliveryDetailSerializer(WebhookDeliverySerializer):
    """One message with every try of it, the first one first."""

    attempts_log = WebhookAttemptSerializer(many=True, read_only=True)

    class Meta(WebhookDeliverySerializer.Meta):
        fields = (*WebhookDeliverySerializer.Meta.fields, "attempts_log")
        read_only_fields = fields


class WebhookEventTypeSerializer(Serializer):
    """A kind of message, and a message of it."""

    type = serializers.CharField(read_only=True)
    description = serializers.CharField(read_only=True)
    example = serializers.JSONField(read_only=True)
