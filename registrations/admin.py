"""Registrations in the admin: to look at; what happens to them happens by their verbs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import LedgerAdmin
from registrations import cancelling
from registrations.models import (
    AttendanceInterval,
    MeetingInstance,
    MeetingRegistrant,
    Order,
    ParticipantAlias,
    Registration,
    RegistrationAnswer,
    SessionAttendance,
    Ticket,
    UnmatchedParticipant,
    WaitlistOffer,
)


@admin.register(Registration)
class RegistrationAdmin(LedgerAdmin[Registration]):
    list_display = ("full_name", "event", "status", "attended", "attendance_eligible")
    list_filter = ("status", "source", "payment_status", "attendance_eligible")
    list_select_related = ("event",)
    search_fields = ("full_name", "email", "uuid")
    actions = ("cancel",)

    @admin.action(description="Cancel the selected registrations", permissions=["retry"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Registration]) -> None:
        self.carry_out(request, rows, cancelling.cancel, by=request.user)


@admin.register(Order)
class OrderAdmin(LedgerAdmin[Order]):
    list_display = ("reference", "event", "buyer_name", "amount", "currency", "created_at")
    list_select_related = ("event",)
    search_fields = ("reference", "buyer_email")


@admin.register(RegistrationAnswer)
class RegistrationAnswerAdmin(LedgerAdmin[RegistrationAnswer]):
    list_display = ("label", "registration")
    list_select_related = ("registration",)


@admin.register(Ticket)
class TicketAdmin(LedgerAdmin[Ticket]):
    list_display = ("code", "registration", "issued_at", "checked_in_at", "voided_at")
    list_select_related = ("registration",)
    search_fields = ("code",)


@admin.register(WaitlistOffer)
class WaitlistOfferAdmin(LedgerAdmin[WaitlistOffer]):
    list_display = ("registration", "outcome", "made_at", "expires_at", "answered_at")
    list_filter = ("outcome",)
    list_select_related = ("registration",)


@admin.register(MeetingInstance)
class MeetingInstanceAdmin(LedgerAdmin[MeetingInstance]):
    list_display = ("zoom_uuid", "session", "started_at", "ended_at", "report_state")
    list_filter = ("report_state",)
    list_select_related = ("session",)
    search_fields = ("zoom_uuid",)


@admin.register(MeetingRegistrant)
class MeetingRegistrantAdmin(LedgerAdmin[MeetingRegistrant]):
    list_display = ("registration", "session", "status", "attempts", "next_attempt_at", "error")
    list_filter = ("status",)
    list_select_related = ("registration", "session")


@admin.register(AttendanceInterval)
class AttendanceIntervalAdmin(LedgerAdmin[AttendanceInterval]):
    list_display = (
        "registration",
        "session",
        "source",
        "started_at",
        "ended_at",
        "is_estimated",
        "voided_at",
    )
    list_filter = ("source", "is_estimated")
    list_select_related = ("registration", "session")


@admin.register(SessionAttendance)
class SessionAttendanceAdmin(LedgerAdmin[SessionAttendance]):
    list_display = (
        "registration",
        "session",
        "total_attendance_minutes",
        "attendance_percent",
        "attended",
        "attendance_override",
    )
    list_filter = ("attended",)
    list_select_related = ("registration", "session")


@admin.register(UnmatchedParticipant)
class UnmatchedParticipantAdmin(LedgerAdmin[UnmatchedParticipant]):
    list_display = ("name", "event", "status", "minutes", "decided_at")
    list_filter = ("status",)
    list_select_related = ("event",)
    search_fields = ("name", "email")


@admin.register(ParticipantAlias)
class ParticipantAliasAdmin(LedgerAdmin[ParticipantAlias]):
    list_display = ("kind", "value", "person", "confirmed_at")
    list_filter = ("kind",)
    search_fields = ("value", "person")
