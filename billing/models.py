"""Who pays for what: accounts, plans, subscriptions and what was used of them."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from common.fields import CurrencyField, LowercaseEmailField, MinorUnitsField
from common.models import BaseModel


class Limit(models.TextChoices):
    """What a plan bounds; the first four are counted per month here, the rest by their owners."""

    EVENTS_PER_MONTH = "events_per_month"
    COURSES_PER_MONTH = "courses_per_month"
    CERTIFICATES_PER_MONTH = "certificates_per_month"
    INVITATIONS_PER_MONTH = "invitations_per_month"
    REGISTRATIONS_PER_EVENT = "registrations_per_event"
    CONTACT_LISTS = "contact_lists"
    CONTACTS = "contacts"
    CERTIFICATE_TEMPLATES = "certificate_templates"
    TEAM_MEMBERS = "team_members"


class BillingCycle(models.TextChoices):
    MONTHLY = "monthly"
    YEARLY = "yearly"


class BillingAccount(BaseModel):
    """The money side of one user or one organization."""

    user = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="billing_account"
    )
    organization = models.OneToOneField(
        Organization,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billing_account",
    )
    stripe_customer_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    legal_name = models.CharField(max_length=255, blank=True)
    billing_email = LowercaseEmailField(blank=True)
    address_line1 = models.CharField(max_length=255, blank=True)
    address_line2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    region = models.CharField(max_length=255, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    tax_number = models.CharField(max_length=50, blank=True)
    tax_label = models.CharField(max_length=20, default="VAT")
    tax_rate = models.DecimalField(max_digits=5, decimal_places=3, null=True, blank=True)
    default_currency = CurrencyField(default="USD")
    receipt_prefix = models.CharField(max_length=8, default="INV")
    receipt_footer = models.TextField(max_length=500, blank=True)
    trial_used_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.CheckConstraint(
                name="billing_billingaccount_of_one",
                condition=Q(user=None, organization__isnull=False)
                | Q(user__isnull=False, organization=None),
            )
        ]

    def __str__(self) -> str:
        return self.legal_name or f"billing account {self.uuid}"


class Plan(BaseModel):
    """What may be subscribed to: a rank, a description and its limits; null is unlimited."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    description = models.TextField(max_length=500, blank=True)
    features = models.JSONField(default=list, blank=True)
    rank = models.PositiveIntegerField(unique=True)
    is_public = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    contact_sales = models.BooleanField(default=False)
    stripe_product_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    max_events_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_courses_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_certificates_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_invitations_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_registrations_per_event = models.PositiveIntegerField(null=True, blank=True)
    max_contact_lists = models.PositiveIntegerField(null=True, blank=True)
    max_contacts = models.PositiveIntegerField(null=True, blank=True)
    max_certificate_templates = models.PositiveIntegerField(null=True, blank=True)
    max_team_members = models.PositiveIntegerField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name

    def limit(self, limit: Limit) -> int | None:
        """Return the number this plan allows, None for unlimited."""
        number: int | None = getattr(self, f"max_{limit.value}")
        return number


