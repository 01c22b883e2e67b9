"""Pieces of registrations that several audiences see."""

from typing import Any

from rest_framework import serializers

from common.serializers import ModelSerializer, Serializer, TextField
from events.models import Event, EventSession
from registrations.models import Ticket


class RuleSerializer(Serializer):
    """One condition, what it needs and what there is."""

    code = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # a field of that name
    need = serializers.IntegerField(read_only=True)
    have = serializers.IntegerField(read_only=True)
    unit = serializers.CharField(read_only=True)
    verdict = serializers.CharField(read_only=True)


class ExplanationSerializer(Serializer):
    """Why somebody has fulfilled the conditions of attendance, or not."""

    rules = RuleSerializer(many=True, read_only=True)
    verdict = serializers.CharField(read_only=True)
    override = serializers.BooleanField(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)
    computed_at = serializers.DateTimeField(read_only=True)


class TicketSerializer(ModelSerializer[Ticket]):
    """What a registrant shows at the door."""

    class Meta:
        model = Ticket
        fields = ["code", "issued_at", "checked_in_at", "voided_at"]
        read_only_fields = fields


class EventOfRegistrationSerializer(ModelSerializer[Event]):
    """The event of a registration, as its registrants see it."""

    organizer_name = serializers.CharField(read_only=True)
    public_url = serializers.CharField(read_only=True)

    class Meta:
        model = Event
        fields = [
            "uuid",
            "title",
            "status",
            "starts_at",
            "ends_at",
            "timezone",
            "format",
            "location",
            "organizer_name",
            "public_url",
            "cancellation_reason",
        ]
        read_only_fields = fields


class SessionAttendanceSerializer(Serializer):
    """How long somebody was at one session; `session.mine` holds their row, if there is one."""

    session = serializers.UUIDField(source="uuid", read_only=True)
    title = serializers.CharField(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    duration_minutes = serializers.IntegerField(read_only=True)
    attended = serializers.SerializerMethodField()
    first_join_at = serializers.SerializerMethodField()
    last_leave_at = serializers.SerializerMethodField()
    total_attendance_minutes = serializers.SerializerMethodField()
    attendance_percent = serializers.SerializerMethodField()
    attendance_override = serializers.SerializerMethodField()

    def get_attended(self, session: EventSession) -> bool:
        return any(row.counts for row in session.mine)  # type: ignore[attr-defined]  # prefetched

    def get_first_join_at(self, session: EventSession) -> Any:
        return self._of(session, "first_join_at", None)

    def get_last_leave_at(self, session: EventSession) -> Any:
        return self._of(session, "last_leave_at", None)

    def get_total_attendance_minutes(self, session: EventSession) -> int:
        minutes: int = self._of(session, "total_attendance_minutes", 0)
        return minutes

    def get_attendance_percent(self, session: EventSession) -> int:
        percent: int = self._of(session, "attendance_percent", 0)
        return percent

    def get_attendance_override(self, session: EventSession) -> bool | None:
        override: bool | None = self._of(session, "attendance_override", None)
        return override

    @staticmethod
    def _of(session: Any, name: str, default: Any) -> Any:
        return getattr(session.mine[0], name) if session.mine else default


class ReasonSerializer(Serializer):
    """Why, in words that the registrant may read."""

    reason = TextField(max_length=1000, required=False, allow_blank=True, default="")
