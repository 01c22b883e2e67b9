"""Keys with which programs act for somebody."""

from datetime import datetime

from django.db import models

from accounts.models.organizations import Organization
from accounts.models.people import User
from common import validators
from common.models import BaseModel


class ApiToken(BaseModel):
    """A key that acts as its creator, narrowed by scopes and tenant; only digests are kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100, validators=[validators.plain_line])
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    previous_digest = models.CharField(max_length=64, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [models.Index(fields=["user", "revoked_at"], name="accounts_apitoken_live")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_live_at(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now
