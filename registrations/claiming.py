"""From guest to account: places registered under an address that somebody has proven."""

from django.db import transaction

from accounts.models import User
from common import audit
from registrations import signals
from registrations.models import Registration
from registrations.querysets import RegistrationQuerySet


@transaction.atomic
def claim(user: User) -> int:
    """Link every guest row with the user's proven address, and announce it once.

    Running it again links nothing.

    A row that belongs to an account is never given to another one.
    """
    if not user.email_verified:
        return 0
    rows = list(candidates(user).select_for_update(no_key=True, of=("self",)))
    for registration in rows:
        registration.user = user
        registration.save(update_fields=["user"])
    if rows:
        uuids = [str(registration.uuid) for registration in rows]
        audit.record("registrations.claimed", target=user, by=user, owner=user, rows=uuids)
        signals.registrations_linked.send(sender=User, user=user)
    return len(rows)


def candidates(user: User) -> RegistrationQuerySet:
    """Return the guest rows that wait for the user, live or past."""
    found: RegistrationQuerySet = Registration.objects.current().filter(user=None, email=user.email)
    return found if user.email_verified else found.none()
