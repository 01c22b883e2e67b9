"""What organizers write about an event, and the rules they choose for it."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator
from django.db import models

from common import validators
from common.fields import CurrencyField, HttpUrlField, TimezoneField
from common.models import SoftDeleteModel, StoredFile
from events.models.labels import Category, Tag
from events.models.speaker import Speaker

Bound = MinValueValidator | MaxValueValidator
PERCENT: list[Bound] = [MaxValueValidator(100)]
GRACE: list[Bound] = [MaxValueValidator(60)]
PLACES: list[Bound] = [MinValueValidator(1), MaxValueValidator(10000)]


def default_offer_hours() -> int:
    """Return how long an offered place is kept unless the organizer says otherwise."""
    hours: int = settings.OFFER_HOURS
    return hours


def default_currency() -> str:
    """Return the platform's currency."""
    currency: str = settings.DEFAULT_CURRENCY
    return currency


class EventDescription(SoftDeleteModel):
    """The part of an event that is written, not derived."""

    class Type(models.TextChoices):
        WEBINAR = "webinar"
        WORKSHOP = "workshop"
        COURSE = "course"
        CONFERENCE = "conference"
        TRAINING = "training"
        LECTURE = "lecture"
        MASTERCLASS = "masterclass"
        MEETUP = "meetup"
        OTHER = "other"

    class Format(models.TextChoices):
        ONLINE = "online"
        IN_PERSON = "in_person"
        HYBRID = "hybrid"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        UNLISTED = "unlisted"
        PRIVATE = "private"

    class CompletionType(models.TextChoices):
        ALL_REQUIRED = "all_required"
        MINIMUM_SESSIONS = "minimum_sessions"
        PERCENTAGE = "percentage"
        PERCENTAGE_TIME = "percentage_time"

    class RecordingAccess(models.TextChoices):
        REGISTRANTS = "registrants"
        ATTENDEES = "attendees"
        CERTIFICATE_HOLDERS = "certificate_holders"
        PUBLIC = "public"

    title = models.CharField(
        max_length=200, validators=[MinLengthValidator(3), validators.plain_line]
    )
    short_description = models.CharField(
        max_length=500, blank=True, validators=[validators.plain_text]
    )
    description = models.TextField(max_length=10000, blank=True, validators=[validators.plain_text])
    learning_objectives = models.JSONField(default=list, blank=True)
    event_type = models.CharField(max_length=12, choices=Type.choices, default=Type.WEBINAR)
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.ONLINE)
    location = models.CharField(max_length=500, blank=True, validators=[validators.plain_text])
    online_url = HttpUrlField(blank=True)
    visibility = models.CharField(
        max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveIntegerField(default=60)
    timezone = TimezoneField()
    registration_enabled = models.BooleanField(default=True)
    allow_guest_registration = models.BooleanField(default=True)
    registration_opens_at = models.DateTimeField(null=True, blank=True)
    registration_deadline = models.DateTimeField(null=True, blank=True)
    allow_late_registration = models.BooleanField(default=False)
    registration_approval_required = models.BooleanField(default=False)
    capacity = models.PositiveIntegerField(null=True, blank=True, validators=PLACES)
    waitlist_enabled = models.BooleanField(default=False)
    waitlist_max = models.PositiveIntegerField(null=True, blank=True, validators=PLACES)
    waitlist_auto_promote = models.BooleanField(default=True)
    waitlist_confirmation_required = models.BooleanField(default=False)
    offer_hours = models.PositiveSmallIntegerField(
        default=default_offer_hours, validators=[MinValueValidator(1), MaxValueValidator(168)]
    )
    allow_self_cancellation = models.BooleanField(default=True)
    refund_tiers = models.JSONField(default=list, blank=True)
    early_join_grace_minutes = models.PositiveSmallIntegerField(default=0, validators=GRACE)
    late_leave_grace_minutes = models.PositiveSmallIntegerField(default=0, validators=GRACE)
    currency = CurrencyField(default=default_currency)
    zoom_enabled = models.BooleanField(default=False)
    zoom_settings = models.JSONField(default=dict, blank=True)
    cpd_enabled = models.BooleanField(default=False)
    cpd_credit_type = models.CharField(
        max_length=50, blank=True, validators=[validators.plain_line]
    )
    cpd_credit_value = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    cpd_accreditation_note = models.CharField(
        max_length=500, blank=True, validators=[validators.plain_text]
    )
    certificates_enabled = models.BooleanField(default=True)
    certificate_template = models.UUIDField(null=True, blank=True)
    badge_template = models.UUIDField(null=True, blank=True)
    auto_issue_certificates = models.BooleanField(default=False)
    badges_enabled = models.BooleanField(default=False)
    auto_issue_badges = models.BooleanField(default=False)
    minimum_attendance_percent = models.PositiveSmallIntegerField(default=80, validators=PERCENT)
    minimum_attendance_minutes = models.PositiveIntegerField(default=0)
    require_feedback_for_certificate = models.BooleanField(default=False)
    minimum_engagement_percent = models.PositiveSmallIntegerField(default=0, validators=PERCENT)
    is_multi_session = models.BooleanField(default=False)
    completion_type = models.CharField(
        max_length=16, choices=CompletionType.choices, default=CompletionType.PERCENTAGE_TIME
    )
    minimum_sessions_required = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    minimum_attendance_percent_total = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=PERCENT
    )
    session_attendance_threshold = models.PositiveSmallIntegerField(default=50, validators=PERCENT)
    recording_enabled = models.BooleanField(default=True)
    auto_publish_recordings = models.BooleanField(default=False)
    recording_access_level = models.CharField(
        max_length=20, choices=RecordingAccess.choices, default=RecordingAccess.REGISTRANTS
    )
    modules_enabled = models.BooleanField(default=False)
    require_module_completion = models.BooleanField(default=False)
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="events")
    speakers = models.ManyToManyField(Speaker, blank=True, related_name="events")
    cover_image = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(SoftDeleteModel.Meta):
        abstract = True
