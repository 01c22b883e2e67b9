"""Copies of one's data and the end of an account, as clients see them."""

from rest_framework import serializers

from accounts.models import DataExport
from accounts.serializers.access import AddressField, MessageSerializer, PasswordField
from common.serializers import ModelSerializer, Serializer


class ExportRequestSerializer(Serializer):
    """The password, for callers whose last proof of identity is not fresh."""

    password = PasswordField(required=False, allow_blank=True)


class DataExportSerializer(ModelSerializer[DataExport]):
    """A copy of somebody's data, and how far it is."""

    request_uuid = serializers.UUIDField(source="uuid")

    class Meta:
        model = DataExport
        fields = ("request_uuid", "status", "requested_at", "completed_at", "expires_at")
        read_only_fields = fields


class DataDownloadSerializer(Serializer):
    """A link to the finished copy, and what lies behind it."""

    download_url = serializers.URLField()
    expires_at = serializers.DateTimeField()
    filename = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class DeleteAccountSerializer(Serializer):
    """The password, and perhaps why; accounts without a password need a fresh sign-in."""

    password = PasswordField(required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class KeptSerializer(Serializer):
    """Rows that stay because others may rely on them."""

    kept = serializers.CharField()
    count = serializers.IntegerField()
    until = serializers.DateField(allow_null=True)


class AccountDeletedSerializer(MessageSerializer):
    """The end of an account, and what stays of it."""

    kept = KeptSerializer(many=True)


class PersonSerializer(Serializer):
    """The address of somebody without an account, and why it is asked for."""

    email = AddressField()
    reason = serializers.CharField(min_length=3, max_length=500)


class ErasedSerializer(Serializer):
    """How many rows of each table were emptied or removed."""

    erased = serializers.DictField(child=serializers.IntegerField())
