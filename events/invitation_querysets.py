"""Which invitations are shown, which wait to be mailed, and whose they are."""

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeAlias
from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone as clock

from events.access import Action, condition

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from events.models import Event, EventInvitation

    Caller: TypeAlias = User | AnonymousUser


class EventInvitationQuerySet(models.QuerySet["EventInvitation"]):
    """Invitations to events."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those of events the user may change: nobody else is told of them."""
        return self.managed_by(user)

    def managed_by(self, user: "Caller", capability: str = Action.MANAGE) -> Self:
        """Keep those of events the user may change."""
        return self.filter(condition(user, capability, path="event__"), event__deleted_at=None)

    def waiting(self, now: datetime) -> Self:
        """Keep those that are to be mailed, of events that are offered and not over."""
        return self.filter(
            queued_at__isnull=False,
            event__status__in=["published", "live"],
            event__ends_at__gt=now,
            event__deleted_at=None,
        )

    def match(self, event: "Event", email: str) -> Self:
        """Keep the one that asked this address to the event, if there is one."""
        return self.filter(event=event, email=email)

    def mark_opened(self, now: datetime) -> int:
        """Note that somebody has looked at it; who has registered did that long ago."""
        return self.filter(status__in=["sent", "delivered"]).update(
            status="opened", opened_at=now, updated_at=now
        )

    def mark_registered(self, registration: UUID) -> int:
        """Note who has come of it, once and for good; it need not be mailed any more."""
        now = clock.now()
        return self.exclude(status="registered").update(
            status="registered",
            registered_at=now,
            registration=registration,
            response="accepted",
            responded_at=Coalesce("responded_at", now),
            queued_at=None,
            updated_at=now,
        )
