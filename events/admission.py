"""What the token of an invitation opens: a private event, for the address that was asked."""

from datetime import datetime

from django.utils import timezone as clock

from common import codes
from common.exceptions import NotFound
from events.models import Event, EventInvitation
from events.querysets import EventQuerySet


def reachable(token: str = "") -> EventQuerySet:
    """Return what everybody with the link may open, and the private event that the token is for."""
    if not token:
        return Event.objects.reachable()
    shown = EventInvitation.objects.filter(token_hash=codes.digest(token))
    return Event.objects.reachable(
        invited_to=shown.filter(event__ends_at__gte=clock.now()).values("event")
    )


def invitation_of(token: str, *, now: datetime) -> EventInvitation:
    """Return the invitation a token was mailed with; a wrong or expired one is not found."""
    shown = EventInvitation.objects.select_related(
        "event__owner", "event__organization", "event__cover_image", "event__category"
    ).prefetch_related(
        "event__custom_fields",
        "event__tags",
        "event__speakers",
        "event__sessions__speakers",
    )
    valid = shown.filter(event__deleted_at=None, event__ends_at__gte=now)
    invitation = valid.filter(token_hash=codes.digest(token)).exclude(event__status="draft").first()
    if invitation is None:
        raise NotFound
    invitation.event.is_invited = True
    return invitation


def admits(event: Event, token: str, *emails: str, now: datetime) -> bool:
    """Tell whether the token was mailed for this event, to the one who wants to come."""
    if not token or event.ends_at < now:
        return False
    invitation = event.invitations.filter(token_hash=codes.digest(token)).first()
    return invitation is not None and all(invitation.admits(email) for email in emails)
