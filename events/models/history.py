"""How an event came to be what it is."""

from django.conf import settings
from django.db import models

from common.models import AppendOnlyModel
from events.models.event import Event


class EventStatusHistory(AppendOnlyModel):
    """One change of an event's status; nobody stands for the platform itself."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="status_history")
    from_status = models.CharField(max_length=10, choices=Event.Status.choices, blank=True)
    to_status = models.CharField(max_length=10, choices=Event.Status.choices)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason = models.TextField(max_length=2000, blank=True)

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "event status history"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} to {self.to_status}"
