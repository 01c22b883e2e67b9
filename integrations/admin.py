"""The inbox in the admin: to look at, and to try again."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from common.admin import LedgerAdmin
from integrations import webhooks
from integrations.models import InboundWebhook


@admin.register(InboundWebhook)
class InboundWebhookAdmin(LedgerAdmin[InboundWebhook]):
    list_display = ("provider", "event_type", "subject_ref", "status", "attempts", "received_at")
    list_filter = ("provider", "status")
    search_fields = ("event_type", "subject_ref", "=uuid")
    ordering = ("-id",)
    actions = ("retry",)

    @admin.action(description="Take the selected messages up again", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[InboundWebhook]) -> None:
        self.carry_out(request, rows, webhooks.retry)
