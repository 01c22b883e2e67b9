"""Reminders in requests and answers."""

from decimal import Decimal

from rest_framework import serializers

from common.serializers import ModelSerializer, UuidRelatedField
from events.models import EventReminder, EventSession


class EventReminderSerializer(ModelSerializer[EventReminder]):
    """A mailing so many hours before a start."""

    session: UuidRelatedField[EventSession] = UuidRelatedField(
        queryset=EventSession.objects.all(), required=False, allow_null=True
    )
    send_hours_before = serializers.DecimalField(
        max_digits=6,
        decimal_places=2,
        min_value=Decimal("0.25"),
        max_value=Decimal(720),
        required=False,
    )

    class Meta:
        model = EventReminder
        fields = (
            "uuid",
            "reminder_type",
            "send_hours_before",
            "session",
            "scheduled_for",
            "sent_at",
            "status",
            "skip_reason",
            "recipient_count",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            "scheduled_for",
            "sent_at",
            "status",
            "skip_reason",
            "recipient_count",
        )
