"""The reminders of an event."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.serializers import BaseSerializer

from common.viewsets import CreateMixin, DestroyMixin, ListMixin, RetrieveMixin, UpdateMixin
from events import access, reminders
from events.filters import EventReminderFilter
from events.models import EventReminder
from events.scoping import EventScopedMixin
from events.serializers.reminders import EventReminderSerializer


@extend_schema(tags=["events"])
class EventReminderViewSet(
    EventScopedMixin[EventReminder],
    ListMixin[EventReminder],
    CreateMixin[EventReminder],
    RetrieveMixin[EventReminder],
    UpdateMixin[EventReminder],
    DestroyMixin[EventReminder],
):
    """Mails to registrants before the start, planned by the organizer."""

    resource = "events"
    event_action = access.Action.MANAGE
    queryset = EventReminder.objects.select_related("session")
    serializer_class = EventReminderSerializer
    filterset_class = EventReminderFilter
    ordering = ("scheduled_for", "id")
    ordering_fields = ("scheduled_for",)
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: BaseSerializer[EventReminder]) -> EventReminder:
        return reminders.add(self.event, by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[EventReminder]) -> None:
        reminder: Any = serializer.instance
        reminders.change(reminder, by=self.request.user, **serializer.validated_data)

    def perform_destroy(self, row: EventReminder) -> None:
        reminders.remove(row, by=self.request.user)
