"""The people of an organization: their roles, leaving, and who owns it."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import organization_emails, passwords, roles, signals
from accounts.models import Membership, Organization, User
from accounts.roles import Capability
from common import audit
from common.exceptions import Conflict, NotAllowed, NotFound, RuleViolation

Role = Membership.Role
HEADS = frozenset({Role.OWNER, Role.ADMIN})


class CannotChangeSelf(Conflict):
    code = "CANNOT_CHANGE_SELF"
    message = "You cannot change or remove yourself. Leave the organization instead."


class OwnerCannotLeave(Conflict):
    code = "OWNER_CANNOT_LEAVE"
    message = "Transfer the ownership before you leave."


class OnlyTheOwnerManagesHeads(NotAllowed):
    message = "Only the owner may change or remove an administrator."


class OwnershipIsTransferred(NotAllowed):
    message = "The owner's role changes by a transfer of ownership only."


class MemberNotVerified(RuleViolation):
    code = "MEMBER_NOT_VERIFIED"
    message = "The new owner needs an active account with a verified address."


def hold(organization: Organization, *, by: User, capability: str) -> None:
    """Lock the organization and look again whether the caller has the capability there.

    What was read before the lock may be the past: two people can change each other's roles.
    """
    organization.lock()
    by.known_reach = None
    if not roles.reach(by).may(capability, organization_id=organization.pk):
        raise NotAllowed


def join(
    organization: Organization, *, by: User, role: str, title: str, invited_by: User | None
) -> Membership:
    """Make the caller a member. The organization is locked and has a seat left."""
    membership = Membership.objects.create(
        organization=organization, user=by, role=role, title=title, invited_by=invited_by
    )
    _record("organization.member_joined", membership, by, role=role)
    _announce(membership)
    return membership


@transaction.atomic
def change(membership: Membership, *, by: User, **changes: Any) -> None:
    """Give another role or title, as far as the caller's own role reaches."""
    before = _hold_member(membership, by=by).role
    for name, value in changes.items():
        setattr(membership, name, value)
    membership.save(update_fields=list(changes))
    _record("organization.member_changed", membership, by, from_role=before, role=membership.role)
    if membership.role != before:
        _announce(membership)
        organization_emails.membership_changed(membership, by=by)


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """End somebody's membership, as far as the caller's own role reaches."""
    _hold_member(membership, by=by)
    _end(membership, by=by, note="organization.member_removed")


@transaction.atomic
def leave(organization: Organization, *, by: User) -> None:
    """End the caller's own membership; an owner must hand over first."""
    organization.lock()
    own = organization.memberships.filter(user=by, ended_at=None).first()
    if own is None:
        raise NotAllowed
    if own.role == Role.OWNER:
        raise OwnerCannotLeave
    _end(own, by=by, note="organization.member_left")
    by.known_reach = None


@transaction.atomic
def transfer_ownership(
    organization: Organization, *, by: User, member: UUID, password: str = ""
) -> None:
    """Make another member the owner and the owner an admin; wants a fresh proof of identity."""
    passwords.require_fresh(by, password=password, now=timezone.now())
    hold(organization, by=by, capability=Capability.ORGANIZATION_TRANSFER)
    current = organization.memberships.filter(ended_at=None).select_related("user")
    heir = current.filter(uuid=member).first()
    if heir is None or heir.role == Role.OWNER:
        raise ValidationError({"member": ["Choose another member of this organization."]})
    if not heir.user.email_verified or not heir.user.is_active:
        raise MemberNotVerified
    owner = current.get(role=Role.OWNER)
    # In this order: at no moment may there be two owners.
    _give(owner, Role.ADMIN)
    _give(heir, Role.OWNER)
    by.known_reach = None
    _record("organization.ownership_transferred", heir, by, from_owner=owner.user.uuid)
    for each in (heir, owner):
        _announce(each)
        organization_emails.ownership_transferred(each, heir=heir.user)


def _hold_member(membership: Membership, *, by: User) -> Membership:
    """Hold the organization of a membership that the caller may change; else refuse."""
    organization = membership.organization
    hold(organization, by=by, capability=Capability.MEMBERS_MANAGE)
    membership.refresh_from_db(fields=["role", "title", "ended_at"])
    if membership.ended_at is not None:
        raise NotFound
    if membership.user_id == by.pk:
        raise CannotChangeSelf
    owns = roles.reach(by).may(Capability.ORGANIZATION_TRANSFER, organization_id=organization.pk)
    if membership.role in HEADS and not owns:
        raise OnlyTheOwnerManagesHeads
    if membership.role == Role.OWNER:
        raise OwnershipIsTransferred
    return membership


def _end(membership: Membership, *, by: User, note: str) -> None:
    membership.ended_at = timezone.now()
    membership.save(update_fields=["ended_at"])
    _record(note, membership, by, role=membership.role)
    _announce(membership)
    organization_emails.membership_changed(membership, by=by)


def _give(membership: Membership, role: str) -> None:
    membership.role = role
    membership.save(update_fields=["role"])


def _announce(membership: Membership) -> None:
    membership.user.known_reach = None
    signals.membership_changed.send(sender=Membership, membership=membership)


def _record(action: str, membership: Membership, by: User, **facts: Any) -> None:
    audit.record(
        action,
        target=membership,
        by=by,
        organization=membership.organization,
        member=membership.user.uuid,
        **facts,
    )
