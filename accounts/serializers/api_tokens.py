"""Keys for programs; their secret is shown once, when it is made."""

from rest_framework import serializers

from accounts import token_scopes
from accounts.models import ApiToken, Organization
from accounts.serializers.access import PasswordField
from common import validators
from common.serializers import ModelSerializer, PersonSerializer, Serializer, UuidRelatedField

MAX_DAYS = 365
DEFAULT_DAYS = 90
MAX_OVERLAP_HOURS = 24


class TokenOrganizationSerializer(Serializer):
    """The organization in which a key acts."""

    uuid = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    slug = serializers.CharField(read_only=True)


class ApiTokenSerializer(ModelSerializer[ApiToken]):
    """A key without its secret; only the name can be changed."""

    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    organization = TokenOrganizationSerializer(read_only=True, allow_null=True)
    created_by = PersonSerializer(source="user", read_only=True)

    class Meta:
        model = ApiToken
        fields = (
            "uuid",
            "name",
            "prefix",
            "scopes",
            "organization",
            "created_by",
            "expires_at",
            "last_used_at",
            "last_used_ip",
            "created_at",
            "updated_at",
        )
        read_only_fields = tuple(name for name in fields if name != "name")


class IssuedApiTokenSerializer(ApiTokenSerializer):
    """A key with its secret, this once."""

    token = serializers.CharField(read_only=True)

    class Meta(ApiTokenSerializer.Meta):
        fields = (*ApiTokenSerializer.Meta.fields, "token")  # type: ignore[assignment]  # one more


class ApiTokenCreateSerializer(Serializer):
    """What a new key may do, for whom and for how long."""

    name = serializers.CharField(max_length=100, validators=[validators.plain_line])
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=token_scopes.SCOPES),
        min_length=1,
        max_length=len(token_scopes.SCOPES),
    )
    expires_in_days = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS, default=DEFAULT_DAYS
    )
    organization: UuidRelatedField[Organization] = UuidRelatedField(
        queryset=Organization.objects.all(), required=False, allow_null=True
    )
    password = PasswordField(required=False, allow_blank=True, default="")


class ApiTokenRotateSerializer(Serializer):
    """How many hours the old secret opens beside the new one."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=MAX_OVERLAP_HOURS, default=0)
    password = PasswordField(required=False, allow_blank=True, default="")
