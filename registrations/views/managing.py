"""Registrations of one event, as the people behind it work with them."""

from typing import Any

from django.db.models import F, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.requests import AuthenticatedRequest
from accounts.roles import Capability
from common.exports import Column, ExportMixin
from common.pagination import PageOrCursorPagination
from common.viewsets import (
    DestroyMixin,
    ListMixin,
    RestoreMixin,
    RetrieveMixin,
    ScopedViewSet,
    UpdateMixin,
)
from events.access import Action
from events.scoping import EventScopedMixin
from registrations import (
    attendance,
    cancelling,
    completion,
    editing,
    notices,
    registering,
    statistics,
    waitlist,
)
from registrations.filters import RegistrationFilter
from registrations.models import (
    AttendanceInterval,
    Registration,
    RegistrationAnswer,
    SessionAttendance,
)
from registrations.serializers.managing import (
    ClearOverrideSerializer,
    OverrideSerializer,
    PrioritySerializer,
    PromotedSerializer,
    PromoteNextSerializer,
    RegistrationSerializer,
    RegistrationSummarySerializer,
    RegistrationWriteSerializer,
    SummarySerializer,
)
from registrations.serializers.parts import ExplanationSerializer, ReasonSerializer

EXPORT_COLUMNS = (
    Column("Email", lambda row: row.email),
    Column("Full name", lambda row: row.full_name),
    Column("Professional title", lambda row: row.professional_title),
    Column("Organization", lambda row: row.organization_name),
    Column("Status", lambda row: row.status),
    Column("Registered at", lambda row: row.created_at),
    Column("Attended", lambda row: row.attended),
    Column("Minutes attended", lambda row: row.total_attendance_minutes),
    Column("Attendance percent", lambda row: row.attendance_percent),
    Column("Eligible", lambda row: row.attendance_eligible),
    Column("Uuid", lambda row: row.uuid, is_optional=True),
    Column("Source", lambda row: row.source, is_optional=True),
    Column("Confirmed at", lambda row: row.confirmed_at, is_optional=True),
    Column("Cancelled at", lambda row: row.cancelled_at, is_optional=True),
    Column("Certificate issued at", lambda row: row.certificate_issued_at, is_optional=True),
)
DETAILS = (
    Prefetch("answers", RegistrationAnswer.objects.select_related("field")),
    Prefetch("session_attendance", SessionAttendance.objects.select_related("session")),
    Prefetch("intervals", AttendanceInterval.objects.select_related("session")),
)
# What the caller needs at the event for actions that name no single registration.
NEEDED = {
    "promote_next": Capability.REGISTRATIONS_MANAGE,
    "waitlist": Capability.REGISTRATIONS_MANAGE,
    "export": Capability.EXPORTS_MAKE,
    "export_job": Capability.EXPORTS_MAKE,
}
WITHOUT_DETAILS = frozenset({"list", "export", "export_job", "waitlist", "promote_next"})


class WaitlistVerbs(EventScopedMixin[Registration], ScopedViewSet[Registration]):
    """The queue of the event."""

    @extend_schema(responses=RegistrationSummarySerializer(many=True))
    @action(detail=False, methods=["get"], filterset_class=None, search_fields=())
    def waitlist(self, request: Request, **kwargs: Any) -> Response:
        """Show the queue, first in line first."""
        page = self.paginate_queryset(self.get_queryset().in_line())  # type: ignore[attr-defined]  # of registrations
        rows = RegistrationSummarySerializer(page, many=True)
        return self.get_paginated_response(rows.data)

    @action(detail=True, methods=["post"])
    def promote(self, request: Request, **kwargs: Any) -> Response:
        """Give a free place to this person, whoever stands before them."""
        return self.carry_out(waitlist.promote)

    @extend_schema(request=PromoteNextSerializer, responses=PromotedSerializer)
    @action(detail=False, methods=["post"], url_path="promote-next")
    def promote_next(self, request: Request, **kwargs: Any) -> Response:
        """Give free places to the first in line."""
        asked = self.validated(PromoteNextSerializer)
        promoted = waitlist.promote_next(self.event, by=self.request.user, **asked)
        rows = self.get_readable_queryset().filter(pk__in=[row.pk for row in promoted])
        return Response(PromotedSerializer({"promoted": rows.order_by("pk")}).data)

    @action(detail=True, methods=["patch"], url_path="waitlist")
    def prioritise(self, request: Request, **kwargs: Any) -> Response:
        """Move somebody in the queue."""
        return self.carry_out(waitlist.prioritise, **self.validated(PrioritySerializer))


