"""Which users and organizations may be reached."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

from common.querysets import SoftDeleteQuerySet

if TYPE_CHECKING:
    from accounts.models import Membership, User, UserSession, ZoomConnection


class UserQuerySet(SoftDeleteQuerySet["User"]):
    """People who hold an account."""


class UserManager(BaseUserManager["User"]):
    """Accounts that exist; erased ones do not."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db).live()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Add an account; without a password nobody can sign in with one."""
        user: User = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Add one who may do everything; for ``manage.py createsuperuser``."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get(email=username)
        return user


class UserSessionQuerySet(models.QuerySet["UserSession"]):
    """Devices people are signed in on."""

    def active(self, now: datetime) -> Self:
        """Keep those that still open the door: neither ended nor expired, of a live account."""
        return self.filter(
            ended_at=None, expires_at__gt=now, user__is_active=True, user__deleted_at=None
        )


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Who belongs to which organization."""

    def current(self) -> Self:
        """Keep memberships that have not ended, of organizations that are in business."""
        return self.filter(
            ended_at=None, organization__is_active=True, organization__deleted_at=None
        )


class ZoomConnectionQuerySet(models.QuerySet["ZoomConnection"]):
    """Links to Zoom."""

    def connected(self) -> Self:
        """Leave out those that only wait for their revocation."""
        return self.filter(disconnected_at=None)
