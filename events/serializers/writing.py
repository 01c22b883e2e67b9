"""Events in requests. What fields must agree on is checked by the verbs, for everybody alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from common import validators
from common.serializers import ModelSerializer, Serializer, TextField
from events.models import Category, Event, EventCustomField, EventSession
from events.serializers.fields import (
    CategoryField,
    CreditField,
    LengthField,
    MomentField,
    OrganizationField,
    ReferenceListField,
    SecureUrlField,
    SentWhole,
    TextListField,
)
from events.serializers.parts import CustomFieldSerializer

MAX_OBJECTIVES = 20
MAX_TAGS = 10
MAX_SPEAKERS = 50
MAX_SESSION_SPEAKERS = 20
MAX_REFUND_TIERS = 10
DERIVED = frozenset({"starts_at", "duration_minutes"})
COLUMNS = (
    "title",
    "short_description",
    "description",
    "learning_objectives",
    "event_type",
    "format",
    "location",
    "online_url",
    "visibility",
    "starts_at",
    "duration_minutes",
    "timezone",
    "registration_enabled",
    "allow_guest_registration",
    "registration_opens_at",
    "registration_deadline",
    "allow_late_registration",
    "registration_approval_required",
    "capacity",
    "waitlist_enabled",
    "waitlist_max",
    "waitlist_auto_promote",
    "waitlist_confirmation_required",
    "offer_hours",
    "allow_self_cancellation",
    "refund_tiers",
    "early_join_grace_minutes",
    "late_leave_grace_minutes",
    "currency",
    "zoom_enabled",
    "zoom_settings",
    "cpd_enabled",
    "cpd_credit_type",
    "cpd_credit_value",
    "cpd_accreditation_note",
    "certificates_enabled",
    "certificate_template",
    "badge_template",
    "auto_issue_certificates",
    "badges_enabled",
    "auto_issue_badges",
    "minimum_attendance_percent",
    "minimum_attendance_minutes",
    "require_feedback_for_certificate",
    "minimum_engagement_percent",
    "is_multi_session",
    "completion_type",
    "minimum_sessions_required",
    "minimum_attendance_percent_total",
    "session_attendance_threshold",
    "recording_enabled",
    "auto_publish_recordings",
    "recording_access_level",
    "modules_enabled",
    "require_module_completion",
    "category",
)


class RefundTierSerializer(SentWhole, Serializer):
    """What is paid back on a cancellation at least so many hours before the start."""

    until_hours_before = serializers.IntegerField(min_value=0, max_value=8784)
    percent = serializers.IntegerField(min_value=0, max_value=100)


class ZoomSettingsSerializer(Serializer):
    """Settings of the meetings of an event."""

    waiting_room = serializers.BooleanField(required=False)
    join_before_host = serializers.BooleanField(required=False)
    mute_upon_entry = serializers.BooleanField(required=False)
    auto_recording = serializers.ChoiceField(choices=("none", "local", "cloud"), required=False)

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["Unknown setting."] for name in unknown})
        return known


class CustomFieldWriteSerializer(SentWhole, ModelSerializer[EventCustomField]):
    """A question: with a uuid one that exists, without a new one."""

    uuid = serializers.UUIDField(required=False)
    options = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=50, required=False, default=list
    )

    class Meta:
        model = EventCustomField
        fields: Sequence[str] = (
            "uuid",
            "label",
            "field_type",
            "required",
            "options",
            "placeholder",
            "help_text",
            "show_on_certificate",
            "default_value",
            "min_value",
            "max_value",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _check_options(attrs["field_type"], attrs["options"])
        low, high = attrs.get("min_value"), attrs.get("max_value")
        if attrs["field_type"] != "number" and (low is not None or high is not None):
            raise serializers.ValidationError({"min_value": ["For numbers only."]})
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError({"min_value": ["Must not be above max_value."]})
        return attrs


class CustomFieldChangeSerializer(CustomFieldWriteSerializer):
    """What of a question is to be different; the rest stays as it is."""

    def to_internal_value(self, data: Any) -> Any:
        if self.partial and isinstance(data, Mapping):
            known = CustomFieldSerializer(self.instance).data
            data = {**known, **data}
        return super().to_internal_value(data)


class SessionWriteSerializer(ModelSerializer[EventSession]):
    """A session of an event with several."""

    starts_at = MomentField()
    duration_minutes = LengthField()
    description = TextField(max_length=5000, required=False, allow_blank=True)
    cpd_credit_value_override = CreditField(required=False, allow_null=True)
    speakers = ReferenceListField(most=MAX_SESSION_SPEAKERS, required=False, write_only=True)

    class Meta:
        model = EventSession
        fields: Sequence[str] = (
            "title",
            "description",
            "starts_at",
            "duration_minutes",
            "timezone",
            "room",
            "speakers",
            "session_type",
            "zoom_enabled",
            "cpd_credit_value_override",
            "is_required",
        )


class EventSessionWriteSerializer(SentWhole, SessionWriteSerializer):
    """A session among those that an event is created with."""


class EventWriteSerializer(ModelSerializer[Event]):
    """What organizers write about an event."""

    starts_at = MomentField()
    duration_minutes = LengthField(required=False)
    registration_opens_at = MomentField(required=False, allow_null=True)
    registration_deadline = MomentField(required=False, allow_null=True)
    short_description = TextField(max_length=500, required=False, allow_blank=True)
    description = TextField(max_length=10000, required=False, allow_blank=True)
    online_url = SecureUrlField(required=False, allow_blank=True)
    location = TextField(max_length=500, required=False, allow_blank=True)
    learning_objectives = TextListField(most=MAX_OBJECTIVES, longest=300, required=False)
    refund_tiers = RefundTierSerializer(
        many=True,
        required=False,
        max_length=MAX_REFUND_TIERS,  # type: ignore[call-arg]  # the list serializer takes it
    )
    zoom_settings = ZoomSettingsSerializer(required=False)
    cpd_credit_value = CreditField(required=False, allow_null=True)
    category = CategoryField(
        slug_field="slug",
        queryset=Category.objects.filter(is_active=True),
        required=False,
        allow_null=True,
    )
    tags = TextListField(most=MAX_TAGS, longest=40, required=False, write_only=True)
    speakers = ReferenceListField(most=MAX_SPEAKERS, required=False, write_only=True)
    custom_fields = CustomFieldWriteSerializer(
        many=True,
        required=False,
        max_length=EventCustomField.LIMIT,  # type: ignore[call-arg]  # the list serializer takes it
    )

    class Meta:
        model = Event
        fields: Sequence[str] = (*COLUMNS, "tags", "speakers", "custom_fields")

    def validate_refund_tiers(self, tiers: list[dict[str, int]]) -> list[dict[str, int]]:
        return check_refund_tiers(tiers)


class EventCreateSerializer(EventWriteSerializer):
    """A new event, with its sessions if there are to be several."""

    organization = OrganizationField(required=False, allow_null=True)
    sessions = EventSessionWriteSerializer(
        many=True,
        required=False,
        max_length=EventSession.LIMIT,  # type: ignore[call-arg]  # the list serializer takes it
    )

    class Meta(EventWriteSerializer.Meta):
        fields = (*EventWriteSerializer.Meta.fields, "organization", "sessions")

    def to_internal_value(self, data: Any) -> Any:
        if (
            isinstance(data, Mapping)
            and data.get("is_multi_session") is True
            and data.get("sessions")
        ):
            # The sessions decide; a shape sent back must not be refused for it.
            data = {name: value for name, value in data.items() if name not in DERIVED}
        return super().to_internal_value(data)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["starts_at"].required = False  # the sessions may say it; the verb insists
        return fields


class EventUpdateSerializer(EventWriteSerializer):
    """Changes to an event. Sessions have routes of their own."""

    required_sessions = ReferenceListField(most=EventSession.LIMIT, required=False, write_only=True)

    class Meta(EventWriteSerializer.Meta):
        fields = (*EventWriteSerializer.Meta.fields, "required_sessions")

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if isinstance(self.instance, Event) and self.instance.follows_sessions:
            fields = {name: field for name, field in fields.items() if name not in DERIVED}
        return fields


class EventReasonSerializer(Serializer):
    """Why; shown in the event's history."""

    reason = TextField(max_length=2000, required=False, allow_blank=True)


