"""Which users and organizations may be reached."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.utils import timezone

from accounts import roles
from accounts.roles import Capability
from common.querysets import SoftDeleteQuerySet

if TYPE_CHECKING:
    from accounts.models import (
        ApiToken,
        Membership,
        MembershipInvitation,
        Organization,
        User,
        UserSession,
        ZoomConnection,
    )

RESTORABLE_FOR = timedelta(days=30)
UNANSWERED = Q(accepted_at=None, declined_at=None, revoked_at=None)


class UserQuerySet(SoftDeleteQuerySet["User"]):
    """People who hold an account."""

    def public_organizers(self) -> Self:
        """Keep organizers who show their profile to everybody."""
        return self.filter(
            account_type="organizer",
            is_active=True,
            is_organizer_profile_public=True,
            deleted_at=None,
        )

    def for_staff(self, now: datetime) -> Self:
        """Add how many sessions are open, and whether the second factor is on."""
        is_open = Q(sessions__ended_at=None, sessions__expires_at__gt=now)
        return self.annotate(
            sessions_count=Count("sessions", filter=is_open),
            two_factor_enabled=Q(totp_device__confirmed_at__isnull=False),
        )


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

    def visible_to(self, user: "User") -> Self:
        """Keep the user's own sessions that are still open."""
        return self.active(timezone.now()).filter(user=user)

    def managed_by(self, user: "User", capability: str = "") -> Self:
        """Keep what one may end: one's own."""
        return self.visible_to(user)

    def active(self, now: datetime) -> Self:
        """Keep those that still open the door: neither ended nor expired, of a live account."""
        return self.filter(
            ended_at=None, expires_at__gt=now, user__is_active=True, user__deleted_at=None
        )


