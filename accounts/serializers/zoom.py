"""The connection to Zoom as its owner sees it."""

from rest_framework import serializers

from accounts.serializers.access import PasswordField, SecretField
from common.serializers import Serializer


class ZoomConditionSerializer(Serializer):
    """How the connection is doing."""

    connected = serializers.BooleanField()
    zoom_email = serializers.EmailField(allow_null=True)
    is_healthy = serializers.BooleanField()
    needs_reconnect = serializers.BooleanField()
    can_register_attendees = serializers.BooleanField()
    missing_scopes = serializers.ListField(child=serializers.CharField())
    last_error_at = serializers.DateTimeField(allow_null=True)


class AuthorizationUrlSerializer(Serializer):
    """Where to send the browser."""

    authorization_url = serializers.URLField()


class ZoomCallbackSerializer(Serializer):
    """What Zoom appended to the address it sent the browser back to."""

    code = SecretField(required=False, allow_blank=True, default="")
    state = SecretField(required=False, allow_blank=True, default="")


class FreshProofOfIdentitySerializer(Serializer):
    """The password, where the session's own proof is older than minutes."""

    password = PasswordField(required=False, allow_blank=True, default="")
