"""Changes of a registration that leave its state alone."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.exceptions import InvalidStatus
from registrations.models import Registration


@transaction.atomic
def edit(registration: Registration, *, by: User, **changes: Any) -> None:
    """Write what a manager corrected; certificates already issued keep the old name."""
    changed = [name for name, value in changes.items() if getattr(registration, name) != value]
    for name in changed:
        setattr(registration, name, changes[name])
    registration.save(update_fields=changed)
    if changed:
        registration.record("registration.changed", by=by, fields=changed)


@transaction.atomic
def rename(registration: Registration, *, by: User | None, full_name: str) -> None:
    """Let the registrant correct the own name until the event starts."""
    if not registration.can_rename(timezone.now()):
        raise InvalidStatus("The name can be changed until the event starts.")
    before = registration.full_name
    registration.full_name = full_name
    registration.save(update_fields=["full_name"])
    registration.record("registration.renamed", by=by, before=before, after=full_name)
