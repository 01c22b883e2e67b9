"""Which users and organizations may be reached."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager

from common.querysets import SoftDeleteQuerySet

if TYPE_CHECKING:
    from accounts.models import User


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
