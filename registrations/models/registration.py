"""One person's place at one event."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common import audit, validators
from common.fields import (
    CurrencyField,
    LowercaseEmailField,
    MinorUnitsField,
)
from common.models import SoftDeleteModel
from events.models import Event
from registrations.models.order import Order
from registrations.querysets import RegistrationManager, RegistrationQuerySet


class Registration(SoftDeleteModel):
    """One person's place at one event, from the request to the judgement of attendance."""

    class Status(models.TextChoices):
        PENDING_APPROVAL = "pending_approval"
        PENDING_PAYMENT = "pending_payment"
        CONFIRMED = "confirmed"
        WAITLISTED = "waitlisted"
        OFFERED = "offered"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    class Source(models.TextChoices):
        SELF = "self"
        INVITATION = "invitation"
        MANUAL = "manual"
        IMPORT = "import"
        API = "api"

    class PaymentStatus(models.TextChoices):
        NOT_REQUIRED = "not_required"
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"

    class ReviewCode(models.TextChoices):
        SHARED_LINK = "SHARED_LINK"
        TOTALS_DIFFER = "TOTALS_DIFFER"
        UNKNOWN_STAY = "UNKNOWN_STAY"
        DISPUTED = "DISPUTED"

    LIVE = frozenset(
        {
            Status.PENDING_APPROVAL,
            Status.PENDING_PAYMENT,
            Status.CONFIRMED,
            Status.WAITLISTED,
            Status.OFFERED,
        }
    )
    TAKING_A_PLACE = LIVE - {Status.WAITLISTED}
    JOIN_OPENS_BEFORE = timedelta(minutes=60)

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="registrations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="registrations",
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.PROTECT, related_name="registrations"
    )
    email = LowercaseEmailField()
    full_name = models.CharField(max_length=255, validators=[validators.plain_line])
    professional_title = models.CharField(
        max_length=255, blank=True, validators=[validators.plain_line]
    )
    organization_name = models.CharField(
        max_length=255, blank=True, validators=[validators.plain_line]
    )
    status = models.CharField(max_length=16, choices=Status.choices)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.SELF)
    price_amount = MinorUnitsField()
    discount_amount = MinorUnitsField()
    amount_due = MinorUnitsField()
    currency = CurrencyField()
    payment_status = models.CharField(
        max_length=20, choices=PaymentStatus.choices, default=PaymentStatus.NOT_REQUIRED
    )
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    refund_tiers = models.JSONField(default=list, blank=True)
    discount_code_used = models.CharField(max_length=50, blank=True)
    waitlist_priority = models.IntegerField(default=0)
    waitlisted_at = models.DateTimeField(null=True, blank=True)
    promoted_from_waitlist_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    cancellation_reason = models.TextField(
        max_length=1000, blank=True, validators=[validators.plain_text]
    )
    attended = models.BooleanField(default=False)
    first_join_at = models.DateTimeField(null=True, blank=True)
    last_leave_at = models.DateTimeField(null=True, blank=True)
    total_attendance_minutes = models.PositiveIntegerField(default=0)
    attendance_percent = models.PositiveSmallIntegerField(default=0)
    sessions_attended = models.PositiveSmallIntegerField(default=0)
    attendance_eligible = models.BooleanField(default=False)
    attendance_override = models.BooleanField(null=True, blank=True)
    # PROTECT: SET_NULL would leave an override that nobody made, which the constraint refuses.
    attendance_override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    attendance_override_reason = models.TextField(
        max_length=1000, blank=True, validators=[validators.plain_text]
    )
    attendance_finalized_at = models.DateTimeField(null=True, blank=True)
    explanation = models.JSONField(default=dict, blank=True)
    review_codes = models.JSONField(default=list, blank=True)
    certificate_issued_at = models.DateTimeField(null=True, blank=True)
    allow_public_verification = models.BooleanField(default=True)
    notes = models.TextField(max_length=2000, blank=True, validators=[validators.plain_text])

    objects = RegistrationManager()  # type: ignore[misc]  # the base declares it
    all_objects = RegistrationQuerySet.as_manager()  # type: ignore[misc]  # the same

    # 1 is first in line; computed on read by `with_position()`, None for who does not wait.
    waitlist_position: int | None = None

    class Meta(SoftDeleteModel.Meta):
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["event", "status"], name="registrations_reg_status"),
            models.Index(fields=["user", "status"], name="registrations_reg_user"),
            models.Index(
                fields=["event", "attendance_eligible"], name="registrations_reg_eligible"
            ),
            models.Index(
                fields=["hold_expires_at"],
                condition=Q(status="pending_payment"),
                name="registrations_reg_hold",
            ),
            models.Index(
                F("event"),
                F("waitlist_priority").desc(),
                F("waitlisted_at"),
                F("id"),
                condition=Q(status="waitlisted"),
                name="registrations_reg_waitlist",
            ),
            models.Index(fields=["email"], name="registrations_reg_email"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "email"],
                condition=Q(
                    status__in=[
                        "pending_approval",
                        "pending_payment",
                        "confirmed",
                        "waitlisted",
                        "offered",
                    ],
                    deleted_at=None,
                ),
                name="registrations_registration_one_live_per_address",
            ),
            models.CheckConstraint(
                name="registrations_registration_amounts_add_up",
                condition=Q(
                    amount_due__gte=0,
                    price_amount__gte=0,
                    discount_amount__gte=0,
                    amount_due=F("price_amount") - F("discount_amount"),
                ),
            ),
            models.CheckConstraint(
                name="registrations_registration_held_iff_pending_payment",
                condition=Q(status="pending_payment", hold_expires_at__isnull=False)
                | ~Q(status="pending_payment") & Q(hold_expires_at=None),
            ),
            models.CheckConstraint(
                name="registrations_registration_cancelled_iff_dated",
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | ~Q(status="cancelled") & Q(cancelled_at=None),
            ),
            models.CheckConstraint(
                name="registrations_registration_cancelling_is_of_cancelled",
                condition=Q(status="cancelled") | Q(cancelled_by=None, cancellation_reason=""),
            ),
            models.CheckConstraint(
                name="registrations_registration_waitlisted_is_dated",
                condition=~Q(status__in=["waitlisted", "offered"]) | Q(waitlisted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="registrations_registration_confirmed_is_dated",
                condition=~Q(status="confirmed") | Q(confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="registrations_registration_override_is_explained",
                condition=Q(
                    attendance_override=None,
                    attendance_override_by=None,
                    attendance_override_reason="",
                )
                | Q(attendance_override__isnull=False, attendance_override_by__isnull=False)
                & ~Q(attendance_override_reason=""),
            ),
            models.CheckConstraint(
                name="registrations_registration_percent_is_a_percent",
                condition=Q(attendance_percent__gte=0, attendance_percent__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} ({self.status})"

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def is_guest(self) -> bool:
        return self.user_id is None

    @property
    def needs_review(self) -> bool:
        return bool(self.review_codes)

    @property
    def certificate_issued(self) -> bool:
        return self.certificate_issued_at is not None

    def can_cancel(self, now: datetime) -> bool:
        """Tell whether the registrant may give the place back: before the event starts."""
        return self.is_live and self.event.allow_self_cancellation and now < self.event.starts_at

    def record(self, action: str, *, by: models.Model | None = None, **payload: Any) -> None:
        """Write an audit entry about the row for those who may read the event's log."""
        audit.record(
            action,
            target=self,
            by=by,
            organization=self.event.organization,
            owner=self.event.owner,
            **payload,
        )

    def can_rename(self, now: datetime) -> bool:
        """Tell whether the registrant may still correct the own name."""
        return self.is_live and now < self.event.starts_at

    def add_review_code(self, code: str) -> None:
        """Note that somebody should look at this row; a code stands there once."""
        if code not in self.review_codes:
            self.review_codes = sorted([*self.review_codes, code])
            self.save(update_fields=["review_codes"])