class EventReopenSerializer(Serializer):
    """Why; shown in the event's history."""

    reason = TextField(max_length=2000)


class SessionRescheduleSerializer(Serializer):
    """When the session takes place instead."""

    starts_at = MomentField(required=False)
    duration_minutes = LengthField(required=False)
    timezone = serializers.CharField(
        max_length=64, required=False, validators=[validators.timezone_name]
    )
    reason = TextField(max_length=2000, required=False, allow_blank=True)
    notify = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() & {"starts_at", "duration_minutes", "timezone"}:
            raise serializers.ValidationError(
                {"starts_at": ["Name a start, a length or a time zone."]}
            )
        return attrs


class RescheduleSerializer(SessionRescheduleSerializer):
    """When the event takes place instead."""

    registration_deadline = MomentField(required=False, allow_null=True)


class OrderSerializer(Serializer):
    """The uuids of all rows, in the order wanted."""

    order = serializers.ListField(child=serializers.UUIDField(), max_length=EventSession.LIMIT)


class CoverImageSerializer(Serializer):
    """The image of an event, as a part of a multipart body."""

    image = serializers.FileField(required=False)


class HostLinkSerializer(Serializer):
    """The link that starts the meeting as its host."""

    url = serializers.CharField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)


class EventMeetingRetrySerializer(Serializer):
    """Which sessions; none named means all."""

    sessions = serializers.ListField(
        child=serializers.UUIDField(), max_length=EventSession.LIMIT, required=False
    )


class EventMeetingQueuedSerializer(Serializer):
    """How many meetings will be tried again."""

    queued = serializers.IntegerField(read_only=True)


class BySlugSerializer(Serializer):
    """Whose event it is, where several have the same name; what opens a private one."""

    owner = serializers.UUIDField(required=False)
    invitation = serializers.CharField(
        required=False, allow_blank=True, help_text="The token of an invitation."
    )


def check_refund_tiers(tiers: list[dict[str, int]]) -> list[dict[str, int]]:
    """Order the tiers by their hours; refuse doubles and shares that rise towards the start."""
    ordered = sorted(tiers, key=lambda tier: -tier["until_hours_before"])
    hours = [tier["until_hours_before"] for tier in ordered]
    percents = [tier["percent"] for tier in ordered]
    if len(set(hours)) != len(hours):
        raise serializers.ValidationError("Every number of hours may be used once.")
    if percents != sorted(percents, reverse=True):
        raise serializers.ValidationError("Less notice must not pay back more.")
    return ordered


def _check_options(field_type: str, options: list[str]) -> None:
    if field_type not in EventCustomField.WITH_OPTIONS:
        if options:
            raise serializers.ValidationError({"options": ["This type has no options."]})
        return
    if len(options) < 2 or len(set(options)) != len(options):  # noqa: PLR2004 -- a choice needs two
        raise serializers.ValidationError({"options": ["Enter 2 to 50 different options."]})
