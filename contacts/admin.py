"""Suppressions for the people who run the platform."""

from django.contrib import admin

from common.admin import LedgerAdmin
from contacts.models import Suppression


@admin.register(Suppression)
class SuppressionAdmin(LedgerAdmin[Suppression]):
    list_display = ("scope", "reason", "source", "sender_uuid", "created_at", "lifted_at")
    list_filter = ("scope", "reason")
    search_fields = ("email", "email_hash")
    ordering = ("-id",)
