"""What a front end may offer the caller."""

from rest_framework import serializers

from accounts.models import Membership, User
from accounts.roles import CAPABILITIES, Capability
from common.serializers import ModelSerializer, Serializer


class ManifestUserSerializer(ModelSerializer[User]):
    """Who is signed in."""

    class Meta:
        model = User
        fields = ("uuid", "email", "full_name", "account_type", "email_verified", "is_staff")
        read_only_fields = fields


class ManifestOrganizationSerializer(ModelSerializer[Membership]):
    """An organization the caller belongs to, and what they may do there."""

    uuid = serializers.UUIDField(source="organization.uuid", read_only=True)
    name = serializers.CharField(source="organization.name", read_only=True)
    slug = serializers.CharField(source="organization.slug", read_only=True)
    capabilities = serializers.SerializerMethodField()

    class Meta:
        model = Membership
        fields = ("uuid", "name", "slug", "role", "capabilities")
        read_only_fields = fields

    def get_capabilities(self, membership: Membership) -> list[str]:
        """Return what the role may do."""
        return sorted(CAPABILITIES[membership.role])


class FeaturesSerializer(Serializer):
    """What the caller may do, feature by feature."""

    create_events = serializers.BooleanField(read_only=True)
    create_courses = serializers.BooleanField(read_only=True)
    manage_certificates = serializers.BooleanField(read_only=True)
    view_billing = serializers.BooleanField(read_only=True)
    browse_events = serializers.BooleanField(read_only=True)
    register_for_events = serializers.BooleanField(read_only=True)
    view_own_registrations = serializers.BooleanField(read_only=True)
    view_own_certificates = serializers.BooleanField(read_only=True)
    can_create_organization = serializers.BooleanField(read_only=True)


class ManifestSerializer(Serializer):
    """What a front end may offer the caller."""

    user = ManifestUserSerializer(read_only=True)
    features = FeaturesSerializer(read_only=True)
    routes = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Names of the front end's routes."
    )
    capabilities = serializers.ListField(
        child=serializers.ChoiceField([each.value for each in Capability]),
        read_only=True,
        help_text="What the caller may do with content of their own, and everywhere.",
    )
    organizations = ManifestOrganizationSerializer(many=True, read_only=True)
