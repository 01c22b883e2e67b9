"""Bodies of second factor and passkeys."""

from rest_framework import serializers

from accounts.serializers.access import OtpField
from accounts.serializers.zoom import FreshProofOfIdentitySerializer
from common.serializers import Serializer


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
