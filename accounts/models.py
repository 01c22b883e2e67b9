"""People, organizations and who belongs to them."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q

from accounts.querysets import UserManager, UserQuerySet
from common import validators
from common.fields import HttpUrlField, LowercaseEmailField, TimezoneField
from common.models import BaseModel, SoftDeleteModel


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


class Organization(SoftDeleteModel):
    """A provider several people work for."""

    name = models.CharField(max_length=200, validators=[validators.plain_line])
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(max_length=2000, blank=True)
    website = HttpUrlField(blank=True)
    contact_email = LowercaseEmailField(blank=True)
    contact_phone = models.CharField(
        max_length=16, blank=True, validators=[validators.phone_number]
    )
    logo_url = HttpUrlField(blank=True)
    primary_color = models.CharField(
        max_length=7, default="#0066CC", validators=[validators.hex_color]
    )
    secondary_color = models.CharField(
        max_length=7, default="#004499", validators=[validators.hex_color]
    )
    tax_number = models.CharField(max_length=50, blank=True)
    timezone = TimezoneField()
    is_public = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    seat_limit = models.PositiveIntegerField(null=True, blank=True, default=5)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return self.name


class Membership(BaseModel):
    """One person's role in one organization, until it ends."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        ORGANIZER = "organizer"
        INSTRUCTOR = "instructor"
        STAFF = "staff"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    title = models.CharField(max_length=100, blank=True)
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(ended_at=None),
                name="accounts_membership_one_per_person",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(role="owner", ended_at=None),
                name="accounts_membership_exactly_one_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.organization}"
