"""Whose credits somebody may see."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum

if TYPE_CHECKING:
    from accounts.models import User
    from events.models import Event
    from learning.credits.models import (
        ActivityCredit,
        CreditAward,
        CreditDecision,
        CreditRun,
    )


class ActivityCreditQuerySet(QuerySet["ActivityCredit"]):
    """Designations."""

    def of(self, event: "Event") -> Self:
        """Keep what an event offers, as a whole or by its sessions."""
        return self.filter(Q(event=event) | Q(session__event=event))


class CreditRunQuerySet(QuerySet["CreditRun"]):
    """Wishes to compute credits."""

    def unfinished(self) -> Self:
        """Keep runs whose wish is not fulfilled."""
        return self.filter(Q(finished_at=None) | Q(finished_at__lt=F("requested_at")))


class CreditDecisionQuerySet(QuerySet["CreditDecision"]):
    """Why people earned what they earned."""

    def latest_of(self, event: "Event") -> Self:
        """Keep the newest decision of each person, designation and role at an event."""
        newer = self.model.objects.filter(
            activity_credit=OuterRef("activity_credit"),
            registration=OuterRef("registration"),
            role=OuterRef("role"),
            pk__gt=OuterRef("pk"),
        )
        return self.filter(~Exists(newer), registration__event=event).select_related(
            "registration", "activity_credit", "scheme_version__scheme"
        )


class CreditAwardQuerySet(QuerySet["CreditAward"]):
    """Rows of the ledger."""

    def visible_to(self, user: "User") -> Self:
        """Keep the caller's own rows, also those still kept under a registration of theirs."""
        return self.filter(Q(user=user) | Q(user=None, registration__user=user))

    def as_shown(self) -> Self:
        """Fetch with each row what its shape prints."""
        return self.with_balance().select_related(
            "scheme_version__scheme", "category", "registration__event", "decision"
        )

    def with_balance(self) -> Self:
        """Annotate each row with its account's balance after it, whatever else is filtered."""
        until = self.model.objects.filter(
            account_key=OuterRef("account_key"), sequence__lte=OuterRef("sequence")
        )
        total = until.order_by().values("account_key").annotate(total=Sum("value"))
        return self.annotate(
            balance_after=Subquery(
                total.values("total"),
                output_field=models.DecimalField(max_digits=12, decimal_places=6),
            )
        )
