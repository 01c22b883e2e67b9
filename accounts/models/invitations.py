"""Asking somebody into an organization."""

from datetime import datetime
from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organizations import Membership, Organization
from accounts.models.people import User
from accounts.querysets import MembershipInvitationQuerySet
from common.fields import LowercaseEmailField
from common.models import BaseModel


class MembershipInvitation(BaseModel):
    """An offer of a role to one address, good for a week, once."""

    class Status(StrEnum):
        OPEN = "open"
        EXPIRED = "expired"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        REVOKED = "revoked"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = LowercaseEmailField()
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    title = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField(db_index=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    declined_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipInvitationQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(accepted_at=None, declined_at=None, revoked_at=None),
                name="accounts_invitation_one_open_per_address",
            ),
            models.CheckConstraint(
                name="accounts_invitation_never_to_ownership", condition=~Q(role="owner")
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.email} to {self.organization}"

    @property
    def status(self) -> Status:
        return self.status_at(timezone.now())

    def status_at(self, now: datetime) -> Status:
        """Return what has become of it; lateness counts only while nobody answered."""
        if self.accepted_at:
            return self.Status.ACCEPTED
        if self.declined_at:
            return self.Status.DECLINED
        if self.revoked_at:
            return self.Status.REVOKED
        return self.Status.OPEN if self.expires_at > now else self.Status.EXPIRED
