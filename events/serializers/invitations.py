"""Invitations, as those who send and those who get them see them."""

from typing import Any

from rest_framework import serializers

from accounts.serializers.access import AddressField
from common.serializers import ModelSerializer, Serializer, TextField
from events.models import EventInvitation
from events.serializers.reading import PublicEventSerializer

EITHER = ["Send either addresses or a contact list."]


class EventInvitationSerializer(ModelSerializer[EventInvitation]):
    """An invitation and what has become of it."""

    message = TextField(max_length=2000, required=False, allow_blank=True, write_only=True)

    class Meta:
        model = EventInvitation
        fields = (
            "uuid",
            "email",
            "full_name",
            "message",
            "status",
            "sent_at",
            "opened_at",
            "responded_at",
            "response",
            "registered_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            "email",
            "status",
            "sent_at",
            "opened_at",
            "responded_at",
            "response",
            "registered_at",
        )


class InviteToEventSerializer(Serializer):
    """Whom to ask, in which words, and when."""

    emails = serializers.ListField(
        child=AddressField(), min_length=1, max_length=EventInvitation.LIMIT, required=False
    )
    contact_list = serializers.UUIDField(required=False, allow_null=True)
    send_immediately = serializers.BooleanField(default=True)
    message = TextField(max_length=2000, default="", allow_blank=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # declared, not an argument
        choices=EventInvitation.Source.choices, default=EventInvitation.Source.MANUAL
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("emails" in attrs) == bool(attrs.get("contact_list")):
            raise serializers.ValidationError({"emails": EITHER})
        return attrs


class InvitedSerializer(Serializer):
    """How many were asked, how many had been asked before, and how many mails are on their way."""

    created = serializers.IntegerField(read_only=True)
    skipped = serializers.IntegerField(read_only=True)
    queued = serializers.IntegerField(read_only=True)


class QueuedInvitationsSerializer(Serializer):
    """How many mails are on their way."""

    queued = serializers.IntegerField(read_only=True)


class ReceivedInvitationSerializer(Serializer):
    """An invitation as whoever holds its link sees it."""

    event = PublicEventSerializer(read_only=True)
    email = serializers.SerializerMethodField(help_text="The invited address, masked.")
    response = serializers.ChoiceField(
        choices=[("", "none"), *EventInvitation.Response.choices], read_only=True
    )

    def get_email(self, invitation: EventInvitation) -> str:
        """Return enough of the address to recognise one's own."""
        name, _, domain = invitation.email.rpartition("@")
        return f"{name[:1]}***@{domain}"


class RespondSerializer(Serializer):
    """The answer to an invitation."""

    response = serializers.ChoiceField(choices=EventInvitation.Response.choices)