class PlanPrice(BaseModel):
    """What a plan costs per cycle in one currency; never edited once the provider knows it."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices")
    billing_cycle = models.CharField(max_length=10, choices=BillingCycle.choices)
    currency = CurrencyField()
    amount = MinorUnitsField()
    stripe_price_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta(BaseModel.Meta):
        ordering = ["plan", "billing_cycle", "currency", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "billing_cycle", "currency"],
                condition=Q(is_active=True),
                name="billing_planprice_one_active",
            ),
            models.CheckConstraint(
                name="billing_planprice_amount_not_negative", condition=Q(amount__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.billing_cycle} {self.amount} {self.currency}"


class Subscription(BaseModel):
    """What an account is subscribed to now; its past stands in the changes."""

    class Status(models.TextChoices):
        TRIALING = "trialing"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        UNPAID = "unpaid"
        INCOMPLETE = "incomplete"
        INCOMPLETE_EXPIRED = "incomplete_expired"
        PAUSED = "paused"
        CANCELED = "canceled"

    class Source(models.TextChoices):
        TRIAL = "trial"
        STRIPE = "stripe"
        MANUAL = "manual"

    class Access(models.TextChoices):
        FULL = "full"
        GRACE = "grace"
        READ_ONLY = "read_only"

    account = models.OneToOneField(
        BillingAccount, on_delete=models.PROTECT, related_name="subscription"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey(
        PlanPrice, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=20, choices=Status.choices)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.TRIAL)
    billing_cycle = models.CharField(
        max_length=10, choices=BillingCycle.choices, null=True, blank=True
    )
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    trial_start = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    past_due_since = models.DateTimeField(null=True, blank=True)
    grace_ends_at = models.DateTimeField(null=True, blank=True)
    pending_plan = models.ForeignKey(
        Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pending_price = models.ForeignKey(
        PlanPrice, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pending_change_at = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancellation_reason = models.TextField(max_length=500, blank=True)
    usage_anchor_at = models.DateTimeField(default=timezone.now)
    limits_override = models.JSONField(null=True, blank=True)
    stripe_subscription_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    stripe_schedule_id = models.CharField(max_length=255, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        indexes = [models.Index(fields=["status", "trial_end"], name="billing_subscription_trial")]
        constraints = [
            models.CheckConstraint(
                name="billing_subscription_stripe_has_id",
                condition=Q(source="stripe", stripe_subscription_id__isnull=False)
                | (~Q(source="stripe") & Q(stripe_subscription_id=None)),
            ),
            models.CheckConstraint(
                name="billing_subscription_trial_ends",
                condition=~Q(status="trialing") | Q(trial_end__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_subscription_grace_pair",
                condition=Q(past_due_since=None, grace_ends_at=None)
                | Q(past_due_since__isnull=False, grace_ends_at__isnull=False),
            ),
            models.CheckConstraint(
                name="billing_subscription_pending_whole",
                condition=Q(pending_plan=None, pending_price=None, pending_change_at=None)
                | Q(
                    pending_plan__isnull=False,
                    pending_price__isnull=False,
                    pending_change_at__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} ({self.status})"

    def access(self, now: datetime) -> str:
        """Return full, grace or read_only as of ``now``."""
        running = self.current_period_end is None or self.current_period_end > now
        if (
            self.status == self.Status.ACTIVE and (self.source != self.Source.MANUAL or running)
        ) or (self.status == self.Status.TRIALING and self.trial_end and self.trial_end > now):
            return self.Access.FULL
        if self.status == self.Status.PAST_DUE and self.grace_ends_at and self.grace_ends_at > now:
            return self.Access.GRACE
        return self.Access.READ_ONLY

    def log(self, kind: str, *, before: "Subscription | None", **facts: Any) -> None:
        """Append what just changed to the history."""
        self.changes.create(
            kind=kind,
            from_plan=before.plan if before else None,
            from_status=before.status if before else "",
            to_plan=self.plan,
            to_status=self.status,
            **facts,
        )


class SubscriptionChange(BaseModel):
    """One step in the life of a subscription; append-only."""

    class Kind(models.TextChoices):
        TRIAL_STARTED = "trial_started"
        SUBSCRIBED = "subscribed"
        UPGRADED = "upgraded"
        DOWNGRADE_SCHEDULED = "downgrade_scheduled"
        DOWNGRADED = "downgraded"
        SCHEDULE_WITHDRAWN = "schedule_withdrawn"
        CANCEL_SCHEDULED = "cancel_scheduled"
        REACTIVATED = "reactivated"
        CANCELED = "canceled"
        PAST_DUE = "past_due"
        RECOVERED = "recovered"
        PAUSED = "paused"
        GRANTED = "granted"
        SYNCED = "synced"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    from_plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    from_status = models.CharField(max_length=20, blank=True)
    to_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    to_status = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField(max_length=500, blank=True)
    effective_at = models.DateTimeField(default=timezone.now)

    class Meta(BaseModel.Meta):
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to_status}"


class UsageCounter(BaseModel):
    """How much of a monthly limit one window has used."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="counters"
    )
    limit = models.CharField(max_length=40, choices=Limit.choices)
    window_start = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "limit", "window_start"],
                name="billing_usagecounter_one_per_window",
            )
        ]

    def __str__(self) -> str:
        return f"{self.limit} from {self.window_start:%Y-%m-%d}: {self.used}"
