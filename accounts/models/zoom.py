"""Somebody's authorised link to Zoom, and how it comes about."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from accounts.models.people import User
from accounts.models.sessions import UserSession
from accounts.querysets import ZoomConnectionQuerySet
from common.fields import EncryptedTextField, LowercaseEmailField
from common.models import BaseModel


class OAuthFlow(BaseModel):
    """One started authorization, bound to a person and a session, good for ten minutes, once."""

    class Provider(models.TextChoices):
        GOOGLE = "google"
        MICROSOFT = "microsoft"
        ZOOM = "zoom"

    class Intent(models.TextChoices):
        LOGIN = "login"
        LINK = "link"
        CONNECT = "connect"

    provider = models.CharField(max_length=10, choices=Provider.choices)
    intent = models.CharField(max_length=10, choices=Intent.choices)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="oauth_flows"
    )
    session = models.ForeignKey(
        UserSession, null=True, blank=True, on_delete=models.CASCADE, related_name="oauth_flows"
    )
    redirect_uri = models.CharField(max_length=500)
    state_digest = models.CharField(max_length=64, unique=True)
    flow_token_digest = models.CharField(max_length=64, null=True, blank=True)
    nonce = models.CharField(max_length=64, blank=True)
    code_verifier = EncryptedTextField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.intent} at {self.provider}"


class ZoomConnection(BaseModel):
    """Somebody's Zoom account, through which the meetings of their events are made."""

    UNHEALTHY_AFTER = 3
    INACTIVE_AFTER = 5
    BASIC = 1
    RENEWED_BEFORE = timedelta(minutes=5)

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="zoom_connection")
    access_token = EncryptedTextField()
    refresh_token = EncryptedTextField()
    token_expires_at = models.DateTimeField()
    token_version = models.PositiveIntegerField(default=1)
    refresh_lease_until = models.DateTimeField(null=True, blank=True)
    scopes = models.JSONField(default=list, blank=True)
    zoom_user_id = models.CharField(max_length=100, unique=True)
    zoom_user_type = models.PositiveSmallIntegerField(default=1)
    zoom_email = LowercaseEmailField(blank=True)
    zoom_account_id = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    connected_at = models.DateTimeField(default=timezone.now)
    last_refresh_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=1000, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    consecutive_errors = models.PositiveSmallIntegerField(default=0)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    objects = ZoomConnectionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Zoom of {self.user}"

    @property
    def is_healthy(self) -> bool:
        return self.is_active and self.consecutive_errors < self.UNHEALTHY_AFTER

    @property
    def is_licensed(self) -> bool:
        """Tell whether Zoom takes registrants; a basic account has no registration."""
        return self.zoom_user_type > self.BASIC

    def take(self, access_token: str, refresh_token: str, *, expires_at: datetime) -> None:
        """Put a new pair in place of the old one; the caller saves."""
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.token_expires_at = expires_at
        self.token_version = self.token_version + 1 if self.pk else 1
        self.refresh_lease_until = None
        self.consecutive_errors = 0
        self.last_error = ""

    def needs_new_token(self, now: datetime) -> bool:
        """Tell whether fewer than five minutes of the access token remain."""
        return self.token_expires_at - now < self.RENEWED_BEFORE
