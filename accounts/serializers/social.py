"""Sign-in with Google and Microsoft."""

from rest_framework import serializers

from accounts.models import SocialAccount
from accounts.serializers.access import SecretField, SignedInSerializer
from common.serializers import ModelSerializer, Serializer


class SocialStartSerializer(Serializer):
    """Where to send the browser, and the token that it keeps for the callback."""

    authorization_url = serializers.URLField()
    flow_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the sign-in must be completed.")


class SocialCallbackSerializer(Serializer):
    """What the provider appended to the address it sent the browser to, and what that kept."""

    code = SecretField(required=False, allow_blank=True, default="")
    state = SecretField(required=False, allow_blank=True, default="")
    flow_token = SecretField(required=False, allow_blank=True, default="")


class SocialSignedInSerializer(SignedInSerializer):
    """A token pair, whose it is, and whether the account is new."""

    created = serializers.BooleanField()


class SocialAccountSerializer(ModelSerializer[SocialAccount]):
    """An account elsewhere that signs one in."""

    class Meta:
        model = SocialAccount
        fields = ("uuid", "provider", "email", "connected_at", "last_login_at")
        read_only_fields = fields
