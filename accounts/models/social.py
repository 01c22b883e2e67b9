"""Accounts at Google and Microsoft that sign somebody in here."""

from django.db import models

from accounts.models.people import User
from accounts.querysets import OwnQuerySet
from common.fields import LowercaseEmailField
from common.models import BaseModel


class SocialAccount(BaseModel):
    """An identity elsewhere: issuer and subject, never the address (OpenID Connect Core 2)."""

    class Provider(models.TextChoices):
        GOOGLE = "google"
        MICROSOFT = "microsoft"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="social_accounts")
    provider = models.CharField(max_length=10, choices=Provider.choices)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = LowercaseEmailField(blank=True)
    connected_at = models.DateTimeField()
    last_login_at = models.DateTimeField(null=True, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="accounts_socialaccount_one_per_identity"
            ),
            models.UniqueConstraint(
                fields=["user", "provider"], name="accounts_socialaccount_one_per_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} account of {self.user}"
