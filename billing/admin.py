"""Billing in the admin: plans may be edited, everything else is to look at."""

from django.contrib import admin

from billing.models import (
    BillingAccount,
    Plan,
    PlanPrice,
    Subscription,
    SubscriptionChange,
    UsageCounter,
)
from common.admin import AuditedAdmin, LedgerAdmin


@admin.register(Plan)
class PlanAdmin(AuditedAdmin[Plan]):
    list_display = ("code", "name", "rank", "is_public", "is_active", "contact_sales")
    settled_fields = ("code", "stripe_product_id")


@admin.register(PlanPrice)
class PlanPriceAdmin(LedgerAdmin[PlanPrice]):
    list_display = ("plan", "billing_cycle", "currency", "amount", "is_active")
    list_select_related = ("plan",)


@admin.register(BillingAccount)
class BillingAccountAdmin(LedgerAdmin[BillingAccount]):
    list_display = ("legal_name", "billing_email", "country", "trial_used_at")
    search_fields = ("legal_name", "billing_email")


@admin.register(Subscription)
class SubscriptionAdmin(LedgerAdmin[Subscription]):
    list_display = ("account", "plan", "status", "source", "trial_end", "current_period_end")
    list_filter = ("status", "source", "plan")
    list_select_related = ("account", "plan")


@admin.register(SubscriptionChange)
class SubscriptionChangeAdmin(LedgerAdmin[SubscriptionChange]):
    list_display = ("subscription", "kind", "from_status", "to_status", "effective_at")
    list_filter = ("kind",)
    list_select_related = ("subscription__plan",)


@admin.register(UsageCounter)
class UsageCounterAdmin(LedgerAdmin[UsageCounter]):
    list_display = ("subscription", "limit", "window_start", "used")
    list_filter = ("limit",)
    list_select_related = ("subscription__plan",)
