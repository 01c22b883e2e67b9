"""Where somebody is signed in."""

import uuid as uuids
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User
from accounts.querysets import UserSessionQuerySet
from common.models import BaseModel


class UserSession(BaseModel):
    """One device on which somebody is signed in, until it ends or expires."""

    class Kind(models.TextChoices):
        TOKEN = "token"  # noqa: S105 -- a kind of session
        BROWSER = "browser"

    class AuthMethod(models.TextChoices):
        PASSWORD = "password"  # noqa: S105 -- a way to sign in
        PASSKEY = "passkey"
        GOOGLE = "google"
        MICROSOFT = "microsoft"

    class DeviceType(models.TextChoices):
        DESKTOP = "desktop"
        MOBILE = "mobile"
        TABLET = "tablet"
        BOT = "bot"
        UNKNOWN = "unknown"

    class EndReason(models.TextChoices):
        LOGOUT = "logout"
        TERMINATED = "terminated"
        PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- a reason, not a password
        PASSWORD_RESET = "password_reset"  # noqa: S105 -- a reason, not a password
        TOKEN_REUSE = "token_reuse"  # noqa: S105 -- a reason, not a token
        EVICTED = "evicted"
        DEACTIVATED = "deactivated"
        ERASED = "erased"
        STAFF = "staff"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TOKEN)
    refresh_jti = models.UUIDField(null=True, blank=True, unique=True, default=uuids.uuid4)
    previous_refresh_jti = models.UUIDField(null=True, blank=True, unique=True)
    refresh_issued_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(null=True, blank=True)
    session_key_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    auth_method = models.CharField(
        max_length=10, choices=AuthMethod.choices, default=AuthMethod.PASSWORD
    )
    second_factor = models.BooleanField(default=False)
    authenticated_at = models.DateTimeField(default=timezone.now)
    user_agent = models.CharField(max_length=512, blank=True)
    device_type = models.CharField(
        max_length=10, choices=DeviceType.choices, default=DeviceType.UNKNOWN
    )
    browser = models.CharField(max_length=50, blank=True)
    os = models.CharField(max_length=50, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    location_city = models.CharField(max_length=100, blank=True)
    location_country = models.CharField(max_length=100, blank=True)
    last_activity_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=EndReason.choices, blank=True)

    objects = UserSessionQuerySet.as_manager()

    # The organizations of the user and the role in each, where they were read along.
    held: list[tuple[int, str]] | None

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["user", "ended_at", "expires_at"], name="accounts_session_active")
        ]
        constraints = [
            models.CheckConstraint(
                name="accounts_usersession_end_is_explained",
                condition=Q(ended_at=None, end_reason="")
                | Q(ended_at__isnull=False) & ~Q(end_reason=""),
            ),
            models.CheckConstraint(
                name="accounts_usersession_kind_has_its_key",
                condition=Q(kind="token", refresh_jti__isnull=False, session_key_digest=None)
                | Q(kind="browser", refresh_jti=None, session_key_digest__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.display_device}"

    @property
    def display_device(self) -> str:
        return " on ".join(part for part in (self.browser, self.os) if part) or "Unknown device"

    @property
    def display_location(self) -> str:
        return ", ".join(part for part in (self.location_city, self.location_country) if part)

    def is_active_at(self, now: datetime) -> bool:
        return self.ended_at is None and self.expires_at > now
