"""People in a meeting whom nobody knows yet, and what was learned about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from common.fields import LowercaseEmailField
from common.models import BaseModel
from events.models import Event, EventSession
from registrations.models.meeting import MeetingInstance
from registrations.models.registration import Registration
from registrations.querysets import ParticipantAliasQuerySet, UnmatchedParticipantQuerySet


class UnmatchedParticipant(BaseModel):
    """One participant of a meeting whose registration is not known, until somebody decides."""

    class Status(models.TextChoices):
        OPEN = "open"
        MATCHED = "matched"
        IGNORED = "ignored"
        HOST = "host"

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="unmatched_participants"
    )
    session = models.ForeignKey(
        EventSession, on_delete=models.CASCADE, related_name="unmatched_participants"
    )
    instance = models.ForeignKey(
        MeetingInstance, on_delete=models.CASCADE, related_name="unmatched_participants"
    )
    participant_key = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    email = LowercaseEmailField(blank=True)
    phone = models.CharField(max_length=50, blank=True)
    registrant_id = models.CharField(max_length=100, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    minutes = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField(max_length=1000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    registration = models.ForeignKey(
        Registration,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="matched_participants",
    )

    objects = UnmatchedParticipantQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        ordering = ["joined_at", "id"]
        indexes = [models.Index(fields=["event", "status"], name="registrations_unmatched_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "participant_key"],
                name="registrations_unmatchedparticipant_once",
            ),
            models.CheckConstraint(
                name="registrations_unmatchedparticipant_decided_iff_dated",
                condition=Q(status="open", decided_at=None, decided_by=None)
                | ~Q(status="open") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} participant"


class ParticipantAlias(BaseModel):
    """Something by which an organizer has recognised a person before."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        ZOOM_USER = "zoom_user"
        PHONE = "phone"
        NAME = "name"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participant_aliases"
    )
    organization = models.ForeignKey(
        Organization,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="participant_aliases",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=255)
    person = LowercaseEmailField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    confirmed_at = models.DateTimeField()

    objects = ParticipantAliasQuerySet.as_manager()

    class Meta(BaseModel.Meta):
        verbose_name_plural = "participant aliases"
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "kind", "value", "person"],
                condition=Q(organization=None),
                name="registrations_participantalias_once_per_owner",
            ),
            models.UniqueConstraint(
                fields=["organization", "kind", "value", "person"],
                condition=Q(organization__isnull=False),
                name="registrations_participantalias_once_per_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} alias"
