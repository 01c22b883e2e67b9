"""People who hold an account."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MinLengthValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import signals
from accounts.querysets import UserManager, UserQuerySet
from common import audit, validators
from common.exceptions import InvalidRequest
from common.fields import HttpUrlField, LowercaseEmailField, TimezoneField
from common.models import SoftDeleteModel

if TYPE_CHECKING:
    from accounts.models.api_tokens import ApiToken
    from accounts.models.sessions import UserSession
    from accounts.roles import Reach


class AlreadyOrganizer(InvalidRequest):
    code = "ALREADY_ORGANIZER"
    message = "This account is an organizer's already."


class User(AbstractBaseUser, PermissionsMixin, SoftDeleteModel):
    """A person with an account."""

    class AccountType(models.TextChoices):
        ATTENDEE = "attendee"
        ORGANIZER = "organizer"

    email = LowercaseEmailField(unique=True)
    full_name = models.CharField(
        max_length=255, validators=[MinLengthValidator(2), validators.plain_line]
    )
    professional_title = models.CharField(max_length=255, blank=True)
    credentials = models.CharField(max_length=255, blank=True)
    organization_name = models.CharField(max_length=255, blank=True)
    bio = models.TextField(max_length=2000, blank=True)
    profile_photo_url = HttpUrlField(blank=True)
    timezone = TimezoneField()
    account_type = models.CharField(
        max_length=10, choices=AccountType.choices, default=AccountType.ATTENDEE
    )
    upgraded_to_organizer_at = models.DateTimeField(null=True, blank=True)
    email_verified = models.BooleanField(default=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    organizer_display_name = models.CharField(max_length=200, blank=True)
    organizer_logo_url = HttpUrlField(blank=True)
    organizer_website = HttpUrlField(blank=True)
    organizer_bio = models.TextField(max_length=2000, blank=True)
    organizer_social_linkedin = HttpUrlField(blank=True)
    organizer_social_twitter = HttpUrlField(blank=True)
    is_organizer_profile_public = models.BooleanField(default=True)
    notify_event_reminders = models.BooleanField(default=True)
    notify_certificate_issued = models.BooleanField(default=True)
    notify_new_registration = models.BooleanField(default=True)
    notify_event_summary = models.BooleanField(default=True)
    notify_marketing = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    onboarding_completed_at = models.DateTimeField(null=True, blank=True)
    last_login = None
    last_login_at = models.DateTimeField(null=True, blank=True)
    last_active_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()
    all_objects: ClassVar[models.Manager["User"]] = UserQuerySet.as_manager()

    # Of the running request: the session somebody is signed in by, or the token with which a
    # program acts for them, and what they may reach.
    session: "UserSession | None" = None
    api_token: "ApiToken | None" = None
    known_reach: "Reach | None" = None

    PROFILE_FIELDS = (
        "professional_title",
        "credentials",
        "organization_name",
        "bio",
        "profile_photo_url",
        "timezone",
        "organizer_display_name",
        "organizer_logo_url",
        "organizer_website",
        "organizer_bio",
        "organizer_social_linkedin",
        "organizer_social_twitter",
    )
    NOTIFICATION_FIELDS = (
        "notify_event_reminders",
        "notify_certificate_issued",
        "notify_new_registration",
        "notify_event_summary",
        "notify_marketing",
    )
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta(SoftDeleteModel.Meta):
        indexes = [
            models.Index(fields=["account_type", "is_active"], name="accounts_user_kind"),
            models.Index(fields=["created_at"], name="accounts_user_created"),
        ]
        constraints = [
            models.CheckConstraint(
                name="accounts_user_verified_pair",
                condition=Q(email_verified=False, email_verified_at=None)
                | Q(email_verified=True, email_verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="accounts_user_erased_is_inactive",
                condition=Q(erased_at=None) | Q(is_active=False),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def is_organizer(self) -> bool:
        return self.account_type == self.AccountType.ORGANIZER

    @property
    def public_name(self) -> str:
        return self.organizer_display_name or self.full_name

    def upgrade(self, *, by: "User") -> None:
        """Make the attendee an organizer, and announce it in the same transaction."""
        with transaction.atomic():
            current = User.objects.select_for_update(no_key=True).get(pk=self.pk)
            if current.is_organizer:
                raise AlreadyOrganizer
            self.account_type = self.AccountType.ORGANIZER
            self.upgraded_to_organizer_at = current.upgraded_to_organizer_at or timezone.now()
            self.save(update_fields=["account_type", "upgraded_to_organizer_at"])
            audit.record("user.upgraded", target=self, by=by, owner=self)
            signals.organizer_upgraded.send(sender=User, user=self)

    def choose_notifications(self, *, by: "User", **flags: bool) -> None:
        """Say which messages are wanted; consent to marketing is kept on record."""
        before = self.notify_marketing
        for name, wanted in flags.items():
            setattr(self, name, wanted)
        with transaction.atomic():
            self.save(update_fields=list(flags))
            if self.notify_marketing != before:
                audit.record(
                    "user.marketing_consent_changed",
                    target=self,
                    by=by,
                    owner=self,
                    consent=self.notify_marketing,
                )

    def complete_onboarding(self, *, by: "User") -> None:
        """Note that the first steps are done; the first time counts."""
        if self.onboarding_completed_at is None:
            self.onboarding_completed_at = timezone.now()
            self.save(update_fields=["onboarding_completed_at"])
            audit.record("user.onboarding_completed", target=self, by=by, owner=self)

    def erase(self) -> None:
        """Empty the row of everything personal; only the uuid remains, and it stays inactive."""
        now = timezone.now()
        emptied = {
            field.name: field.get_default()
            for field in self._meta.concrete_fields
            if field.name in self.PROFILE_FIELDS + self.NOTIFICATION_FIELDS
        }
        changes = {
            **emptied,
            "email": f"deleted-{self.uuid}@anonymized.invalid",
            "full_name": "Deleted User",
            "email_verified": False,
            "email_verified_at": None,
            "is_organizer_profile_public": False,
            "is_active": False,
            "is_staff": False,
            "is_superuser": False,
            "onboarding_completed_at": None,
            "last_login_at": None,
            "last_active_at": None,
            "erased_at": now,
            "deleted_at": now,
        }
        for name, value in changes.items():
            setattr(self, name, value)
        self.set_unusable_password()
        self.save(update_fields=[*changes, "password"])

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, and with it what this person may reach."""
        self.known_reach = None
        super().refresh_from_db(*args, **kwargs)
