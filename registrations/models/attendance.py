"""When people were there, as observed and as counted."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from events.models import EventSession
from registrations.models.matching import UnmatchedParticipant
from registrations.models.meeting import MeetingInstance
from registrations.models.registration import Registration
from registrations.querysets import AttendanceIntervalQuerySet, SessionAttendanceQuerySet


class AttendanceInterval(BaseModel):
    """One observed stay. It is never edited, only completed, matched or voided."""

    class Source(models.TextChoices):
        ZOOM_WEBHOOK = "zoom_webhook"
        ZOOM_REPORT = "zoom_report"
        CHECK_IN = "check_in"
        MANUAL = "manual"
        IMPORT = "import"
        GROUP_ROSTER = "group_roster"

    registration = models.ForeignKey(
        Registration,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="intervals",
    )
    unmatched = models.ForeignKey(
        UnmatchedParticipant,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="intervals",
    )
    instance = models.ForeignKey(
        MeetingInstance,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="intervals",
    )
    session = models.ForeignKey(
        EventSession, on_delete=models.CASCADE, related_name="attendance_intervals"
    )
    source = models.CharField(max_length=12, choices=Source.choices)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    is_estimated = models.BooleanField(default=False)
    provider_key = models.CharField(max_length=255, blank=True)
    identity = models.JSONField(default=dict, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    void_reason = models.CharField(max_length=1000, blank=True)

    objects = AttendanceIntervalQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["started_at", "ended_at", "id"]
        indexes = [
            models.Index(fields=["registration", "session"], name="registrations_interval_person"),
            models.Index(fields=["session", "voided_at"], name="registrations_interval_session"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "provider_key"],
                condition=~Q(provider_key=""),
                name="registrations_attendanceinterval_one_per_stay",
            ),
            models.CheckConstraint(
                name="registrations_attendanceinterval_has_a_time",
                condition=Q(started_at__isnull=False) | Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="registrations_attendanceinterval_void_is_explained",
                condition=Q(voided_at=None, voided_by=None, void_reason="")
                | Q(voided_at__isnull=False) & ~Q(void_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} stay"


class SessionAttendance(BaseModel):
    """How long one registrant was at one session, and whether that counts."""

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="session_attendance"
    )
    session = models.ForeignKey(EventSession, on_delete=models.CASCADE, related_name="attendance")
    first_join_at = models.DateTimeField(null=True, blank=True)
    last_leave_at = models.DateTimeField(null=True, blank=True)
    total_attendance_minutes = models.PositiveIntegerField(default=0)
    attendance_percent = models.PositiveSmallIntegerField(default=0)
    attended = models.BooleanField(default=False)
    attendance_override = models.BooleanField(null=True, blank=True)
    attendance_override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    attendance_override_reason = models.TextField(max_length=1000, blank=True)

    objects = SessionAttendanceQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        verbose_name_plural = "session attendance"
        ordering = ["session__session_number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "session"], name="registrations_sessionattendance_once"
            ),
            models.CheckConstraint(
                name="registrations_sessionattendance_override_is_explained",
                condition=Q(
                    attendance_override=None,
                    attendance_override_by=None,
                    attendance_override_reason="",
                )
                | Q(attendance_override__isnull=False, attendance_override_by__isnull=False)
                & ~Q(attendance_override_reason=""),
            ),
            models.CheckConstraint(
                name="registrations_sessionattendance_percent_is_a_percent",
                condition=Q(attendance_percent__gte=0, attendance_percent__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total_attendance_minutes} min"

    @property
    def counts(self) -> bool:
        """Tell whether the session counts as attended: an override beats the minutes."""
        return self.attended if self.attendance_override is None else self.attendance_override
