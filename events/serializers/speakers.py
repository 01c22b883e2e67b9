"""Speakers in requests and answers."""

from rest_framework import serializers

from common import files
from common.serializers import ModelSerializer, TextField
from events.models import Speaker
from events.serializers.fields import OrganizationField, SecureUrlField
from events.serializers.parts import OrganizationBriefSerializer


class SpeakerSerializer(ModelSerializer[Speaker]):
    """Somebody of a library, as those who keep it see them."""

    organization = OrganizationBriefSerializer(read_only=True)
    photo_url = serializers.SerializerMethodField()
    is_linked = serializers.SerializerMethodField()

    class Meta:
        model = Speaker
        fields = (
            "uuid",
            "name",
            "title",
            "bio",
            "qualifications",
            "photo_url",
            "email",
            "linkedin_url",
            "organization",
            "is_linked",
            "is_active",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    def get_photo_url(self, speaker: Speaker) -> str | None:
        return files.signed_url(speaker.photo, inline=True)[0] if speaker.photo else None

    def get_is_linked(self, speaker: Speaker) -> bool:
        return speaker.user_id is not None


class SpeakerWriteSerializer(ModelSerializer[Speaker]):
    """What a library says of somebody; the photo needs a multipart body, null removes it."""

    bio = TextField(max_length=5000, required=False, allow_blank=True)
    qualifications = TextField(max_length=1000, required=False, allow_blank=True)
    linkedin_url = SecureUrlField(required=False, allow_blank=True)
    photo = serializers.FileField(required=False, allow_null=True, write_only=True)
    organization = OrganizationField(required=False, allow_null=True)

    class Meta:
        model = Speaker
        fields = (
            "name",
            "title",
            "bio",
            "qualifications",
            "photo",
            "email",
            "linkedin_url",
            "organization",
            "is_active",
        )
