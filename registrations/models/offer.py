"""Time-limited chances at a freed place."""

from django.db import models
from django.db.models import Q

from common.models import BaseModel
from registrations.models.registration import Registration


class WaitlistOffer(BaseModel):
    """One chance at a freed place, held for one person until it expires."""

    class Outcome(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="offers")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)

    class Meta(BaseModel.Meta):
        ordering = ["-made_at", "-id"]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(outcome="open"),
                name="registrations_offer_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(outcome="open"),
                name="registrations_waitlistoffer_one_open",
            ),
            models.CheckConstraint(
                name="registrations_waitlistoffer_answered_iff_over",
                condition=Q(outcome="open", answered_at=None)
                | ~Q(outcome="open") & Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} offer"
