"""The notices that accounts gives; each stands beside a mail of the same name."""

from collections.abc import Mapping
from typing import Final

from accounts.models import (
    DataExport,
    Membership,
    MembershipInvitation,
    User,
    UserSession,
    ZoomConnection,
)
from accounts.notifications import notify

TYPES: Final[Mapping[str, str]] = {
    "membership_changed": "Your role in an organization was given, changed or ended.",
    "organization_invitation": "An organization invites you.",
    "zoom_disconnected": "Zoom no longer works for your account.",
    "webhook_endpoint_disabled": "We stopped sending to one of your webhook endpoints.",
    "data_export_ready": "The copy of your data can be downloaded.",
    "session_reuse": "A sign-in was ended because its token was used twice.",
    "system": "A message from the people who run the platform.",
}


def membership_changed(membership: Membership) -> None:
    """Tell a member of the role they have now, or that they have none any more."""
    organization = membership.organization
    has_ended = membership.ended_at is not None
    title = (
        f"You no longer belong to {organization.name}."
        if has_ended
        else f"Your role in {organization.name}: {membership.get_role_display()}."
    )
    notify(
        membership.user,
        "membership_changed",
        title=title,
        action_url="" if has_ended else f"/organizations/{organization.slug}",
        metadata={"organization": str(organization.uuid), "role": membership.role},
    )


def organization_invitation(asked: MembershipInvitation) -> None:
    """Tell the person with this proven address, if there is one, of an invitation."""
    notify(
        User.objects.filter(email=asked.email, email_verified=True).first(),
        "organization_invitation",
        title=f"{asked.organization.name} invites you as {asked.get_role_display()}.",
        action_url="/settings/organization-invitations",
        metadata={"organization": str(asked.organization.uuid), "invitation": str(asked.uuid)},
        dedupe_key=f"organization_invitation:{asked.uuid}:{asked.expires_at.isoformat()}",
    )


def zoom_disconnected(connection: ZoomConnection) -> None:
    """Say that the Zoom connection must be made anew."""
    notify(
        connection.user,
        "zoom_disconnected",
        title="Zoom is no longer connected.",
        message="Please connect your Zoom account again, so that meetings can be made.",
        action_url="/settings/zoom",
        dedupe_key=f"zoom_disconnected:{connection.connected_at.isoformat()}",
    )


def session_reuse(session: UserSession) -> None:
    """Say that a sign-in was ended because its token may have been stolen."""
    notify(
        session.user,
        "session_reuse",
        title="A sign-in was ended for your safety.",
        message=f"Its token was used twice: {session.display_device}.",
        action_url="/settings/sessions",
        dedupe_key=f"session_reuse:{session.uuid}",
    )


def data_export_ready(export: DataExport) -> None:
    """Say that the copy of the data can be fetched."""
    notify(
        export.user,
        "data_export_ready",
        title="The copy of your data is ready.",
        message="You can download it for a week.",
        action_url="/settings/privacy",
        metadata={"request_uuid": str(export.uuid)},
        dedupe_key=f"data_export_ready:{export.uuid}",
    )
