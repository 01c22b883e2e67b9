"""Organizations and who belongs to them."""

from typing import Any

from django.db import models, transaction
from django.db.models import Q

from accounts import roles
from accounts.models.people import User
from accounts.querysets import MembershipQuerySet, OrganizationQuerySet
from accounts.roles import Capability
from common import audit, validators
from common.exceptions import NotAllowed
from common.fields import HttpUrlField, LowercaseEmailField, TimezoneField
from common.models import BaseModel, SoftDeleteModel
from common.querysets import LiveManager


class SlugIsTheOwners(NotAllowed):
    message = "Only the owner may change the organization's slug."


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

    objects = LiveManager.from_queryset(OrganizationQuerySet)()  # type: ignore[misc]  # the base declares it
    all_objects = OrganizationQuerySet.as_manager()  # type: ignore[misc]  # the same

    def __str__(self) -> str:
        return self.name

    def lock(self) -> None:
        """Lock the row and read it anew: who holds it may count seats and change roles."""
        # A plain FOR UPDATE would make the foreign-key check of every new child row wait.
        self.refresh_from_db(from_queryset=Organization.all_objects.select_for_update(no_key=True))

    def edit(self, *, by: User, **changes: Any) -> None:
        """Change what the organization says of itself; its address only its owner may change."""
        if changes.get("slug", self.slug) != self.slug:
            reach = roles.reach(by)
            if not reach.may(Capability.ORGANIZATION_TRANSFER, organization_id=self.pk):
                raise SlugIsTheOwners
        for name, value in changes.items():
            setattr(self, name, value)
        with transaction.atomic():
            self.save(update_fields=list(changes))
            audit.record(
                "organization.changed", target=self, by=by, organization=self, fields=[*changes]
            )


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

    objects = MembershipQuerySet.as_manager()

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

    @property
    def may_manage_events(self) -> bool:
        """Whether events of the organization may be this person's."""
        held = roles.CAPABILITIES[self.role]
        return self.ended_at is None and Capability.EVENTS_MANAGE in held
