"""One-time secrets that prove an address."""

from django.db import models

from accounts.models.people import User
from common.fields import LowercaseEmailField
from common.models import BaseModel


class AccountToken(BaseModel):
    """A secret mailed to an address, good for one purpose, once; only its digest is kept."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        RESET_PASSWORD = "reset_password"  # noqa: S105 -- a purpose, not a password
        CHANGE_EMAIL = "change_email"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="account_tokens")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    email = LowercaseEmailField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [models.Index(fields=["user", "purpose"], name="accounts_token_purpose")]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user}"
