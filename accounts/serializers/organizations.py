"""Organizations and their members."""

from rest_framework import serializers

from accounts.models import Membership, Organization
from common.serializers import ModelSerializer, PersonSerializer

WRITABLE = (
    "name",
    "slug",
    "description",
    "website",
    "contact_email",
    "contact_phone",
    "logo_url",
    "primary_color",
    "secondary_color",
    "tax_number",
    "timezone",
    "is_public",
)


class OrganizationSerializer(ModelSerializer[Organization]):
    """An organization as its members see it."""

    role = serializers.ChoiceField(choices=Membership.Role.choices, read_only=True, allow_null=True)
    seats_used = serializers.IntegerField(read_only=True)
    members_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Organization
        fields = (
            "uuid",
            *WRITABLE,
            "is_verified",
            "is_active",
            "role",
            "seat_limit",
            "seats_used",
            "members_count",
            "is_deleted",
            "created_at",
            "updated_at",
        )
        read_only_fields = tuple(name for name in fields if name not in WRITABLE)
        extra_kwargs = {"slug": {"required": False}}


class MembershipSerializer(ModelSerializer[Membership]):
    """Somebody's role in an organization."""

    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("uuid", "user", "role", "title", "created_at")
        read_only_fields = fields
