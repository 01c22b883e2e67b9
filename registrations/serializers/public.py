"""Registering, as strangers and guests do it."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from common import validators
from common.serializers import Serializer
from registrations.models import Order

REQUIRED = ["This field is required."]
REPEATED = ["Each person needs an address of their own."]


class AttendeeSerializer(Serializer):
    """One person who wants a place."""

    email = serializers.EmailField(max_length=254)
    full_name = serializers.CharField(max_length=255, min_length=2)
    professional_title = serializers.CharField(max_length=255, required=False, allow_blank=True)
    organization_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    custom_field_responses = serializers.DictField(
        required=False, validators=[validators.bounded_json]
    )
    allow_public_verification = serializers.BooleanField(required=False)

    def validate_email(self, value: str) -> str:
        return value.strip().lower()

    def validate_custom_field_responses(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {key.lower(): answer for key, answer in value.items()}


class RegisterSerializer(AttendeeSerializer):
    """The sender and up to nine further people; who is signed in leaves out name and address."""

    email = serializers.EmailField(max_length=254, required=False)
    full_name = serializers.CharField(max_length=255, min_length=2, required=False)
    invitation = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        help_text="The token of an invitation; a private event wants it.",
    )
    attendees = serializers.ListField(
        child=AttendeeSerializer(), required=False, default=list, max_length=Order.LIMIT - 1
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user = self.context["request"].user
        if not user.is_authenticated:
            missing = [name for name in ("email", "full_name") if not attrs.get(name)]
            if missing:
                raise serializers.ValidationError(dict.fromkeys(missing, REQUIRED))
        sender = user.email if user.is_authenticated else attrs["email"]
        seen = {sender}
        for row in attrs["attendees"]:
            if row["email"] in seen:
                raise serializers.ValidationError({"attendees": REPEATED})
            seen.add(row["email"])
        return attrs


class PlaceSerializer(Serializer):
    """What came of one person's wish."""

    uuid = serializers.UUIDField(read_only=True)
    status = serializers.CharField(read_only=True)
    waitlist_position = serializers.IntegerField(read_only=True, allow_null=True)
    amount_due = serializers.IntegerField(read_only=True)
    currency = serializers.CharField(read_only=True)
    hold_expires_at = serializers.DateTimeField(read_only=True, allow_null=True)


class OrderSerializer(Serializer):
    """The order everybody of one call belongs to."""

    reference = serializers.CharField(read_only=True)


class BookingSerializer(Serializer):
    """The answer to registering."""

    registration = PlaceSerializer(read_only=True)
    registrations = PlaceSerializer(many=True, read_only=True)
    order = OrderSerializer(read_only=True)
    manage_url = serializers.CharField(read_only=True, allow_blank=True)
