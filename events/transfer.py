"""Events change hands: inside their organization, or from a person into one."""

from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Membership, Organization, User
from accounts.roles import Capability, reach
from billing import entitlements
from billing.entitlements import SubscriptionRequired
from common import codes
from common.exceptions import Conflict, NotAllowed, RuleViolation
from events import access, catalogue, emails, meetings, questions, references
from events.models import Event
from events.slugs import LIMIT

REASON: Final = "Transferred to the organization's owner."


class TargetNotSubscribed(RuleViolation):
    """Who gets the event could not go on with it."""

    code = "TARGET_NOT_SUBSCRIBED"
    message = "The new owner needs an active subscription."


class TransferBlocked(Conflict):
    """Money that was paid to one seller is paid back by the same."""

    code = "TRANSFER_BLOCKED"
    message = "Somebody has paid for this event, so it stays with who is paid."


@transaction.atomic
def hand_over(
    event: Event,
    *,
    by: User,
    owner: UUID,
    reason: str = "",
    move_meetings: bool = False,
    **to: Organization | None,
) -> list[str]:
    """Give the event to somebody else, and to their ``organization`` where one is named.

    What the new tenant may not use is cleared; return the names of those fields. Meetings stay
    with the connection that hosts them, unless ``move_meetings`` has them made anew.
    """
    event.lock()
    if not access.can(by, event, access.Action.DISPOSE):
        raise NotAllowed
    former, home = event.owner, event.organization
    organization = to.get("organization", home)
    heir = _heir(event, by, owner, organization)
    _require_fit(event, heir, organization)
    event.owner, event.organization = heir, organization
    cleared = references.drop_foreign_templates(event) + references.drop_foreign_speakers(event)
    _rename(event)
    event.save(update_fields=["owner", "organization", "slug", *references.TEMPLATES])
    catalogue.refresh_search_text(event)
    if move_meetings:
        meetings.move(event)
    line = event.status_history.create(
        from_status=event.status,
        to_status=event.status,
        changed_by=by,
        reason=f"{_told(event, former, home)} {reason}".strip(),
    )
    event.record("event.transferred", by, from_owner=former.uuid, cleared=cleared)
    emails.event_transferred(event, former=former, occasion=line.uuid)
    return cleared


@transaction.atomic
def pass_on(organization: Organization, *, leaver: User) -> int:
    """Give the organization's owner the events of somebody who may manage none there any more.

    Deleted ones go along. Meetings stay with the connection that hosts them. Return how many.
    """
    theirs = Event.all_objects.filter(organization=organization, owner=leaver)
    events = list(theirs.select_for_update(no_key=True).order_by("pk"))
    heirs = organization.memberships.filter(role=Membership.Role.OWNER, ended_at=None)
    heir = heirs.exclude(user=leaver).select_related("user").first() if events else None
    if heir is None:
        return 0
    for event in events:
        _give(event, heir.user, leaver)
    return len(events)


def _give(event: Event, heir: User, leaver: User) -> None:
    event.owner = heir
    _rename(event)
    event.save(update_fields=["owner", "slug"])
    # Without names: the history outlasts people.
    event.status_history.create(
        from_status=event.status, to_status=event.status, changed_by=None, reason=REASON
    )
    event.record("event.transferred", None, from_owner=leaver.uuid)


def _rename(event: Event) -> None:
    """Give the event another name where its new owner uses its own already."""
    others = Event.all_objects.filter(owner=event.owner, slug=event.slug).exclude(pk=event.pk)
    if others.exists():
        event.slug = event.slug[:LIMIT].rstrip("-") + codes.slug_suffix()


def _heir(event: Event, by: User, owner: UUID, organization: Organization | None) -> User:
    """Return who gets the event; of the people of the platform only a superuser is free to choose.

    Who may not give it there learns nothing about whom they named.
    """
    is_free = reach(by).sees_everything(Capability.ORGANIZATION_EDIT)
    if not is_free and not _is_open(event, by, organization):
        raise NotAllowed
    heir = _member(owner, organization) if organization else _organizer(owner)
    if heir is None and not is_free:
        raise NotAllowed
    if heir is None:
        raise ValidationError({"owner": ["This person cannot manage events there."]})
    if heir == event.owner and organization == event.organization:
        raise ValidationError({"owner": ["The event is theirs already."]})
    return heir


def _is_open(event: Event, by: User, organization: Organization | None) -> bool:
    """Tell whether those who dispose of the event may give it to people there."""
    if organization is None:
        return False
    if event.organization_id is not None:
        return event.organization_id == organization.pk
    return reach(by).may(Capability.EVENTS_MANAGE, organization_id=organization.pk)


def _member(owner: UUID, organization: Organization) -> User | None:
    # Locked: who leaves at this moment passes the event on, or does not get it.
    rows = Membership.objects.current().select_for_update(no_key=True, of=("self",))
    held = rows.filter(organization=organization, user__uuid=owner, role__in=emails.MANAGING_ROLES)
    membership = held.select_related("user").first()
    return membership.user if membership else None


def _organizer(owner: UUID) -> User | None:
    found = User.objects.filter(uuid=owner, is_active=True).first()
    return found if found is not None and found.is_organizer else None


def _require_fit(event: Event, heir: User, organization: Organization | None) -> None:
    payer = entitlements.account_for(owner=heir, organization=organization)
    try:
        entitlements.require_active(payer)
    except SubscriptionRequired as error:
        raise TargetNotSubscribed from error
    seller = entitlements.account_for(owner=event.owner, organization=event.organization)
    if payer != seller and questions.has_payments(event):
        raise TransferBlocked


def _told(event: Event, former: User, home: Organization | None) -> str:
    """Say from whom to whom, of people by their uuids: the history outlasts their names."""
    if event.organization == home:
        return f"Transferred from {former.uuid} to {event.owner.uuid}."
    origin = home.name if home else former.uuid
    place = event.organization.name if event.organization else event.owner.uuid
    return f"Transferred from {origin} to {place}."
