"""Schemes, what activities offer under them, and the ledger of what people earned."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Organization, User
from common.models import BaseModel
from events.models import Event, EventSession
from learning.credits import arithmetic
from learning.credits.querysets import (
    ActivityCreditQuerySet,
    CreditAwardQuerySet,
    CreditDecisionQuerySet,
    CreditRunQuerySet,
)
from registrations.models import Registration


class CreditScheme(BaseModel):
    """A family of credits and who recognises them; without owner it is a preset of the platform."""

    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    credit_type = models.CharField(max_length=50, blank=True)
    unit_label = models.CharField(max_length=40, default="credits")
    accreditor_name = models.CharField(max_length=200, blank=True)
    accreditor_url = models.URLField(max_length=500, blank=True)
    country = models.CharField(max_length=2, blank=True)
    is_active = models.BooleanField(default=True)
    is_confirmed = models.BooleanField(default=False)
    notes = models.TextField(max_length=2000, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(owner=None, organization=None),
                name="learning_creditscheme_one_preset",
            ),
            models.UniqueConstraint(
                fields=["owner", "code"],
                condition=Q(owner__isnull=False, organization=None),
                name="learning_creditscheme_one_per_owner",
            ),
            models.UniqueConstraint(
                fields=["organization", "code"],
                condition=Q(organization__isnull=False),
                name="learning_creditscheme_one_per_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CreditSchemeVersion(BaseModel):
    """The rules of a scheme from one day on; frozen once a decision pins it."""

    class RoundScope(models.TextChoices):
        TOTAL = "total"
        PER_SESSION = "per_session"

    class PartialPolicy(models.TextChoices):
        PROPORTIONAL = "proportional"
        ALL_OR_NOTHING = "all_or_nothing"

    scheme = models.ForeignKey(CreditScheme, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    unit_seconds = models.PositiveIntegerField(default=3600)
    increment = models.DecimalField(max_digits=7, decimal_places=4, default="0.25")
    allowed_increments = models.JSONField(default=list)
    rounding = models.CharField(
        max_length=10,
        choices=[(kind.value, kind.value) for kind in arithmetic.Rounding],
        default=arithmetic.Rounding.DOWN.value,
    )
    round_scope = models.CharField(
        max_length=12, choices=RoundScope.choices, default=RoundScope.TOTAL
    )
    first_credit_minimum = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    minimum = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    activity_cap = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    daily_cap = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    partial_policy = models.CharField(
        max_length=15, choices=PartialPolicy.choices, default=PartialPolicy.PROPORTIONAL
    )
    concurrent_once = models.BooleanField(default=True)
    accepted_sources = models.JSONField(default=list, blank=True)
    requires_check_out = models.BooleanField(default=False)
    engagement_per_unit = models.PositiveSmallIntegerField(default=0)
    engagement_min_percent = models.PositiveSmallIntegerField(default=0)
    evaluation_required = models.BooleanField(default=False)
    learning_required = models.BooleanField(default=False)
    advance_designation_required = models.BooleanField(default=False)
    requires_provider_approval = models.BooleanField(default=False)
    role_multipliers = models.JSONField(default=dict)
    delivery_overrides = models.JSONField(default=dict, blank=True)
    audience = models.JSONField(default=list, blank=True)
    required_learner_fields = models.JSONField(default=list, blank=True)
    certificate_required_fields = models.JSONField(default=list, blank=True)
    statement_template = models.TextField(max_length=2000, blank=True)
    retention_years = models.PositiveSmallIntegerField(default=6)
    reporting_deadline_days = models.PositiveIntegerField(null=True, blank=True)
    issue_deadline_days = models.PositiveIntegerField(null=True, blank=True)
    validity_months = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "number"], name="learning_creditschemeversion_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme} version {self.number}"


class CreditCategory(BaseModel):
    """A kind of content that a scheme counts apart."""

    scheme = models.ForeignKey(CreditScheme, on_delete=models.CASCADE, related_name="categories")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)
    is_active = models.BooleanField(default=True)

    class Meta(BaseModel.Meta):
        verbose_name_plural = "credit categories"
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code"], name="learning_creditcategory_code")
        ]

    def __str__(self) -> str:
        return self.name


class ActivityCredit(BaseModel):
    """A designation: what an activity offers under one scheme."""

    class ApprovalStatus(models.TextChoices):
        NOT_REQUIRED = "not_required"
        DRAFT = "draft"
        APPLIED = "applied"
        APPROVED = "approved"
        WITHDRAWN = "withdrawn"

    event = models.ForeignKey(
        Event, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    session = models.ForeignKey(
        EventSession, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    scheme = models.ForeignKey(CreditScheme, on_delete=models.PROTECT, related_name="+")
    credit_type = models.CharField(max_length=50)
    designated_value = models.DecimalField(max_digits=12, decimal_places=6)
    increment = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    delivery_method = models.CharField(max_length=20, default="other")
    activity_number = models.CharField(max_length=60, blank=True)
    course_tracking_number = models.CharField(max_length=60, blank=True)
    approval_status = models.CharField(
        max_length=12, choices=ApprovalStatus.choices, default=ApprovalStatus.NOT_REQUIRED
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(
        max_length=15, choices=[(mode.value, mode.value) for mode in arithmetic.Mode]
    )
    session_values = models.JSONField(default=dict, blank=True)
    requires_eligibility = models.BooleanField(default=True)
    statement_override = models.TextField(max_length=2000, blank=True)
    is_implicit = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["ActivityCredit"]] = ActivityCreditQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.CheckConstraint(
                name="learning_activitycredit_one_target",
                condition=Q(event__isnull=False, session=None)
                | Q(event=None, session__isnull=False),
            ),
            models.CheckConstraint(
                name="learning_activitycredit_offers_something",
                condition=Q(designated_value__gt=0),
            ),
            models.UniqueConstraint(
                fields=["event", "scheme"],
                condition=Q(event__isnull=False),
                name="learning_activitycredit_one_per_event",
            ),
            models.UniqueConstraint(
                fields=["session", "scheme"],
                condition=Q(session__isnull=False),
                name="learning_activitycredit_one_per_session",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.designated_value.normalize():f} {self.credit_type}"


class CreditRun(BaseModel):
    """A wish to compute credits; fulfilled while ``finished_at`` is not before the wish."""

    event = models.OneToOneField(
        Event, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    registration = models.OneToOneField(
        Registration, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["CreditRun"]] = CreditRunQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        constraints = [
            models.CheckConstraint(
                name="learning_creditrun_one_target",
                condition=Q(event__isnull=False, registration=None)
                | Q(event=None, registration__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(finished_at=None) | Q(finished_at__lt=F("requested_at")),
                name="learning_creditrun_open",
            )
        ]

    def __str__(self) -> str:
        return f"credit run of {self.requested_at:%Y-%m-%d %H:%M}"


class CreditDecision(BaseModel):
    """Why somebody earned what they earned: the inputs, the rules met, the result; append-only."""

    class Outcome(models.TextChoices):
        POSTED = "posted"
        UNCHANGED = "unchanged"
        ZERO = "zero"
        HELD = "held"

    class HeldReason(models.TextChoices):
        MANUAL = "manual"
        REVOKED = "revoked"
        PERIOD_LOCKED = "period_locked"
        DESIGNATION_NOT_APPROVED = "designation_not_approved"
        PROVIDER_NOT_APPROVED = "provider_not_approved"

    activity_credit = models.ForeignKey(
        ActivityCredit, on_delete=models.PROTECT, related_name="decisions"
    )
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="credit_decisions"
    )
    role = models.CharField(max_length=20, default="attendee")
    scheme_version = models.ForeignKey(
        CreditSchemeVersion, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    held_reason = models.CharField(max_length=30, choices=HeldReason.choices, blank=True)
    value = models.DecimalField(max_digits=12, decimal_places=6)
    parts = models.JSONField(default=list, blank=True)
    seconds = models.PositiveIntegerField(default=0)
    presence_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    reasons = models.JSONField(default=list, blank=True)
    flags = models.JSONField(default=list, blank=True)
    inputs = models.JSONField(default=dict)
    inputs_hash = models.CharField(max_length=64)
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(max_length=1000, blank=True)
    retain_until = models.DateField()

    objects: ClassVar[models.Manager["CreditDecision"]] = CreditDecisionQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(
                fields=["registration", "activity_credit"], name="learning_decision_holder"
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="learning_creditdecision_held_is_explained",
                condition=Q(outcome="held") & ~Q(held_reason="")
                | ~Q(outcome="held") & Q(held_reason=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.value.normalize():f}"


class CreditAward(BaseModel):
    """One row of the ledger; the sum of an account's rows is what somebody holds. Append-only."""

    class Kind(models.TextChoices):
        AWARD = "award"
        ADJUST = "adjust"
        REVOKE = "revoke"

    class Source(models.TextChoices):
        ATTENDANCE = "attendance"
        SELF_STUDY = "self_study"
        MANUAL = "manual"
        EXTERNAL_SELF_REPORTED = "external_self_reported"
        EXTERNAL_VERIFIED = "external_verified"

    posting = models.UUIDField()
    account_key = models.CharField(max_length=64)
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.DecimalField(max_digits=12, decimal_places=6)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_awards"
    )
    registration = models.ForeignKey(
        Registration, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_awards"
    )
    activity_credit = models.ForeignKey(
        ActivityCredit, null=True, blank=True, on_delete=models.PROTECT, related_name="awards"
    )
    decision = models.ForeignKey(
        CreditDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="awards"
    )
    scheme_version = models.ForeignKey(
        CreditSchemeVersion, on_delete=models.PROTECT, related_name="+"
    )
    category = models.ForeignKey(
        CreditCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    tags = models.JSONField(default=list, blank=True)
    credit_type = models.CharField(max_length=50)
    role = models.CharField(max_length=20, default="attendee")
    source = models.CharField(max_length=25, choices=Source.choices, default=Source.ATTENDANCE)
    delivery_method = models.CharField(max_length=20, blank=True)
    activity_title = models.CharField(max_length=200)
    activity_number = models.CharField(max_length=60, blank=True)
    provider_name = models.CharField(max_length=255)
    provider_number = models.CharField(max_length=60, blank=True)
    holder_name = models.CharField(max_length=255)
    designated_value = models.DecimalField(max_digits=12, decimal_places=6)
    multiplier = models.DecimalField(max_digits=7, decimal_places=4, default=1)
    seconds = models.PositiveIntegerField(default=0)
    activity_date = models.DateField()
    reason = models.TextField(max_length=1000, blank=True)
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    retain_until = models.DateField()

    objects: ClassVar[models.Manager["CreditAward"]] = CreditAwardQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["-activity_date", "-id"]
        indexes = [
            models.Index(fields=["user", "activity_date"], name="learning_award_user"),
            models.Index(fields=["activity_credit", "created_at"], name="learning_award_activity"),
            models.Index(
                fields=["user", "credit_type", "activity_date"], name="learning_award_type"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account_key", "sequence"], name="learning_creditaward_sequence"
            ),
            models.CheckConstraint(
                name="learning_creditaward_one_holder", condition=Q(registration__isnull=False)
            ),
            models.CheckConstraint(
                name="learning_creditaward_kind_has_sign",
                condition=Q(kind="award", value__gt=0)
                | (Q(kind="adjust") & ~Q(value=0))
                | Q(kind="revoke", value__lt=0),
            ),
            models.CheckConstraint(
                name="learning_creditaward_revocation_is_explained",
                condition=~Q(kind="revoke") | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value.normalize():f} {self.credit_type}"
