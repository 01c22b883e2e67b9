"""Keys with which programs act for somebody."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from django.db import models

from accounts import token_scopes
from accounts.models.organizations import Organization
from accounts.models.people import User
from accounts.querysets import ApiTokenQuerySet
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

    objects = ApiTokenQuerySet.as_manager()

    # Of the running request: what the creator is in the organization now.
    creator_role: str = ""

    class Meta(BaseModel.Meta):
        indexes = [models.Index(fields=["user", "revoked_at"], name="accounts_apitoken_live")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_live_at(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now

    @property
    def is_personal(self) -> bool:
        return self.organization_id is None

    @cached_property
    def granted_scopes(self) -> frozenset[str]:
        """What the scopes amount to; asked of whatever a request proves itself with."""
        return token_scopes.granted(self.scopes)

    @property
    def counted_as(self) -> str:
        """Whose counter of requests a call with this token moves."""
        return f"token:{self.uuid}"

    @property
    def principal(self) -> str:
        """For whom answers to repeated requests are kept; a rotated token finds them again."""
        if self.organization is None:
            return f"user:{self.user.uuid}"
        return f"user:{self.user.uuid}@{self.organization.uuid}"

    def digests_at(self, now: datetime) -> Sequence[str]:
        """Return what the secret may be now: for a while after rotating, the previous one too."""
        overlaps = self.previous_until is not None and self.previous_until > now
        return (self.digest, self.previous_digest) if overlaps else (self.digest,)
