"""Who does not want to hear from whom."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from common.fields import LowercaseEmailField
from common.models import BaseModel
from contacts.querysets import SuppressionQuerySet


class Suppression(BaseModel):
    """An address that gets no more mail of a kind from a sender; known by a keyed hash.

    The sender is an organization or an account by its uuid; without one it is everybody.
    """

    class Scope(models.TextChoices):
        MARKETING = "marketing"
        INVITATIONS = "invitations"
        ALL = "all"

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed"
        COMPLAINED = "complained"
        HARD_BOUNCED = "hard_bounced"
        SOFT_BOUNCED = "soft_bounced"
        MANUAL = "manual"
        ERASED = "erased"

    class Source(models.TextChoices):
        ONE_CLICK = "one_click"
        PAGE = "page"
        PROVIDER = "provider"
        ORGANIZER = "organizer"
        IMPORT = "import"
        STAFF = "staff"

    sender_uuid = models.UUIDField(null=True, blank=True)
    email_hash = models.CharField(max_length=64, db_index=True)
    email = LowercaseEmailField(blank=True)
    scope = models.CharField(max_length=12, choices=Scope.choices)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lift_reason = models.CharField(max_length=500, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["sender_uuid", "email_hash", "scope"],
                condition=Q(lifted_at=None, sender_uuid__isnull=False),
                name="contacts_suppression_once_per_sender",
            ),
            models.UniqueConstraint(
                fields=["email_hash", "scope"],
                condition=Q(lifted_at=None, sender_uuid=None),
                name="contacts_suppression_once_for_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.reason}"
