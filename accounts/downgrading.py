"""From organizer back to attendee: content stays, to be read and no longer changed."""

from dataclasses import asdict

from django.db import transaction

from accounts import blockers, signals
from accounts.models import User
from common import audit
from common.exceptions import Conflict


class NotOrganizer(Conflict):
    code = "NOT_ORGANIZER"
    message = "This account is not an organizer's."


@transaction.atomic
def downgrade(user: User, *, by: User) -> None:
    """Make the organizer an attendee, and announce it in the same transaction.

    Raises ActiveContent while something is offered to others. Upgrading later is possible.
    """
    current = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not current.is_organizer:
        raise NotOrganizer
    if found_open := blockers.found(user=current):
        raise blockers.ActiveContent(details={"blockers": [asdict(each) for each in found_open]})
    user.account_type = User.AccountType.ATTENDEE
    user.save(update_fields=["account_type"])
    user.known_reach = None
    audit.record("user.downgraded", target=user, by=by, owner=user)
    signals.organizer_downgraded.send(sender=User, user=user)
