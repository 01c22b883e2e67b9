"""Which registrations and stays may be reached, and in which state they are."""

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeAlias

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.roles import Capability
from common.querysets import LiveManager, SoftDeleteQuerySet
from events.access import condition

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from events.models import Event
    from registrations.models import (
        AttendanceInterval,
        MeetingRegistrant,
        ParticipantAlias,
        Registration,
        SessionAttendance,
        UnmatchedParticipant,
    )

    Caller: TypeAlias = User | AnonymousUser

# The status words of Registration.LIVE and TAKING_A_PLACE; a queryset may not import its model.
TAKING_A_PLACE = ("pending_approval", "pending_payment", "confirmed", "offered")
CURRENT = (*TAKING_A_PLACE, "waitlisted")
# The order of the waitlist; the same as its partial index.
IN_LINE = ("-waitlist_priority", "waitlisted_at", "id")


class RegistrationQuerySet(SoftDeleteQuerySet["Registration"]):
    """Places at events."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those at events behind which the user stands and may see registrants."""
        return self.filter(condition(user, Capability.REGISTRATIONS_VIEW, path="event__"))

    def managed_by(self, user: "Caller", capability: str = Capability.REGISTRATIONS_MANAGE) -> Self:
        """Keep those the user may change, or what else the capability says."""
        return self.filter(condition(user, capability, path="event__"))

    def held_by(self, user: "Caller") -> Self:
        """Keep the user's own."""
        return self.filter(user_id=user.pk) if user.pk else self.none()

    def current(self) -> Self:
        """Leave out cancelled and expired ones."""
        return self.filter(status__in=CURRENT)

    def confirmed(self) -> Self:
        """Keep those whose place is sure."""
        return self.filter(status="confirmed")

    def eligible(self) -> Self:
        """Keep confirmed ones whose attendance was judged sufficient."""
        return self.confirmed().filter(attendance_eligible=True)

    def in_line(self) -> Self:
        """Keep those on the waitlist, first in line first."""
        return self.filter(status="waitlisted").order_by(*IN_LINE)

    def with_position(self) -> Self:
        """Add `waitlist_position`: 1 is first in line, null for those not waiting."""
        ahead = (
            self.model.objects.filter(event=OuterRef("event"), status="waitlisted")
            .filter(
                Q(waitlist_priority__gt=OuterRef("waitlist_priority"))
                | Q(waitlist_priority=OuterRef("waitlist_priority"))
                & (
                    Q(waitlisted_at__lt=OuterRef("waitlisted_at"))
                    | Q(waitlisted_at=OuterRef("waitlisted_at"), id__lt=OuterRef("id"))
                )
            )
            .order_by()
            .values("event")
            .annotate(number=Count("pk"))
            .values("number")
        )
        return self.annotate(
            waitlist_position=models.Case(
                models.When(status="waitlisted", then=Coalesce(Subquery(ahead), 0) + 1),
                default=None,
                output_field=models.IntegerField(null=True),
            )
        )

    def for_managers(self) -> Self:
        """Load with each registration what managers see of it in lists."""
        return self.select_related("user", "order", "ticket").with_position()

    def for_registrants(self) -> Self:
        """Load with each registration what its holder sees of it."""
        return (
            self.select_related("event", "event__owner", "event__organization", "ticket")
            .prefetch_related("event__sessions", "meeting_registrants")
            .with_position()
        )


RegistrationManager = LiveManager.from_queryset(RegistrationQuerySet)


class AttendanceIntervalQuerySet(models.QuerySet["AttendanceInterval"]):
    """Observed stays."""

    def standing(self) -> Self:
        """Leave out voided ones."""
        return self.filter(voided_at=None)

    def countable(self) -> Self:
        """Keep what minutes are made of: matched and not voided."""
        return self.standing().filter(registration__isnull=False)

    def open(self) -> Self:
        """Keep stays that have begun and whose end nobody knows yet."""
        return self.standing().filter(started_at__isnull=False, ended_at=None)


class SessionAttendanceQuerySet(models.QuerySet["SessionAttendance"]):
    """Minutes per person and session."""

    def counting(self) -> Self:
        """Keep those that count as attended; an override beats the minutes."""
        return self.filter(Q(attendance_override=True) | Q(attendance_override=None, attended=True))


class MeetingRegistrantQuerySet(models.QuerySet["MeetingRegistrant"]):
    """People's own links into meetings."""

    def due(self, now: datetime) -> Self:
        """Leave out those that are tried again later."""
        return self.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now))


class UnmatchedParticipantQuerySet(models.QuerySet["UnmatchedParticipant"]):
    """Participants nobody has recognised."""

    def visible_to(self, user: "Caller") -> Self:
        """Keep those at events behind which the user stands and may see registrants."""
        return self.filter(condition(user, Capability.ATTENDANCE_MANAGE, path="event__"))

    def managed_by(self, user: "Caller", capability: str = Capability.ATTENDANCE_MANAGE) -> Self:
        """Keep those about whom the user may decide."""
        return self.filter(condition(user, capability, path="event__"))

    def open(self) -> Self:
        """Keep those about whom nobody has decided."""
        return self.filter(status="open")


class ParticipantAliasQuerySet(models.QuerySet["ParticipantAlias"]):
    """What organizers have learned about people."""

    def of_tenant(self, event: "Event") -> Self:
        """Keep those of the organization behind an event, or of its owner when it has none."""
        if event.organization_id is not None:
            return self.filter(organization=event.organization_id)
        return self.filter(organization=None, owner=event.owner_id)
