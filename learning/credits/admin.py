"""Credits in the admin: to look at; the ledger is never edited there."""

from django.contrib import admin

from common.admin import LedgerAdmin
from learning.credits.models import (
    ActivityCredit,
    CreditAward,
    CreditCategory,
    CreditDecision,
    CreditRun,
    CreditScheme,
    CreditSchemeVersion,
)


@admin.register(CreditScheme)
class CreditSchemeAdmin(LedgerAdmin[CreditScheme]):
    list_display = ("code", "name", "credit_type", "is_active", "is_confirmed")
    search_fields = ("code", "name")


@admin.register(CreditSchemeVersion)
class CreditSchemeVersionAdmin(LedgerAdmin[CreditSchemeVersion]):
    list_display = ("scheme", "number", "effective_from", "effective_to", "increment", "rounding")
    list_select_related = ("scheme",)


@admin.register(CreditCategory)
class CreditCategoryAdmin(LedgerAdmin[CreditCategory]):
    list_display = ("scheme", "code", "name", "is_active")
    list_select_related = ("scheme",)


@admin.register(ActivityCredit)
class ActivityCreditAdmin(LedgerAdmin[ActivityCredit]):
    list_display = ("event", "scheme", "credit_type", "designated_value", "approval_status")
    list_select_related = ("event", "scheme")


@admin.register(CreditRun)
class CreditRunAdmin(LedgerAdmin[CreditRun]):
    list_display = ("event", "registration", "requested_at", "finished_at")
    list_select_related = ("event", "registration")


@admin.register(CreditDecision)
class CreditDecisionAdmin(LedgerAdmin[CreditDecision]):
    list_display = ("registration", "outcome", "held_reason", "value", "actor", "created_at")
    list_filter = ("outcome", "held_reason")
    list_select_related = ("registration", "actor")
    ordering = ("-id",)


@admin.register(CreditAward)
class CreditAwardAdmin(LedgerAdmin[CreditAward]):
    list_display = ("holder_name", "kind", "value", "credit_type", "activity_title", "created_at")
    list_filter = ("kind", "source")
    search_fields = ("holder_name", "activity_title", "activity_number")
    ordering = ("-id",)
