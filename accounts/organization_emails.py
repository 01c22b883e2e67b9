"""The messages about who belongs to an organization."""

from typing import Any

from django.conf import settings

from accounts.models import Membership, MembershipInvitation, User
from common import mail

Category = mail.Category


def invitation(asked: MembershipInvitation, secret: str) -> None:
    """Ask somebody, who may have no account yet, into an organization."""
    _ask(
        "organization_invitation",
        asked,
        invitation_url=f"{settings.FRONTEND_URL}/organization-invitations?token={secret}",
    )


def invitation_reminder(asked: MembershipInvitation) -> None:
    """Remind of an invitation that ends soon; its secret is known to the first message alone."""
    _ask(
        "organization_invitation_reminder",
        asked,
        dedupe_key=f"{asked.uuid}:{asked.expires_at.isoformat()}",
        invitations_url=f"{settings.FRONTEND_URL}/settings/organization-invitations",
        sign_up_url=f"{settings.FRONTEND_URL}/signup",
    )


def membership_changed(membership: Membership, *, by: User) -> None:
    """Tell a member of another role, or of the end of the membership."""
    _tell(
        "membership_changed",
        membership,
        has_ended=membership.ended_at is not None,
        is_own_wish=membership.user_id == by.pk,
    )


def ownership_transferred(membership: Membership, *, heir: User) -> None:
    """Tell the old owner or the new one who owns the organization now."""
    _tell(
        "ownership_transferred",
        membership,
        is_owner=membership.user_id == heir.pk,
        owner_name=heir.full_name,
    )


def _ask(
    kind: str, asked: MembershipInvitation, *, dedupe_key: str | None = None, **context: Any
) -> None:
    mail.send(
        kind,
        to=mail.Recipient(asked.email),
        category=Category.INVITATION,
        context={
            "organization": asked.organization.name,
            "inviter": asked.invited_by.full_name if asked.invited_by else "",
            "role": asked.get_role_display(),
            "expires_at": asked.expires_at,
            **context,
        },
        envelope=mail.Envelope(
            dedupe_key=f"{kind}:{dedupe_key}" if dedupe_key else None,
            about=asked,
            organization_uuid=asked.organization.uuid,
            expires_at=asked.expires_at,
        ),
    )


def _tell(kind: str, membership: Membership, **context: Any) -> None:
    user, organization = membership.user, membership.organization
    mail.send(
        kind,
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=Category.ACCOUNT,
        context={
            "name": user.full_name,
            "organization": organization.name,
            "role": membership.get_role_display(),
            "organization_url": f"{settings.FRONTEND_URL}/organizations/{organization.slug}",
            **context,
        },
        envelope=mail.Envelope(about=membership, organization_uuid=organization.uuid),
    )
