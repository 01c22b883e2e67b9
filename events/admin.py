"""Events in the admin: to look at, and to move by the same verbs as the API."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import AuditedAdmin, LedgerAdmin
from events.models import (
    Category,
    Event,
    EventCustomField,
    EventInvitation,
    EventReminder,
    EventSession,
    EventStatusHistory,
    Speaker,
    Tag,
)


@admin.register(Category)
class CategoryAdmin(AuditedAdmin[Category]):
    list_display = ("name", "slug", "order", "is_active")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Tag)
class TagAdmin(AuditedAdmin[Tag]):
    list_display = ("name", "slug")
    search_fields = ("name",)


@admin.register(Speaker)
class SpeakerAdmin(AuditedAdmin[Speaker]):
    list_display = ("name", "owner", "organization", "is_active")
    list_select_related = ("owner", "organization")
    raw_id_fields = ("owner", "organization", "user", "photo")
    search_fields = ("name",)


class SessionInline(admin.TabularInline[EventSession, Event]):
    model = EventSession
    fields = ("session_number", "title", "status", "starts_at", "meeting_status", "meeting_error")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(LedgerAdmin[Event]):
    list_display = ("title", "owner", "organization", "status", "starts_at", "registration_count")
    list_filter = ("status", "visibility", "format", "event_type")
    list_select_related = ("owner", "organization")
    search_fields = ("title", "uuid", "public_code")
    inlines = (SessionInline,)
    actions = ("cancel",)

    @admin.action(description="Cancel the selected events", permissions=["retry"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        self.carry_out(request, rows, Event.cancel, by=request.user)


@admin.register(EventSession)
class EventSessionAdmin(LedgerAdmin[EventSession]):
    list_display = ("title", "event", "session_number", "status", "starts_at", "meeting_status")
    list_filter = ("status", "meeting_status")
    list_select_related = ("event",)
    search_fields = ("title", "uuid", "zoom_meeting_id")


@admin.register(EventStatusHistory)
class EventStatusHistoryAdmin(LedgerAdmin[EventStatusHistory]):
    list_display = ("event", "from_status", "to_status", "changed_by", "created_at")
    list_select_related = ("event", "changed_by")


@admin.register(EventCustomField)
class EventCustomFieldAdmin(LedgerAdmin[EventCustomField]):
    list_display = ("label", "event", "field_type", "required", "order")
    list_select_related = ("event",)


@admin.register(EventReminder)
class EventReminderAdmin(LedgerAdmin[EventReminder]):
    list_display = ("event", "session", "send_hours_before", "scheduled_for", "status")
    list_filter = ("status",)
    list_select_related = ("event", "session")


@admin.register(EventInvitation)
class EventInvitationAdmin(LedgerAdmin[EventInvitation]):
    list_display = ("email", "event", "status", "response", "sent_at")
    list_filter = ("status", "source")
    list_select_related = ("event",)
    search_fields = ("email",)
    exclude = ("token_hash",)
