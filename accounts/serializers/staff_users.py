"""Accounts as the people of the platform see them."""

from rest_framework import serializers

from accounts.models import Membership, User
from accounts.serializers.me import UserSerializer
from common.serializers import ModelSerializer, Serializer


class ReasonSerializer(Serializer):
    """Why; it stays on record."""

    reason = serializers.CharField(max_length=500)


class OptionalReasonSerializer(Serializer):
    """Why, if there is more to say than that the person asked."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class AffiliationSerializer(ModelSerializer[Membership]):
    """An organization somebody belongs to, and as what."""

    uuid = serializers.UUIDField(source="organization.uuid", read_only=True)
    name = serializers.CharField(source="organization.name", read_only=True)
    slug = serializers.CharField(source="organization.slug", read_only=True)

    class Meta:
        model = Membership
        fields = ("uuid", "name", "slug", "role")
        read_only_fields = fields


class StaffUserSerializer(ModelSerializer[User]):
    """An account with what its holder needs help with."""

    sessions_count = serializers.IntegerField(read_only=True)
    two_factor_enabled = serializers.BooleanField(read_only=True)
    organizations = AffiliationSerializer(source="affiliations", many=True, read_only=True)

    class Meta:
        model = User
        fields = (
            *UserSerializer.Meta.fields,
            "is_active",
            "is_staff",
            "is_superuser",
            "email_verified_at",
            "last_login_at",
            "last_active_at",
            "sessions_count",
            "two_factor_enabled",
            "organizations",
        )
        read_only_fields = fields
