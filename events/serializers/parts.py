"""What stands inside an event's answer."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.roles import Capability, reach
from common.models import OutgoingEmail
from common.serializers import ModelSerializer, Serializer
from events import schedule
from events.models import (
    Category,
    Event,
    EventCustomField,
    EventSession,
    EventStatusHistory,
    Speaker,
    Tag,
)

SESSION_PUBLIC = (
    "uuid",
    "title",
    "description",
    "session_number",
    "starts_at",
    "ends_at",
    "duration_minutes",
    "timezone",
    "room",
    "speakers",
    "session_type",
    "status",
    "is_required",
    "cpd_credit_value",
)


class OrganizationBriefSerializer(Serializer):
    """The organization an event belongs to."""

    uuid = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    slug = serializers.CharField(read_only=True)


class EventEmailSerializer(ModelSerializer[OutgoingEmail]):
    """A line of the mail log; never the message itself, nor why somebody wants none."""

    recipient_email = serializers.CharField(source="to_email", read_only=True)
    email_type = serializers.CharField(source="kind", read_only=True)
    queued_at = serializers.DateTimeField(source="created_at", read_only=True)
    error = serializers.CharField(source="last_error", read_only=True)

    class Meta:
        model = OutgoingEmail
        fields: Sequence[str] = (
            "uuid",
            "recipient_email",
            "email_type",
            "subject",
            "status",
            "queued_at",
            "sent_at",
            "error",
        )


class CategorySerializer(ModelSerializer[Category]):
    """A subject of the catalogue, and how many events of it are coming up."""

    event_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Category
        fields: Sequence[str] = ("uuid", "name", "slug", "description", "event_count")


class CategoryWriteSerializer(ModelSerializer[Category]):
    """A subject, as the people of the platform name it; its slug follows the first name."""

    class Meta:
        model = Category
        fields = ("name", "description", "order", "is_active")


class CategoryBriefSerializer(ModelSerializer[Category]):
    """The subject of an event."""

    class Meta:
        model = Category
        fields: Sequence[str] = ("uuid", "name", "slug")


class TagSerializer(ModelSerializer[Tag]):
    """A free word for events, and how many events that are coming up bear it."""

    event_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Tag
        fields: Sequence[str] = ("uuid", "name", "slug", "event_count")


class SpeakerBriefSerializer(ModelSerializer[Speaker]):
    """A speaker as everybody may see them: never an address."""

    class Meta:
        model = Speaker
        fields: Sequence[str] = ("uuid", "name", "title", "qualifications", "linkedin_url")


class CustomFieldSerializer(ModelSerializer[EventCustomField]):
    """A question of the registration form."""

    class Meta:
        model = EventCustomField
        fields: Sequence[str] = (
            "uuid",
            "label",
            "field_type",
            "required",
            "options",
            "order",
            "placeholder",
            "help_text",
            "show_on_certificate",
            "default_value",
            "min_value",
            "max_value",
            "created_at",
            "updated_at",
        )


class PublicEventSessionSerializer(ModelSerializer[EventSession]):
    """A session as everybody may see it: when, who, what it is worth, but no link."""

    speakers = SpeakerBriefSerializer(many=True, read_only=True)
    cpd_credit_value = serializers.SerializerMethodField()

    class Meta:
        model = EventSession
        fields: Sequence[str] = SESSION_PUBLIC

    def get_cpd_credit_value(self, session: EventSession) -> Decimal:
        sessions = list(session.event.sessions.all())
        worth: Decimal = schedule.session_credits(session.event, sessions)[session.pk]
        return worth


class EventSessionSerializer(PublicEventSessionSerializer):
    """A session as the people behind the event see it."""

    zoom_join_url = serializers.SerializerMethodField()
    zoom_meeting_id = serializers.SerializerMethodField()

    class Meta(PublicEventSessionSerializer.Meta):
        fields = (
            *SESSION_PUBLIC,
            "is_implicit",
            "actual_started_at",
            "actual_ended_at",
            "cancelled_at",
            "cancellation_reason",
            "cpd_credit_value_override",
            "zoom_enabled",
            "meeting_status",
            "zoom_join_url",
            "zoom_meeting_id",
            "attendance_count",
            "created_at",
            "updated_at",
        )

    def get_zoom_join_url(self, session: EventSession) -> str:
        return session.zoom_join_url if may_join(self.context, session.event) else ""

    def get_zoom_meeting_id(self, session: EventSession) -> str:
        return session.zoom_meeting_id if may_join(self.context, session.event) else ""


class EventMeetingSerializer(ModelSerializer[EventSession]):
    """How the meeting of a session at Zoom stands."""

    class Meta:
        model = EventSession
        fields: Sequence[str] = (
            "uuid",
            "title",
            "meeting_status",
            "meeting_error",
            "meeting_error_at",
            "meeting_attempts",
            "meeting_retry_at",
            "zoom_meeting_id",
            "zoom_join_url",
        )


class StatusChangeSerializer(ModelSerializer[EventStatusHistory]):
    """One change of an event's status; without a person the platform did it."""

    changed_by = serializers.SerializerMethodField()

    class Meta:
        model = EventStatusHistory
        fields: Sequence[str] = (
            "uuid",
            "from_status",
            "to_status",
            "changed_by",
            "reason",
            "created_at",
        )

    def get_changed_by(self, change: EventStatusHistory) -> dict[str, Any] | None:
        person = change.changed_by
        if person is None:
            return None
        return {"uuid": str(person.uuid), "full_name": person.full_name, "email": person.email}


def may_join(context: Mapping[str, Any], event: Event) -> bool:
    """Tell whether the caller works at the door of the event."""
    return reach(context["request"].user).may(
        Capability.ATTENDANCE_CHECK_IN,
        owner_id=event.owner_id,
        organization_id=event.organization_id,
    )
