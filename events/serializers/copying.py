"""Events that are made of others or change hands."""

from typing import Any

from rest_framework import serializers

from common import validators
from common.serializers import Serializer, TextField
from events.serializers.fields import MomentField, OrganizationField
from events.serializers.reading import EventSerializer


class DuplicateSerializer(Serializer):
    """What is different about the copy; nothing has to be."""

    title = serializers.CharField(
        min_length=3, max_length=200, required=False, validators=[validators.plain_line]
    )
    starts_at = MomentField(required=False)


class EventTransferSerializer(Serializer):
    """To whom the event goes; without an organization it stays where it is."""

    owner = serializers.UUIDField()
    organization = OrganizationField(required=False, allow_null=True)
    reason = TextField(max_length=1000, required=False, allow_blank=True)
    move_meetings = serializers.BooleanField(default=False)


class TransferredEventSerializer(EventSerializer):
    """The event as its new owner has it, and which of its fields could not come along."""

    cleared: Any = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "cleared")
