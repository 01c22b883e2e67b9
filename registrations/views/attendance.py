"""Attendance across sessions."""

from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema

from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability, reach
from common.viewsets import ListMixin
from events.access import condition
from events.models import EventSession
from events.scoping import EventScopedMixin
from registrations import completion
from registrations.models import Registration, SessionAttendance
from registrations.serializers.managing import AggregateSerializer
from registrations.serializers.parts import SessionAttendanceSerializer


@extend_schema(tags=["attendance"])
class AggregateAttendanceViewSet(EventScopedMixin[Registration], ListMixin[Registration]):
    """How long each confirmed registrant was at which session."""

    resource = "registrations"
    event_action = Capability.REGISTRATIONS_VIEW
    queryset = Registration.objects.filter(status=Registration.Status.CONFIRMED).prefetch_related(
        Prefetch("session_attendance", SessionAttendance.objects.select_related("session"))
    )
    serializer_class = AggregateSerializer
    search_fields = ("email", "full_name")
    ordering = ("full_name", "id")
    ordering_fields = ("full_name", "total_attendance_minutes", "attendance_percent")

    @cached_property
    def total_sessions(self) -> int:
        """Return how many sessions count."""
        return len(completion.counted(self.event.sessions.all()))


@extend_schema(tags=["attendance"])
class SessionAttendanceViewSet(ListMixin[EventSession]):
    """How long the holder of one registration was at each session."""

    request: AuthenticatedRequest
    resource = "registrations"
    scoped_by = "one registration: the caller's own, or one at an event they work for"
    queryset = EventSession.objects.all()
    serializer_class = SessionAttendanceSerializer
    ordering = ("session_number", "id")

    @cached_property
    def registration(self) -> Registration:
        """Return the registration of the path: one's own, or one at an event one works for."""
        user = self.request.user
        mine = condition(user, Capability.REGISTRATIONS_VIEW, path="event__")
        if reach(user).personal:
            mine |= Q(user=user)
        return get_object_or_404(Registration, mine, uuid=self.kwargs["registration_uuid"])

    def get_queryset(self) -> QuerySet[EventSession]:
        if getattr(self, "swagger_fake_view", False):
            return EventSession.objects.none()
        own = SessionAttendance.objects.filter(registration=self.registration)
        rows: Any = EventSession.objects.filter(event=self.registration.event_id).standing()
        return rows.prefetch_related(Prefetch("attendance", own, to_attr="mine"))  # type: ignore[no-any-return]  # Any from the manager
