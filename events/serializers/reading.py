"""Events in answers: to the people behind them, and to everybody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone as clock
from rest_framework import serializers

from common import files
from common.serializers import ModelSerializer, PersonSerializer, Serializer
from events import access
from events.models import Event, EventSession
from events.serializers.parts import (
    CategoryBriefSerializer,
    CustomFieldSerializer,
    EventSessionSerializer,
    OrganizationBriefSerializer,
    PublicEventSessionSerializer,
    SpeakerBriefSerializer,
    may_join,
)

FEW_SPOTS = 20
SUMMARY = (
    "uuid",
    "owner",
    "organization",
    "title",
    "slug",
    "event_type",
    "format",
    "visibility",
    "status",
    "starts_at",
    "duration_minutes",
    "timezone",
    "ends_at",
    "capacity",
    "cpd_enabled",
    "cpd_credit_type",
    "cpd_credit_value",
    "is_multi_session",
    "registration_count",
    "attendance_count",
    "certificate_count",
    "waitlist_count",
    "cover_image_url",
    "meeting_status",
    "can_edit",
    "can_register",
    "is_past",
    "is_free",
    "public_url",
    "is_deleted",
    "created_at",
    "updated_at",
)
# What strangers may read beyond the summary, and the people behind the event as well.
OPEN = (
    "public_code",
    "short_description",
    "description",
    "learning_objectives",
    "location",
    "registration_enabled",
    "allow_guest_registration",
    "registration_opens_at",
    "registration_deadline",
    "allow_late_registration",
    "registration_approval_required",
    "waitlist_enabled",
    "allow_self_cancellation",
    "refund_tiers",
    "currency",
    "cpd_accreditation_note",
    "certificates_enabled",
    "minimum_attendance_percent",
    "minimum_attendance_minutes",
    "require_feedback_for_certificate",
    "minimum_engagement_percent",
    "completion_type",
    "minimum_sessions_required",
    "minimum_attendance_percent_total",
    "category",
    "tags",
    "speakers",
    "price_from",
    "registration_state",
    "spots_remaining",
)
INTERNAL = (
    "online_url",
    "published_at",
    "completed_at",
    "closed_at",
    "cancelled_at",
    "cancellation_reason",
    "previous_starts_at",
    "actual_started_at",
    "actual_ended_at",
    "waitlist_max",
    "waitlist_auto_promote",
    "waitlist_confirmation_required",
    "offer_hours",
    "early_join_grace_minutes",
    "late_leave_grace_minutes",
    "zoom_enabled",
    "zoom_settings",
    "certificate_template",
    "badge_template",
    "auto_issue_certificates",
    "badges_enabled",
    "auto_issue_badges",
    "session_attendance_threshold",
    "required_sessions",
    "recording_enabled",
    "auto_publish_recordings",
    "recording_access_level",
    "modules_enabled",
    "require_module_completion",
    "duplicated_from",
    "places_taken",
    "attendance_finalized_at",
    "zoom_join_url",
    "zoom_meeting_id",
    "custom_fields",
    "sessions",
)
PUBLIC = (
    "uuid",
    "title",
    "slug",
    "event_type",
    "format",
    "visibility",
    "status",
    "starts_at",
    "duration_minutes",
    "timezone",
    "ends_at",
    "capacity",
    "cpd_enabled",
    "cpd_credit_type",
    "cpd_credit_value",
    "is_multi_session",
    "cover_image_url",
    "can_register",
    "is_past",
    "is_free",
    "public_url",
    "organizer_name",
    "organizer_uuid",
    *OPEN,
)


class PriceSerializer(Serializer):
    """The lowest price, in minor units."""

    amount = serializers.IntegerField(read_only=True, source="lowest_price_amount")
    currency = serializers.CharField(read_only=True)


class _EventFields(ModelSerializer[Event]):
    cover_image_url = serializers.SerializerMethodField()
    can_register = serializers.BooleanField(read_only=True)
    is_past = serializers.BooleanField(read_only=True)
    is_free = serializers.BooleanField(read_only=True)
    public_url = serializers.CharField(read_only=True)

    def get_cover_image_url(self, event: Event) -> str | None:
        return files.signed_url(event.cover_image, inline=True)[0] if event.cover_image else None


class EventSummarySerializer(_EventFields):
    """An event in the lists of the people behind it."""

    owner = PersonSerializer(read_only=True)
    organization = OrganizationBriefSerializer(read_only=True)
    meeting_status = serializers.CharField(read_only=True)
    can_edit = serializers.SerializerMethodField()
    is_deleted = serializers.BooleanField(read_only=True)

    class Meta:
        model = Event
        fields: Sequence[str] = SUMMARY

    def get_can_edit(self, event: Event) -> bool:
        return event.status in {"draft", "published"} and access.can(
            self.context["request"].user, event, access.Action.MANAGE
        )


class EventSerializer(EventSummarySerializer):
    """An event with everything the people behind it may know."""

    category = CategoryBriefSerializer(read_only=True)
    tags: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    speakers = SpeakerBriefSerializer(many=True, read_only=True)
    price_from = PriceSerializer(source="*", read_only=True)
    registration_state = serializers.CharField(read_only=True)
    spots_remaining = serializers.IntegerField(read_only=True)
    duplicated_from: Any = serializers.SlugRelatedField(slug_field="uuid", read_only=True)
    required_sessions = serializers.SerializerMethodField()
    online_url = serializers.SerializerMethodField()
    zoom_join_url = serializers.SerializerMethodField()
    zoom_meeting_id = serializers.SerializerMethodField()
    custom_fields = CustomFieldSerializer(many=True, read_only=True)
    sessions = EventSessionSerializer(many=True, read_only=True)

    class Meta(EventSummarySerializer.Meta):
        fields: Sequence[str] = (*SUMMARY, *OPEN, *INTERNAL)

    def get_required_sessions(self, event: Event) -> list[str]:
        return [str(session.uuid) for session in event.sessions.all() if session.is_required]

    def get_online_url(self, event: Event) -> str:
        return event.online_url if may_join(self.context, event) else ""

    def get_zoom_join_url(self, event: Event) -> str:
        session = next_session(event, clock.now())
        return session.zoom_join_url if session and may_join(self.context, event) else ""

    def get_zoom_meeting_id(self, event: Event) -> str:
        session = next_session(event, clock.now())
        return session.zoom_meeting_id if session and may_join(self.context, event) else ""


class PublicEventSummarySerializer(_EventFields):
    """An event in the public catalogue."""

    organizer_name = serializers.CharField(read_only=True)
    organizer_uuid = serializers.UUIDField(read_only=True, allow_null=True)
    category = CategoryBriefSerializer(read_only=True)
    tags: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    speakers = SpeakerBriefSerializer(many=True, read_only=True)
    price_from = PriceSerializer(source="*", read_only=True)
    registration_state = serializers.CharField(read_only=True)
    spots_remaining = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields: Sequence[str] = PUBLIC

    def get_spots_remaining(self, event: Event) -> int | None:
        left = event.spots_remaining
        return left if left is not None and left <= FEW_SPOTS else None


class PublicEventSerializer(PublicEventSummarySerializer):
    """An event as everybody with its link may see it."""

    custom_fields = CustomFieldSerializer(many=True, read_only=True)
    sessions = PublicEventSessionSerializer(many=True, read_only=True)

    class Meta(PublicEventSummarySerializer.Meta):
        fields = (*PUBLIC, "custom_fields", "sessions")


def next_session(event: Event, now: datetime) -> EventSession | None:
    """Return the session that goes on or comes next."""
    coming: list[Any] = [
        session
        for session in event.sessions.all()
        if session.status != "cancelled" and session.ends_at >= now
    ]
    return min(coming, key=lambda session: session.starts_at, default=None)
