"""The signed-in person, and organizers as strangers see them."""

from rest_framework import serializers

from accounts.models import User, UserSession
from common.serializers import ModelSerializer, Serializer

PROFILE = (
    "full_name",
    "professional_title",
    "credentials",
    "organization_name",
    "bio",
    "profile_photo_url",
    "timezone",
)
ORGANIZER_PROFILE = (
    "organizer_display_name",
    "organizer_logo_url",
    "organizer_website",
    "organizer_bio",
    "organizer_social_linkedin",
    "organizer_social_twitter",
    "is_organizer_profile_public",
)


class UserSerializer(ModelSerializer[User]):
    """Everything about one's own account."""

    class Meta:
        model = User
        fields = (
            "uuid",
            "email",
            *PROFILE,
            "account_type",
            "email_verified",
            *ORGANIZER_PROFILE,
            *User.NOTIFICATION_FIELDS,
            "created_at",
            "updated_at",
        )
        read_only_fields = tuple(name for name in fields if name not in PROFILE)


class OrganizerProfileSerializer(ModelSerializer[User]):
    """What an organizer shows of themselves."""

    class Meta:
        model = User
        fields = ORGANIZER_PROFILE


class NotificationsSerializer(ModelSerializer[User]):
    """Which messages are wanted."""

    class Meta:
        model = User
        fields = User.NOTIFICATION_FIELDS


class UserMessageSerializer(Serializer):
    """A sentence, and the account as it is now."""

    message = serializers.CharField()
    user = UserSerializer()


class OnboardingSerializer(Serializer):
    """Whether the first steps are done."""

    onboarding_completed = serializers.BooleanField()
    onboarding_completed_at = serializers.DateTimeField()


class PublicOrganizerSerializer(ModelSerializer[User]):
    """An organizer as strangers see them."""

    display_name = serializers.CharField(source="public_name", read_only=True)

    class Meta:
        model = User
        fields = ("uuid", "display_name", *ORGANIZER_PROFILE[1:-1])
        read_only_fields = fields


class UserSessionSerializer(ModelSerializer[UserSession]):
    """A device one is signed in on."""

    display_device = serializers.CharField(read_only=True)
    display_location = serializers.CharField(read_only=True)
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = UserSession
        fields = (
            "uuid",
            "device_type",
            "browser",
            "os",
            "display_device",
            "display_location",
            "ip_address",
            "is_current",
            "last_activity_at",
            "created_at",
        )
        read_only_fields = fields

    def get_is_current(self, session: UserSession) -> bool:
        """Compare with the session that this request is made in."""
        current = self.context["request"].auth
        return isinstance(current, UserSession) and current.pk == session.pk