class AttendanceVerbs(EventScopedMixin[Registration], ScopedViewSet[Registration]):
    """Decisions about attendance, and why somebody is eligible or not."""

    @action(detail=True, methods=["post"], url_path="override-attendance")
    def override_attendance(self, request: Request, **kwargs: Any) -> Response:
        """Decide about a person's attendance, whatever the minutes say."""
        return self.carry_out(attendance.override, **self.validated(OverrideSerializer))

    @extend_schema(request=None, parameters=[ClearOverrideSerializer])
    @override_attendance.mapping.delete
    def clear_override(self, request: Request, **kwargs: Any) -> Response:
        """Let the minutes decide again."""
        query = ClearOverrideSerializer(
            data=request.query_params, context=self.get_serializer_context()
        )
        query.is_valid(raise_exception=True)
        return self.carry_out(attendance.clear_override, **query.validated_data)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, methods=["get"])
    def eligibility(self, request: Request, **kwargs: Any) -> Response:
        """Show each condition with what it needs and what there is."""
        explanation = completion.explain(self.get_object())
        return Response(ExplanationSerializer(explanation).data)


class PlaceVerbs(EventScopedMixin[Registration], ScopedViewSet[Registration]):
    """Decisions about places, and how many there are."""

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, **kwargs: Any) -> Response:
        """Give the place that was kept for a request."""
        return self.carry_out(registering.approve)

    @action(detail=True, methods=["post"])
    def reject(self, request: Request, **kwargs: Any) -> Response:
        """Refuse a request and free the place kept for it."""
        return self.carry_out(registering.reject, **self.validated(ReasonSerializer))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Take a place back on behalf of the organizer."""
        return self.carry_out(cancelling.cancel, **self.validated(ReasonSerializer))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="resend-confirmation")
    def resend_confirmation(self, request: Request, **kwargs: Any) -> Response:
        """Send the confirmation once more."""
        return self.carry_out(notices.confirm_again)

    @extend_schema(responses=SummarySerializer)
    @action(detail=False, methods=["get"])
    def summary(self, request: Request, **kwargs: Any) -> Response:
        """Show how many registrations are in which state."""
        return Response(SummarySerializer(statistics.summary(self.event)).data)


@extend_schema(tags=["registrations"])
class EventRegistrationViewSet(
    WaitlistVerbs,
    AttendanceVerbs,
    PlaceVerbs,
    ExportMixin[Registration],
    ListMixin[Registration],
    RetrieveMixin[Registration],
    UpdateMixin[Registration],
    DestroyMixin[Registration],
    RestoreMixin[Registration],
):
    """The registrations of one event."""

    request: AuthenticatedRequest
    resource = "registrations"
    queryset = Registration.objects.all()
    serializer_class = RegistrationSerializer
    action_serializers = {
        "list": RegistrationSummarySerializer,
        "retrieve": RegistrationSerializer,
        "update": RegistrationWriteSerializer,
        "partial_update": RegistrationWriteSerializer,
        "reject": ReasonSerializer,
        "cancel": ReasonSerializer,
        "prioritise": PrioritySerializer,
        "promote_next": PromoteNextSerializer,
        "override_attendance": OverrideSerializer,
        "summary": SummarySerializer,
        "eligibility": ExplanationSerializer,
    }
    action_capabilities = {
        "override_attendance": Capability.ATTENDANCE_MANAGE,
        "clear_override": Capability.ATTENDANCE_MANAGE,
    }
    pagination_class = PageOrCursorPagination
    filterset_class = RegistrationFilter
    search_fields = ("email", "full_name", "organization_name", "ticket__code")
    ordering = ("-registered_at", "-id")
    ordering_fields = ("registered_at", "full_name", "total_attendance_minutes")
    export_name = "registrations"
    export_columns = EXPORT_COLUMNS

    @property
    def event_action(self) -> str:  # type: ignore[override]  # depends on the action
        return NEEDED.get(self.action or "", Action.SEE)

    def get_queryset(self) -> QuerySet[Registration]:
        rows: Any = super().get_queryset().select_related("event__owner", "event__organization")
        rows = rows.for_managers().annotate(registered_at=F("created_at"))
        return rows if self.action in WITHOUT_DETAILS else rows.prefetch_related(*DETAILS)  # type: ignore[no-any-return]  # Any from the base

    def perform_update(self, serializer: BaseSerializer[Registration]) -> None:
        editing.edit(serializer.instance, by=self.request.user, **serializer.validated_data)  # type: ignore[arg-type]  # one row

    def perform_destroy(self, row: Registration) -> None:
        cancelling.remove(row, by=self.request.user)
