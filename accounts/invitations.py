"""Asking people into an organization, and their answers; seats bound how many."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import members, notices, organization_emails
from accounts.exceptions import EmailNotVerified, InvalidToken, TokenExpired
from accounts.models import Membership, MembershipInvitation, Organization, User
from accounts.roles import Capability
from common import audit, codes
from common.exceptions import Conflict, LimitReached, NotAllowed

Status = MembershipInvitation.Status
LIFETIME = timedelta(days=7)
REMINDED_BEFORE = timedelta(days=2)


class SeatLimitReached(LimitReached):
    code = "SEAT_LIMIT_REACHED"
    message = "All seats of the organization are taken or promised."


class AlreadyMember(Conflict):
    code = "ALREADY_MEMBER"
    message = "This person belongs to the organization already."


class InvitationClosed(Conflict):
    code = "INVITATION_CLOSED"
    message = "This invitation was answered or taken back already."


class InvitationNotForYou(NotAllowed):
    code = "INVITATION_NOT_FOR_YOU"
    message = "This invitation is for another address."


@transaction.atomic
def invite(
    organization: Organization, *, by: User, email: str, role: str, title: str = ""
) -> MembershipInvitation:
    """Ask an address into the organization; one that was asked already is asked anew."""
    members.hold(organization, by=by, capability=Capability.MEMBERS_INVITE)
    now = timezone.now()
    if organization.memberships.filter(ended_at=None, user__email=email).exists():
        raise AlreadyMember
    earlier = organization.invitations.unanswered().filter(email=email).first()
    invitation = earlier or MembershipInvitation(organization=organization, email=email)
    invitation.role, invitation.title = role, title
    _send(invitation, by=by, now=now)
    _record("organization.member_invited", invitation, by, role=role)
    return invitation


@transaction.atomic
def resend(invitation: MembershipInvitation, *, by: User) -> None:
    """Send the invitation again, with a new secret and another week; the old one is void."""
    _hold_unanswered(invitation, by=by)
    _send(invitation, by=by, now=timezone.now())
    _record("organization.invitation_resent", invitation, by)


@transaction.atomic
def revoke(invitation: MembershipInvitation, *, by: User) -> None:
    """Take the invitation back; its seat is free again."""
    _hold_unanswered(invitation, by=by)
    _close(invitation, "revoked_at", timezone.now())
    _record("organization.invitation_revoked", invitation, by)


def by_secret(secret: str, *, now: datetime) -> MembershipInvitation:
    """Return the open invitation of a mailed secret; raises InvalidToken or TokenExpired."""
    asked = MembershipInvitation.objects.in_business().select_related("organization", "invited_by")
    invitation = asked.filter(digest=codes.digest(secret)).first()
    status = invitation.status_at(now) if invitation else None
    if invitation is None or status not in {Status.OPEN, Status.EXPIRED}:
        raise InvalidToken
    if status == Status.EXPIRED:
        raise TokenExpired
    return invitation


def accept_by_secret(secret: str, *, by: User) -> Membership:
    """Accept by the mailed secret, which is for one address only."""
    return accept(by_secret(secret, now=timezone.now()), by=by)


@transaction.atomic
def accept(invitation: MembershipInvitation, *, by: User) -> Membership:
    """Make the invited person a member, if a seat is left for them."""
    _require_addressee(invitation, by)
    organization = invitation.organization
    organization.lock()
    _require_open(invitation)
    if organization.memberships.filter(ended_at=None, user=by).exists():
        raise AlreadyMember
    _require_seat(organization, used=organization.memberships.filter(ended_at=None).count())
    invitation.accepted_by = by
    _close(invitation, "accepted_at", timezone.now())
    return members.join(
        organization,
        by=by,
        role=invitation.role,
        title=invitation.title,
        invited_by=invitation.invited_by,
    )


@transaction.atomic
def decline(invitation: MembershipInvitation, *, by: User) -> None:
    """Turn the invitation down; its seat is free again."""
    _require_addressee(invitation, by)
    invitation.organization.lock()
    _require_open(invitation)
    _close(invitation, "declined_at", timezone.now())
    _record("organization.invitation_declined", invitation, by)


def remind(now: datetime) -> int:
    """Remind, once each, of the invitations that end within two days; return of how many."""
    due = MembershipInvitation.objects.open_at(now).in_business()
    due = due.filter(reminded_at=None, expires_at__lte=now + REMINDED_BEFORE)
    return sum(_remind(pk, now) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    claimed = MembershipInvitation.objects.open_at(now).filter(pk=pk, reminded_at=None)
    if not claimed.update(reminded_at=now):
        return False
    asked = MembershipInvitation.objects.select_related("organization", "invited_by")
    organization_emails.invitation_reminder(asked.get(pk=pk))
    return True


def _send(invitation: MembershipInvitation, *, by: User, now: datetime) -> None:
    """Give the invitation a new secret and a week, and mail it. The organization is locked."""
    organization = invitation.organization
    others = organization.invitations.open_at(now).exclude(pk=invitation.pk).count()
    taken = organization.memberships.filter(ended_at=None).count() + others
    _require_seat(organization, used=taken)
    secret = codes.token()
    invitation.digest = codes.digest(secret)
    invitation.expires_at = now + LIFETIME
    invitation.invited_by = by
    invitation.reminded_at = None
    invitation.save()
    organization_emails.invitation(invitation, secret)
    notices.organization_invitation(invitation)
    notices.organization_invitation(invitation)


def _require_seat(organization: Organization, *, used: int) -> None:
    limit = organization.seat_limit
    if limit is not None and used >= limit:
        raise SeatLimitReached(details={"limit": limit, "used": used})


def _require_addressee(invitation: MembershipInvitation, user: User) -> None:
    if invitation.email != user.email:
        raise InvitationNotForYou
    if not user.email_verified:
        raise EmailNotVerified


def _require_open(invitation: MembershipInvitation) -> None:
    """Read the row anew under the organization's lock; refuse what cannot be answered now."""
    invitation.refresh_from_db()
    gone = invitation.organization.is_deleted or not invitation.organization.is_active
    if gone or invitation.status_at(timezone.now()) != Status.OPEN:
        raise InvitationClosed


def _hold_unanswered(invitation: MembershipInvitation, *, by: User) -> None:
    """Hold the organization of an invitation that nobody answered, late or not; else refuse."""
    members.hold(invitation.organization, by=by, capability=Capability.MEMBERS_INVITE)
    invitation.refresh_from_db()
    if invitation.status_at(timezone.now()) not in {Status.OPEN, Status.EXPIRED}:
        raise InvitationClosed


def _close(invitation: MembershipInvitation, moment: str, now: datetime) -> None:
    setattr(invitation, moment, now)
    invitation.save(update_fields=[moment, "accepted_by"])


def _record(action: str, invitation: MembershipInvitation, by: User, **facts: Any) -> None:
    audit.record(action, target=invitation, by=by, organization=invitation.organization, **facts)
