"""Who speaks at events."""

from django.conf import settings
from django.db import models

from accounts.models import Organization
from common import validators
from common.fields import HttpUrlField, LowercaseEmailField
from common.models import BaseModel, StoredFile
from events.querysets import SpeakerQuerySet


class Speaker(BaseModel):
    """A person in a tenant's library of speakers; it grants no access."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_speakers"
    )
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="speakers"
    )
    name = models.CharField(max_length=200, validators=[validators.plain_line])
    title = models.CharField(max_length=200, blank=True, validators=[validators.plain_line])
    bio = models.TextField(max_length=5000, blank=True, validators=[validators.plain_text])
    qualifications = models.CharField(
        max_length=1000, blank=True, validators=[validators.plain_text]
    )
    photo = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    email = LowercaseEmailField(blank=True)
    linkedin_url = HttpUrlField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="speaker_entries",
    )
    is_active = models.BooleanField(default=True)

    objects = SpeakerQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
