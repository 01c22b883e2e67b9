"""Registrations as those see them who hold them."""

from django.utils import timezone
from rest_framework import serializers

from common.serializers import ModelSerializer, Serializer
from events.models import Event
from registrations import joining
from registrations.models import Registration
from registrations.serializers.parts import EventOfRegistrationSerializer, TicketSerializer

REGISTRATION = [
    "uuid",
    "event",
    "email",
    "full_name",
    "professional_title",
    "organization_name",
    "status",
    "registered_at",
    "confirmed_at",
    "cancelled_at",
    "waitlist_position",
    "amount_due",
    "currency",
    "payment_status",
    "hold_expires_at",
    "attended",
    "total_attendance_minutes",
    "attendance_percent",
    "attendance_eligible",
    "certificate_issued",
    "certificate_eligible",
    "allow_public_verification",
    "ticket",
    "zoom_join_url",
    "can_join",
    "can_cancel",
]


class MyRegistrationSerializer(ModelSerializer[Registration]):
    """One's own place at an event."""

    event = EventOfRegistrationSerializer(read_only=True)
    registered_at = serializers.DateTimeField(source="created_at", read_only=True)
    waitlist_position = serializers.IntegerField(read_only=True, allow_null=True)
    certificate_issued = serializers.BooleanField(read_only=True)
    certificate_eligible = serializers.SerializerMethodField()
    ticket = TicketSerializer(read_only=True, default=None)
    zoom_join_url = serializers.SerializerMethodField()
    can_join = serializers.SerializerMethodField()
    can_cancel = serializers.SerializerMethodField()

    class Meta:
        model = Registration
        fields = REGISTRATION
        read_only_fields = fields

    def get_certificate_eligible(self, row: Registration) -> bool:
        return row.attendance_eligible and row.event.certificates_enabled

    def get_zoom_join_url(self, row: Registration) -> str:
        return joining.shown_link(row, now=timezone.now())

    def get_can_join(self, row: Registration) -> bool:
        return joining.can_join(row, now=timezone.now())

    def get_can_cancel(self, row: Registration) -> bool:
        return row.can_cancel(timezone.now())


class NameSerializer(Serializer):
    """The name that will be printed on the certificate."""

    full_name = serializers.CharField(max_length=255, min_length=2)


class EventOfClaimableSerializer(ModelSerializer[Event]):
    """The event of a guest registration, as far as it tells which one that is."""

    class Meta:
        model = Event
        fields = ["uuid", "title", "starts_at"]
        read_only_fields = fields


class ClaimableSerializer(ModelSerializer[Registration]):
    """A guest registration that waits under one's address."""

    event = EventOfClaimableSerializer(read_only=True)
    registered_at = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Registration
        fields = ["uuid", "event", "status", "registered_at"]
        read_only_fields = fields


class LinkedSerializer(Serializer):
    """How many guest registrations came to the account."""

    linked_count = serializers.IntegerField(read_only=True)
    message = serializers.CharField(read_only=True)
