"""Bodies of signing up, signing in and proving an address."""

from typing import Any

from rest_framework import serializers

from accounts import passwords
from accounts.models import User
from common.serializers import ModelSerializer, Serializer


class AddressField(serializers.EmailField):
    """An address in the one form we compare."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class PasswordField(serializers.CharField):
    """A password as it was typed; its length is bounded before it is hashed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"input_type": "password"})
        super().__init__(
            trim_whitespace=False, max_length=passwords.MAX_LENGTH, write_only=True, **kwargs
        )


class SecretField(serializers.CharField):
    """The secret of a mailed link, or a token."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=4096, **kwargs)


class MessageSerializer(Serializer):
    """A sentence for people."""

    message = serializers.CharField(read_only=True)


class NewPersonSerializer(Serializer):
    """Who was signed up."""

    uuid = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField()


class SignedUpSerializer(MessageSerializer):
    """The answer to a sign-up, whether or not the address had an account."""

    user = NewPersonSerializer()


class SignUpSerializer(Serializer):
    """What somebody who signs up says of themselves."""

    email = AddressField()
    password = PasswordField()
    password_confirm = PasswordField()
    full_name = serializers.CharField(min_length=2, max_length=255)
    professional_title = serializers.CharField(max_length=255, required=False, allow_blank=True)
    credentials = serializers.CharField(max_length=255, required=False, allow_blank=True)
    organization_name = serializers.CharField(max_length=255, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _refuse_difference(attrs, "password")
        person = {name: value for name, value in attrs.items() if not name.startswith("password")}
        passwords.judge(attrs["password"], user=User(**person), field="password")
        return attrs


class VerifySerializer(Serializer):
    """The secret of the verification mail; `reject` says that the account is not mine."""

    token = SecretField()
    reject = serializers.BooleanField(default=False)


class AddressSerializer(Serializer):
    """An address, known here or not."""

    email = AddressField()


class NewPasswordSerializer(Serializer):
    """The secret of the reset mail and the password to set."""

    token = SecretField()
    new_password = PasswordField()
    new_password_confirm = PasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _refuse_difference(attrs, "new_password")


class ChangePasswordSerializer(Serializer):
    """The password now and from now on."""

    current_password = PasswordField()
    new_password = PasswordField()
    new_password_confirm = PasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return _refuse_difference(attrs, "new_password")


class CredentialsSerializer(Serializer):
    """Address and password."""

    email = AddressField()
    password = PasswordField()


class OtpField(serializers.CharField):
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=32, **kwargs)


class CodeSerializer(Serializer):
    """The challenge of an answer `OTP_REQUIRED`, and the code it asks for."""

    challenge = SecretField()
    otp = OtpField()


class ReauthenticateSerializer(Serializer):
    """The password once more, or a code of the second factor."""

    password = PasswordField(required=False, allow_blank=True, default="")
    otp = OtpField(required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.values()):
            raise serializers.ValidationError({"password": ["Give the password or a code."]})
        return attrs


class FreshProofSerializer(Serializer):
    """When identity was proven, and until when that counts."""

    authenticated_at = serializers.DateTimeField()
    fresh_until = serializers.DateTimeField()


class SignedInUserSerializer(ModelSerializer[User]):
    """Who signed in."""

    class Meta:
        model = User
        fields = ("uuid", "email", "full_name", "account_type", "email_verified")
        read_only_fields = fields


class TokenPairSerializer(Serializer):
    """An access token and the refresh token that replaces it later."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInSerializer(TokenPairSerializer):
    """A token pair and whose it is."""

    user = SignedInUserSerializer()


class RefreshSerializer(Serializer):
    """The refresh token."""

    refresh = SecretField()


class LogoutSerializer(Serializer):
    """The refresh token, for callers whose access token has expired."""

    refresh = SecretField(required=False, allow_blank=True)


def _refuse_difference(attrs: dict[str, Any], field: str) -> dict[str, Any]:
    if attrs[field] != attrs.pop(f"{field}_confirm"):
        raise serializers.ValidationError({f"{field}_confirm": ["The passwords do not match."]})
    return attrs
