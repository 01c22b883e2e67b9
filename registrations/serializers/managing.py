"""Registrations as those see them who run the event."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.roles import Capability
from common.serializers import ModelSerializer, Serializer, TextField, UuidRelatedField
from events.models import EventSession
from registrations.models import (
    AttendanceInterval,
    Registration,
    RegistrationAnswer,
    SessionAttendance,
)

REGISTRATION = [
    "uuid",
    "email",
    "full_name",
    "professional_title",
    "organization_name",
    "user_uuid",
    "status",
    "source",
    "order_reference",
    "price_amount",
    "discount_amount",
    "amount_due",
    "currency",
    "payment_status",
    "waitlist_position",
    "registered_at",
    "confirmed_at",
    "cancelled_at",
    "cancellation_reason",
    "attended",
    "checked_in_at",
    "first_join_at",
    "last_leave_at",
    "total_attendance_minutes",
    "attendance_percent",
    "sessions_attended",
    "attendance_eligible",
    "attendance_override",
    "attendance_override_reason",
    "needs_review",
    "review_codes",
    "certificate_issued",
    "allow_public_verification",
    "is_deleted",
]


class RegistrationSummarySerializer(ModelSerializer[Registration]):
    """A registration in lists."""

    user_uuid = serializers.UUIDField(source="user.uuid", read_only=True, default=None)
    order_reference = serializers.CharField(source="order.reference", read_only=True, default="")
    checked_in_at = serializers.DateTimeField(
        source="ticket.checked_in_at", read_only=True, default=None
    )
    waitlist_position = serializers.IntegerField(read_only=True, allow_null=True)
    registered_at = serializers.DateTimeField(source="created_at", read_only=True)
    needs_review = serializers.BooleanField(read_only=True)
    certificate_issued = serializers.BooleanField(read_only=True)
    is_deleted = serializers.BooleanField(read_only=True)

    class Meta:
        model = Registration
        fields = REGISTRATION
        read_only_fields = fields


class AnswerSerializer(ModelSerializer[RegistrationAnswer]):
    """An answer with the wording of its question."""

    field = serializers.UUIDField(source="field.uuid", read_only=True)

    class Meta:
        model = RegistrationAnswer
        fields = ["field", "label", "value"]
        read_only_fields = fields


class AttendedSessionSerializer(ModelSerializer[SessionAttendance]):
    """What one person's stays at one session come to."""

    session = serializers.UUIDField(source="session.uuid", read_only=True)
    title = serializers.CharField(source="session.title", read_only=True)
    attended = serializers.BooleanField(source="counts", read_only=True)

    class Meta:
        model = SessionAttendance
        fields = [
            "session",
            "title",
            "attended",
            "first_join_at",
            "last_leave_at",
            "total_attendance_minutes",
            "attendance_percent",
            "attendance_override",
            "attendance_override_reason",
        ]
        read_only_fields = fields


class IntervalSerializer(ModelSerializer[AttendanceInterval]):
    """One observed stay."""

    session = serializers.UUIDField(source="session.uuid", read_only=True)

    class Meta:
        model = AttendanceInterval
        fields = [
            "uuid",
            "session",
            "source",
            "started_at",
            "ended_at",
            "is_estimated",
            "voided_at",
            "void_reason",
        ]
        read_only_fields = fields


class RegistrationSerializer(RegistrationSummarySerializer):
    """A registration with everything that hangs on it."""

    custom_field_responses = AnswerSerializer(source="answers", many=True, read_only=True)
    sessions = AttendedSessionSerializer(source="session_attendance", many=True, read_only=True)
    intervals = IntervalSerializer(many=True, read_only=True)

    class Meta(RegistrationSummarySerializer.Meta):
        fields = [*REGISTRATION, "notes", "custom_field_responses", "sessions", "intervals"]
        read_only_fields = fields


class RegistrationWriteSerializer(ModelSerializer[Registration]):
    """What managers may change by hand; everything else changes by a verb."""

    class Meta:
        model = Registration
        fields = [
            "full_name",
            "professional_title",
            "organization_name",
            "notes",
            "allow_public_verification",
        ]


class SessionOfEventField(UuidRelatedField[EventSession]):
    """A session of the event in the path."""

    def get_queryset(self) -> QuerySet[EventSession]:
        return super().get_queryset().filter(event=self.context["view"].event)


class OverrideSerializer(Serializer):
    """A decision about attendance, and why."""

    eligible = serializers.BooleanField()
    reason = TextField(min_length=10, max_length=1000)
    session = SessionOfEventField(
        queryset=EventSession.objects.all(),
        scope="managed_by",
        capability=Capability.ATTENDANCE_MANAGE,
        required=False,
        allow_null=True,
    )


class ClearOverrideSerializer(Serializer):
    """Which decision is taken back: that about one session, or that about the event."""

    session = SessionOfEventField(
        queryset=EventSession.objects.all(),
        scope="managed_by",
        capability=Capability.ATTENDANCE_MANAGE,
        required=False,
        allow_null=True,
    )


class PrioritySerializer(Serializer):
    """The place in the queue: higher numbers come first."""

    priority = serializers.IntegerField(min_value=-1000, max_value=1000)


class PromoteNextSerializer(Serializer):
    """How many are to be promoted."""

    count = serializers.IntegerField(min_value=1, max_value=100, default=1)


class PromotedSerializer(Serializer):
    """Who was promoted."""

    promoted = RegistrationSummarySerializer(many=True, read_only=True)


class SummarySerializer(Serializer):
    """How many registrations are in which state."""

    total = serializers.IntegerField(read_only=True)
    confirmed = serializers.IntegerField(read_only=True)
    pending_payment = serializers.IntegerField(read_only=True)
    pending_approval = serializers.IntegerField(read_only=True)
    waitlisted = serializers.IntegerField(read_only=True)
    offered = serializers.IntegerField(read_only=True)
    cancelled = serializers.IntegerField(read_only=True)
    attended = serializers.IntegerField(read_only=True)
    attendance_eligible = serializers.IntegerField(read_only=True)
    certificates_issued = serializers.IntegerField(read_only=True)
    taken = serializers.IntegerField(read_only=True)
    capacity = serializers.IntegerField(read_only=True, allow_null=True)


class AggregateSerializer(ModelSerializer[Registration]):
    """One person's attendance across the sessions of an event."""

    registration = serializers.UUIDField(source="uuid", read_only=True)
    total_sessions = serializers.SerializerMethodField()
    sessions = AttendedSessionSerializer(source="session_attendance", many=True, read_only=True)

    class Meta:
        model = Registration
        fields = [
            "registration",
            "full_name",
            "email",
            "sessions_attended",
            "total_sessions",
            "total_attendance_minutes",
            "attendance_percent",
            "attendance_eligible",
            "attendance_override",
            "sessions",
        ]
        read_only_fields = fields

    def get_total_sessions(self, _row: Registration) -> int:
        number: Any = self.context["view"].total_sessions
        return int(number)
