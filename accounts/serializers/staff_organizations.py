"""Organizations as the people of the platform see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organization
from common.serializers import ModelSerializer, PersonSerializer, Serializer


class StaffOrganizationSerializer(ModelSerializer[Organization]):
    """An organization, who owns it, and how it was judged."""

    owner = serializers.SerializerMethodField()
    seats_used = serializers.IntegerField(read_only=True)
    members_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Organization
        fields = (
            "uuid",
            "name",
            "slug",
            "website",
            "contact_email",
            "tax_number",
            "owner",
            "is_public",
            "is_verified",
            "is_active",
            "seat_limit",
            "seats_used",
            "members_count",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    @extend_schema_field(PersonSerializer(allow_null=True))
    def get_owner(self, organization: Any) -> Any:
        """Show who owns it."""
        owner = next(iter(organization.owners), None)
        return PersonSerializer(owner.user).data if owner else None


class VerdictSerializer(Serializer):
    """What the platform decides about an organization, and why."""

    is_verified = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=1000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.keys() <= {"reason"}:
            raise serializers.ValidationError("Send is_verified or is_active.", code="required")
        return attrs
