"""Bodies of second factor and passkeys."""

from rest_framework import serializers

from accounts.models import Passkey
from accounts.serializers.access import OtpField, PasswordField
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.serializers import ModelSerializer, Serializer


class ConditionSerializer(Serializer):
    """Whether a second factor is asked for when signing in."""

    enabled = serializers.BooleanField(read_only=True)
    confirmed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    recovery_codes_left = serializers.IntegerField(read_only=True)


class EnrolmentSerializer(Serializer):
    """What to set an authenticator app up with; shown once."""

    secret = serializers.CharField(read_only=True)
    otpauth_uri = serializers.CharField(read_only=True)


class ProofByCodeSerializer(FreshProofOfIdentitySerializer):
    """A code, and the password where the session's own proof is older than minutes."""

    otp = OtpField()


class RecoveryCodesSerializer(Serializer):
    """Codes that each stand in for the app once; shown once."""

    recovery_codes = serializers.ListField(child=serializers.CharField(), read_only=True)


class CredentialField(serializers.DictField):
    """What `navigator.credentials` gave, by its `toJSON()`."""

    child = serializers.JSONField()


class CeremonySerializer(Serializer):
    """What to call `navigator.credentials` with, by `parse...OptionsFromJSON()`."""

    publicKey = serializers.DictField(read_only=True)  # noqa: N815 -- the name in WebAuthn


class NewPasskeySerializer(FreshProofOfIdentitySerializer):
    """Nothing, to begin; then the credential that the browser made, and a name for it."""

    credential = CredentialField(required=False)
    name = serializers.CharField(max_length=100, default="Passkey")


class AssertionSerializer(Serializer):
    """The credential that the browser signed the challenge with."""

    credential = CredentialField()


class PasskeySerializer(ModelSerializer[Passkey]):
    """A key on somebody's device."""

    class Meta:
        model = Passkey
        fields = ("uuid", "name", "created_at", "last_used_at")
        read_only_fields = ("uuid", "created_at", "last_used_at")


class RenamePasskeySerializer(ModelSerializer[Passkey]):
    """A name, and the password where the session's own proof is older than minutes."""

    password = PasswordField(required=False, allow_blank=True, default="")

    class Meta:
        model = Passkey
        fields = ("name", "password")