class OrganizationQuerySet(SoftDeleteQuerySet["Organization"]):
    """Organizations."""

    def visible_to(self, user: "User") -> Self:
        """Keep those the user belongs to; people of the platform see all."""
        return self.managed_by(user, Capability.ORGANIZATION_VIEW)

    def managed_by(self, user: "User", capability: str = Capability.ORGANIZATION_EDIT) -> Self:
        """Keep those in which the user has the capability."""
        reach = roles.reach(user)
        if reach.sees_everything(capability):
            return self.live()
        return self.live().filter(pk__in=reach.organizations_with(capability))

    def joined_by(self, user: "User") -> Self:
        """Keep those the user belongs to, whatever else they may see."""
        return self.filter(memberships__user=user, memberships__ended_at=None)

    def restorable_by(self, user: "User", now: datetime) -> Self:
        """Keep those the user may bring back: of the deleted ones the owner's own, for 30 days."""
        kept = self.filter(Q(deleted_at=None) | Q(deleted_at__gt=now - RESTORABLE_FOR))
        if roles.reach(user).sees_everything(Capability.ORGANIZATION_DELETE):
            return kept
        owned = user.memberships.filter(role="owner", ended_at=None).values("organization")
        return kept.filter(is_active=True, pk__in=owned)

    def listed(self) -> Self:
        """Keep those with a page for everybody."""
        return self.live().filter(is_public=True, is_active=True)

    def with_counts(self) -> Self:
        """Add how many belong to it, and how many seats are taken or promised."""
        current = Q(memberships__ended_at=None)
        promised = Q(
            invitations__accepted_at=None,
            invitations__declined_at=None,
            invitations__revoked_at=None,
            invitations__expires_at__gt=timezone.now(),
        )
        return self.annotate(
            members_count=self._count("memberships", current),
            seats_used=F("members_count") + self._count("invitations", promised),
        )

    def _count(self, relation: str, condition: Q) -> Subquery:
        # Each in a query of its own: joined together, people times invitations would be read.
        rows = self.model._base_manager.filter(pk=OuterRef("pk")).order_by()  # noqa: SLF001 -- Django's documented attribute
        counted = rows.values("pk").annotate(found=Count(relation, filter=condition))
        return Subquery(counted.values("found"))

    def with_role_of(self, user: "User") -> Self:
        """Add the role of the user, null for none."""
        mine = user.memberships.filter(organization=OuterRef("pk"), ended_at=None)
        return self.annotate(role=Subquery(mine.values("role")[:1]))


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Who belongs to which organization."""

    def visible_to(self, user: "User") -> Self:
        """Keep current memberships in organizations whose people the user may see."""
        return self.managed_by(user, Capability.MEMBERS_VIEW)

    def managed_by(self, user: "User", capability: str = Capability.MEMBERS_MANAGE) -> Self:
        """Keep current memberships in organizations where the user has the capability."""
        reach = roles.reach(user)
        current = self.filter(ended_at=None, organization__deleted_at=None)
        if reach.sees_everything(capability):
            return current
        return current.filter(organization__in=reach.organizations_with(capability))

    def current(self) -> Self:
        """Keep memberships that have not ended, of organizations that are in business."""
        return self.filter(
            ended_at=None, organization__is_active=True, organization__deleted_at=None
        )


class MembershipInvitationQuerySet(models.QuerySet["MembershipInvitation"]):
    """Offers of a role."""

    def visible_to(self, user: "User") -> Self:
        """Keep those of organizations into which the user may invite."""
        return self.managed_by(user)

    def managed_by(self, user: "User", capability: str = Capability.MEMBERS_INVITE) -> Self:
        """Keep those of organizations in which the user has the capability."""
        reach = roles.reach(user)
        current = self.filter(organization__deleted_at=None)
        if reach.sees_everything(capability):
            return current
        return current.filter(organization__in=reach.organizations_with(capability))

    def unanswered(self) -> Self:
        """Keep those nobody accepted, declined or took back."""
        return self.filter(UNANSWERED)

    def open_at(self, now: datetime) -> Self:
        """Keep those that may still be accepted: they hold a seat."""
        return self.unanswered().filter(expires_at__gt=now)

    def in_business(self) -> Self:
        """Leave out those of organizations that are deleted or deactivated."""
        return self.filter(organization__deleted_at=None, organization__is_active=True)

    def addressed_to(self, user: "User") -> Self:
        """Keep those to the user's address, if it is proven to be theirs."""
        return self.in_business().filter(email=user.email) if user.email_verified else self.none()

    def with_status(self, status: str, now: datetime) -> Self:
        """Keep those of which this became; as `status_at` says of one row."""
        became: dict[str, Q] = {
            "open": UNANSWERED & Q(expires_at__gt=now),
            "expired": UNANSWERED & Q(expires_at__lte=now),
            "accepted": Q(accepted_at__isnull=False),
            "declined": Q(declined_at__isnull=False),
            "revoked": Q(revoked_at__isnull=False),
        }
        return self.filter(became[status])


class OwnQuerySet(models.QuerySet[Any]):
    """Rows that are nobody's business but their user's."""

    def visible_to(self, user: "User") -> Self:
        """Keep the user's own."""
        return self.filter(user=user)

    def managed_by(self, user: "User", capability: str = "") -> Self:
        """Keep what one may change: one's own."""
        return self.visible_to(user)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Keys with which programs act for people."""

    def visible_to(self, user: "User") -> Self:
        """Keep the user's own, and those of organizations whose keys the user keeps."""
        return self.managed_by(user)

    def managed_by(self, user: "User", capability: str = Capability.DEVELOPER_MANAGE) -> Self:
        """Keep those the user may change; a key acts for its creator: no power reaches others'."""
        kept = roles.reach(user).organizations_with(capability)
        own = Q(user=user, organization=None)
        return self.filter(own | Q(organization__in=kept), revoked_at=None)

    def live(self, now: datetime) -> Self:
        """Keep those that still open the door."""
        return self.filter(revoked_at=None, expires_at__gt=now)


class ZoomConnectionQuerySet(models.QuerySet["ZoomConnection"]):
    """Links to Zoom."""

    def connected(self) -> Self:
        """Leave out those that only wait for their revocation."""
        return self.filter(disconnected_at=None)
