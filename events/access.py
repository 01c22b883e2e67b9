"""Who may do what with events: the one table, as a condition and about one loaded row."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import Q

from accounts.roles import Capability, reach
from common.exceptions import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from events.models import Event

    Caller: TypeAlias = User | AnonymousUser


class Action(StrEnum):
    """What somebody may want to do with an event."""

    SEE = Capability.EVENTS_VIEW.value
    MANAGE = Capability.EVENTS_MANAGE.value
    STATISTICS = Capability.STATISTICS_VIEW.value
    EXPORT = Capability.EXPORTS_MAKE.value
    DISPOSE = "events.dispose"  # delete, restore, transfer: of organizers only their own


def condition(user: "Caller", action: str, *, path: str = "") -> Q:
    """Return the condition that keeps the events with which the user may do this.

    ``path`` leads from the filtered rows to their event: ``"event__"``.
    """
    held = reach(user)
    owner, organization = f"{path}owner", f"{path}organization"
    if action != Action.DISPOSE:
        return held.scope(action, owner=owner, organization=organization)
    if held.sees_everything(Capability.ORGANIZATION_EDIT):
        return Q()  # joined by | with another condition, an empty one would vanish
    heads = held.scope(Capability.ORGANIZATION_EDIT, owner=owner, organization=organization)
    managed = held.scope(Capability.EVENTS_MANAGE, owner=owner, organization=organization)
    return heads | (managed & Q(**{owner: held.user_id}))


def exportable(user: "Caller") -> Q:
    """Return the condition of what the user may take out; refuse who may take out nothing."""
    return somewhere(user, Action.EXPORT)


def somewhere(user: "Caller", action: str) -> Q:
    """Return the condition of the events with which the user may do this; refuse who has none."""
    held = reach(user)
    anywhere = held.sees_everything(action) or held.organizations_with(action)
    if not anywhere and not getattr(user, "is_organizer", False):
        raise NotAllowed
    return condition(user, action)


def can(user: "Caller", event: "Event", action: str) -> bool:
    """Tell the same about one loaded event, without a query beyond the user's reach."""
    held = reach(user)
    tenant: dict[str, Any] = {
        "owner_id": event.owner_id,
        "organization_id": event.organization_id,
    }
    if action != Action.DISPOSE:
        return held.may(action, **tenant)
    if held.may(Capability.ORGANIZATION_EDIT, **tenant):
        return True
    return event.owner_id == held.user_id and held.may(Capability.EVENTS_MANAGE, **tenant)
