"""Events change hands inside their organization."""

from django.db import transaction

from accounts.models import Membership, Organization, User
from common import codes
from events.models import Event
from events.slugs import LIMIT

REASON = "Transferred to the organization's owner."


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
    if Event.all_objects.filter(owner=heir, slug=event.slug).exists():
        event.slug = event.slug[:LIMIT].rstrip("-") + codes.slug_suffix()
    event.save(update_fields=["owner", "slug"])
    # Without names: the history outlasts people.
    event.status_history.create(
        from_status=event.status, to_status=event.status, changed_by=None, reason=REASON
    )
    event.record("event.transferred", None, from_owner=leaver.uuid)
