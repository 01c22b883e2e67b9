"""Bodies of second factor and passkeys."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Passkey
from accounts.serializers.access import OtpField, PasswordField
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.serializers import ModelSerializer, Serializer

OPTIONS = {
    "challenge": "k2Vw8mQyT0c5rXeLJ7nHdZ1uPaGfB4sRoYi9tCjKx3M",
    "timeout": 300000,
    "rpId": "example.org",
    "userVerification": "required",
}
ASSERTION = {
    "id": "Ux3uHn0bT1m7cQ",
    "rawId": "Ux3uHn0bT1m7cQ",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
        "signature": "MEUCIQDx",
        "userHandle": "WxD2bj-KSlKdWy7RosS01A",
    },
}


class ConditionSerializer(Serializer):
    """Whether a second factor is asked for when signing in."""

    enabled = serializers.BooleanField(read_only=True)
    confirmed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    recovery_codes_left = serializers.IntegerField(read_only=True)


@extend_schema_field({"type": "string", "example": "GEZDGNBVGY3TQOJQ"})
class AppSecretField(serializers.CharField):
    """The key that an authenticator app shares with us, in base 32."""


class EnrolmentSerializer(Serializer):
    """What to set an authenticator app up with; shown once."""

    secret = AppSecretField(read_only=True)
    otpauth_uri = serializers.CharField(read_only=True)


class ProofByCodeSerializer(FreshProofOfIdentitySerializer):
    """A code, and the password where the session's own proof is older than minutes."""

    otp = OtpField()


class RecoveryCodesSerializer(Serializer):
    """Codes that each stand in for the app once; shown once."""

    recovery_codes = serializers.ListField(child=serializers.CharField(), read_only=True)


@extend_schema_field({"type": "object", "additionalProperties": {}, "example": ASSERTION})
class CredentialField(serializers.DictField):
    """What `navigator.credentials` gave, by its `toJSON()`."""

    child = serializers.JSONField()


@extend_schema_field({"type": "object", "additionalProperties": {}, "example": OPTIONS})
class OptionsField(serializers.DictField):
    """The options of a ceremony, as Web Authentication names them."""


class CeremonySerializer(Serializer):
    """What to call `navigator.credentials` with, by `parse...OptionsFromJSON()`."""

    publicKey = OptionsField(read_only=True)  # noqa: N815 -- the name in WebAuthn


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
