"""Organizations and their members."""

from rest_framework import serializers

from accounts.models import Membership, Organization
from accounts.serializers.access import PasswordField
from common.serializers import ModelSerializer, PersonSerializer, Serializer


def not_ownership(role: str) -> None:
    """Refuse a role that is only given by transfer."""
    if role == Membership.Role.OWNER:
        raise serializers.ValidationError("Ownership is only given by transfer.", code="owner")


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


class MembershipChangeSerializer(ModelSerializer[Membership]):
    """Another role or title for a member; ownership is only given by transfer."""

    class Meta:
        model = Membership
        fields = ("role", "title")
        extra_kwargs = {"role": {"validators": [not_ownership]}}


class TransferSerializer(Serializer):
    """Who is to own the organization; the password where the session is not fresh."""

    member = serializers.UUIDField(help_text="The membership of the new owner.")
    password = PasswordField(required=False, allow_blank=True, default="")


class OrganizationLabelSerializer(Serializer):
    """An organization as those see it who may join it."""

    uuid = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    slug = serializers.CharField(read_only=True)
    logo_url = serializers.CharField(read_only=True)


class OwnMembershipSerializer(ModelSerializer[Membership]):
    """One's own role in an organization."""

    organization = OrganizationLabelSerializer(read_only=True)
    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("uuid", "organization", "user", "role", "title", "created_at")
        read_only_fields = fields


class PublicOrganizationSerializer(ModelSerializer[Organization]):
    """An organization as everybody sees it."""

    class Meta:
        model = Organization
        fields = (
            "uuid",
            "name",
            "slug",
            "description",
            "website",
            "logo_url",
            "primary_color",
            "secondary_color",
            "is_verified",
        )
        read_only_fields = fields
