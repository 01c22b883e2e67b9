"""Certificates in the admin: to look at; the verbs are actions."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from certificates import artifacts
from certificates.models import Certificate, CertificateStatusHistory, CertificateTemplate
from common.admin import LedgerAdmin


@admin.register(CertificateTemplate)
class CertificateTemplateAdmin(LedgerAdmin[CertificateTemplate]):
    list_display = ("name", "version", "is_latest_version", "is_builtin", "owner", "is_active")
    list_filter = ("is_builtin", "is_active", "is_latest_version")
    list_select_related = ("owner",)
    search_fields = ("name",)


@admin.register(Certificate)
class CertificateAdmin(LedgerAdmin[Certificate]):
    list_display = ("short_code", "holder_name", "status", "pdf_status", "issued_at", "expires_on")
    list_filter = ("status", "pdf_status")
    search_fields = ("short_code", "holder_name", "=verification_code")
    ordering = ("-id",)
    actions = ("rebuild",)

    @admin.action(description="Make the selected failed PDFs again", permissions=["retry"])
    def rebuild(self, request: HttpRequest, rows: QuerySet[Certificate]) -> None:
        self.carry_out(request, rows, artifacts.rebuild, by=request.user)


@admin.register(CertificateStatusHistory)
class CertificateStatusHistoryAdmin(LedgerAdmin[CertificateStatusHistory]):
    list_display = ("certificate", "action", "from_status", "to_status", "actor", "at")
    list_filter = ("action",)
    list_select_related = ("certificate", "actor")
    ordering = ("-id",)
