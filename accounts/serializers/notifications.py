"""Notices inside the product."""

from rest_framework import serializers

from accounts.models import Notification
from common.serializers import ModelSerializer, Serializer


class NotificationSerializer(ModelSerializer[Notification]):
    """A notice; `action_url` is a path of the front end."""

    event = serializers.UUIDField(source="event_uuid", read_only=True, allow_null=True)
    is_read = serializers.BooleanField(read_only=True)
    metadata = serializers.DictField(read_only=True)

    class Meta:
        model = Notification
        fields = (
            "uuid",
            "notification_type",
            "title",
            "message",
            "action_url",
            "metadata",
            "event",
            "is_read",
            "read_at",
            "created_at",
        )
        read_only_fields = fields


class ReadCountSerializer(Serializer):
    """How many notices became read."""

    read_count = serializers.IntegerField(read_only=True)


class UnreadCountSerializer(Serializer):
    """How many notices wait."""

    unread_count = serializers.IntegerField(read_only=True)
