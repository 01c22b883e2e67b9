"""Zoom's side of a session: meetings that ran, and links of one's own."""

from django.db import models

from common.fields import EncryptedTextField
from common.models import BaseModel
from events.models import EventSession
from registrations.models.registration import Registration
from registrations.querysets import MeetingRegistrantQuerySet


class MeetingInstance(BaseModel):
    """One running of a session's meeting; a restart makes another."""

    class ReportState(models.TextChoices):
        NONE = "none"
        PARTIAL = "partial"
        SETTLED = "settled"
        UNAVAILABLE = "unavailable"

    session = models.ForeignKey(
        EventSession, on_delete=models.CASCADE, related_name="meeting_instances"
    )
    zoom_uuid = models.CharField(max_length=100, unique=True)
    host_id = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    report_state = models.CharField(
        max_length=12, choices=ReportState.choices, default=ReportState.NONE
    )
    report_attempts = models.PositiveSmallIntegerField(default=0)
    report_rows = models.PositiveIntegerField(default=0)
    next_report_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"meeting {self.zoom_uuid}"


class MeetingRegistrant(BaseModel):
    """A person's own way into the meeting of one session."""

    class Status(models.TextChoices):
        WANTED = "wanted"
        PUSHED = "pushed"
        REMOVING = "removing"
        REMOVED = "removed"
        FAILED = "failed"
        UNSUPPORTED = "unsupported"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="meeting_registrants"
    )
    session = models.ForeignKey(
        EventSession, on_delete=models.CASCADE, related_name="meeting_registrants"
    )
    zoom_registrant_id = models.CharField(max_length=100, blank=True, db_index=True)
    # The meeting the link leads to; a meeting made anew makes it worthless.
    zoom_meeting_id = models.CharField(max_length=20, blank=True)
    join_url = EncryptedTextField(blank=True)
    pin = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.WANTED)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_today = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = MeetingRegistrantQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="registrations_registrant_due")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "session"], name="registrations_meetingregistrant_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} registrant"
