"""Events as the people behind them work with them."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.permissions import IsOrganizerOrMember
from accounts.requests import AuthenticatedRequest
from common.exports import Column, ExportMixin
from common.selection import Expansion
from common.viewsets import (
    CreateMixin,
    DestroyMixin,
    ListMixin,
    RestoreMixin,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)
from events import access, drafting, editing, room, schedule
from events.access import Action
from events.filters import EventFilter
from events.models import Event
from events.serializers.parts import CustomFieldSerializer, PublicEventSessionSerializer
from events.serializers.reading import EventSerializer, EventSummarySerializer
from events.serializers.writing import (
    COLUMNS,
    EventCreateSerializer,
    EventReasonSerializer,
    EventReopenSerializer,
    EventUpdateSerializer,
    RescheduleSerializer,
)

EXPORT_COLUMNS = (
    Column("Title", lambda event: event.title),
    Column("Starts at", lambda event: event.starts_at),
    Column("Status", lambda event: event.status),
    Column("Registration count", lambda event: event.registration_count),
    Column("Attendance count", lambda event: event.attendance_count),
    Column("Uuid", lambda event: event.uuid, is_optional=True),
    Column("Ends at", lambda event: event.ends_at, is_optional=True),
    Column("Timezone", lambda event: event.timezone, is_optional=True),
    Column("Event type", lambda event: event.event_type, is_optional=True),
    Column("Format", lambda event: event.format, is_optional=True),
    Column("Visibility", lambda event: event.visibility, is_optional=True),
    Column("Capacity", lambda event: event.capacity, is_optional=True),
    Column("Waitlist count", lambda event: event.waitlist_count, is_optional=True),
    Column("Certificate count", lambda event: event.certificate_count, is_optional=True),
    Column("CPD credit type", lambda event: event.cpd_credit_type, is_optional=True),
    Column("CPD credit value", lambda event: event.cpd_credit_value, is_optional=True),
    Column(
        "Organization",
        lambda event: event.organization.name if event.organization else "",
        is_optional=True,
    ),
    Column("Created at", lambda event: event.created_at, is_optional=True),
)


# Without the links: those are for details, never for lists.
EXPANSIONS = {
    "sessions": Expansion(
        PublicEventSessionSerializer, many=True, prefetch=("sessions__speakers",)
    ),
    "custom_fields": Expansion(CustomFieldSerializer, many=True, prefetch=("custom_fields",)),
}


class EventRows(ScopedViewSet[Event]):
    """Which events an action works on, and what it loads with them."""

    def get_queryset(self) -> QuerySet[Event]:
        rows: Any = super().get_queryset()
        if self.action == "list":
            rows = rows.for_summaries()
        elif self.action == "export":
            rows = rows.filter(access.exportable(self.request.user)).select_related("organization")
        elif self.action == "retrieve":
            rows = rows.for_showing()
        else:
            rows = rows.for_details()
        return cast("QuerySet[Event]", rows)

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        room.load(page or ())
        return page

    def _scoped(self, rows: Any, request: Request) -> Any:
        if self.action == "restore":
            return Event.all_objects.managed_by(request.user, Action.DISPOSE)
        asked = request.query_params.get("include_deleted", "").lower() == "true"
        if self.action == "retrieve" and asked:
            return super()._scoped(rows, request) | self._deleted(rows)
        return super()._scoped(rows, request)


class EventVerbs(EventRows):
    """The moves of the status table."""

    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Offer a draft to the public."""
        return self.carry_out(Event.publish)

    @action(detail=True, methods=["post"])
    def unpublish(self, request: Request, **kwargs: Any) -> Response:
        """Take a published event back, as long as nobody holds a place."""
        return self.carry_out(Event.unpublish, **self.validated(EventReasonSerializer))

    @action(detail=True, methods=["post"])
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Begin a published event by hand."""
        return self.carry_out(Event.start)

    @action(detail=True, methods=["post"])
    def complete(self, request: Request, **kwargs: Any) -> Response:
        """End a live event; attendance is settled next."""
        return self.carry_out(Event.complete)

    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Close the books of a completed event."""
        return self.carry_out(Event.close)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Call an event off, for good; registrants are told."""
        return self.carry_out(Event.cancel, **self.validated(EventReasonSerializer))

    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **kwargs: Any) -> Response:
        """Open the books of a closed event again."""
        return self.carry_out(Event.reopen, **self.validated(EventReopenSerializer))

    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, **kwargs: Any) -> Response:
        """Move a published event to another time; registrants are told."""
        return self.carry_out(schedule.reschedule, **self.validated(RescheduleSerializer))


@extend_schema(tags=["events"])
class EventViewSet(
    EventVerbs,
    ExportMixin[Event],
    ListMixin[Event],
    CreateMixin[Event],
    RetrieveMixin[Event],
    UpdateMixin[Event],
    DestroyMixin[Event],
    RestoreMixin[Event],
):
    """The events of the caller and of the organizations they work for."""

    request: AuthenticatedRequest
    resource = "events"
    permission_classes = [IsOrganizerOrMember]
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    action_serializers = {
        "list": EventSummarySerializer,
        "create": EventCreateSerializer,
        "update": EventUpdateSerializer,
        "partial_update": EventUpdateSerializer,
        "unpublish": EventReasonSerializer,
        "cancel": EventReasonSerializer,
        "reopen": EventReopenSerializer,
        "reschedule": RescheduleSerializer,
        "retrieve": EventSerializer,
    }
    action_capabilities = {"destroy": Action.DISPOSE}
    expansions = EXPANSIONS
    filterset_class = EventFilter
    ordering = ("-starts_at", "id")
    ordering_fields = ("starts_at", "created_at", "title")
    export_name = "events"
    export_columns = EXPORT_COLUMNS

    def perform_create(self, serializer: BaseSerializer[Event]) -> Event:
        return drafting.create(by=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[Event]) -> None:
        event: Any = serializer.instance
        changes = serializer.validated_data
        if not serializer.partial:
            changes = editing.replacing(event, changes, COLUMNS)
        editing.edit(event, by=self.request.user, changes=changes)
