"""People, organizations and their sessions for the people who run the platform."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import sessions
from accounts.models import (
    AccountToken,
    ApiToken,
    DataExport,
    Membership,
    MembershipInvitation,
    Notification,
    OAuthFlow,
    Organization,
    Passkey,
    RecoveryCode,
    SignInChallenge,
    SocialAccount,
    TotpDevice,
    User,
    UserSession,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    ZoomConnection,
)
from common.admin import AuditedAdmin, LedgerAdmin


@admin.register(User)
class UserAdmin(AuditedAdmin[User]):
    """Identity is settled by verbs: proofs, upgrades and sign-ins write these columns."""

    list_display = ("email", "full_name", "account_type", "email_verified", "is_active")
    list_filter = ("account_type", "email_verified", "is_active", "is_staff")
    search_fields = ("email", "full_name")
    ordering = ("-id",)
    exclude = ("password", "user_permissions", "groups")
    settled_fields = (
        "email",
        "account_type",
        "upgraded_to_organizer_at",
        "email_verified",
        "email_verified_at",
        "notify_marketing",
        "onboarding_completed_at",
        "last_login_at",
        "last_active_at",
        "erased_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only superusers appoint the people of the platform."""
        appointed = () if request.user.is_superuser else ("is_staff", "is_superuser")
        return [*super().get_readonly_fields(request, obj), *appointed]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Organization)
class OrganizationAdmin(AuditedAdmin[Organization]):
    list_display = ("name", "slug", "is_verified", "is_active", "is_public", "seat_limit")
    list_filter = ("is_verified", "is_active", "is_public")
    search_fields = ("name", "slug")
    ordering = ("name",)
    settled_fields = ("seat_limit", "created_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(LedgerAdmin[Membership]):
    list_display = ("organization", "user", "role", "title", "created_at", "ended_at")
    list_filter = ("role",)
    list_select_related = ("organization", "user")
    search_fields = ("organization__name", "user__email", "user__full_name")
    ordering = ("-id",)


@admin.register(UserSession)
class UserSessionAdmin(LedgerAdmin[UserSession]):
    list_display = ("user", "kind", "device_type", "browser", "last_activity_at", "ended_at")
    list_filter = ("kind", "device_type", "end_reason")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("refresh_jti", "previous_refresh_jti", "session_key_digest")
    ordering = ("-id",)
    actions = ("end",)

    @admin.action(description="End the selected sessions", permissions=["retry"])
    def end(self, request: HttpRequest, rows: QuerySet[UserSession]) -> None:
        self.carry_out(
            request, rows.select_related("user"), sessions.end, reason=sessions.EndReason.STAFF
        )


@admin.register(AccountToken)
class AccountTokenAdmin(LedgerAdmin[AccountToken]):
    list_display = ("user", "purpose", "expires_at", "used_at")
    list_filter = ("purpose",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("digest",)
    ordering = ("-id",)


@admin.register(OAuthFlow)
class OAuthFlowAdmin(LedgerAdmin[OAuthFlow]):
    list_display = ("provider", "intent", "user", "expires_at", "used_at")
    list_filter = ("provider", "intent")
    list_select_related = ("user",)
    exclude = ("state_digest", "flow_token_digest", "nonce")
    ordering = ("-id",)


@admin.register(ZoomConnection)
class ZoomConnectionAdmin(LedgerAdmin[ZoomConnection]):
    list_display = ("user", "zoom_email", "is_active", "consecutive_errors", "last_error_at")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("user__email", "zoom_email")
    ordering = ("-id",)


@admin.register(MembershipInvitation)
class MembershipInvitationAdmin(LedgerAdmin[MembershipInvitation]):
    list_display = ("organization", "email", "role", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    list_select_related = ("organization",)
    search_fields = ("organization__name", "email")
    exclude = ("digest",)
    ordering = ("-id",)


@admin.register(TotpDevice)
class TotpDeviceAdmin(LedgerAdmin[TotpDevice]):
    list_display = ("user", "confirmed_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("last_used_step",)
    ordering = ("-id",)


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(LedgerAdmin[RecoveryCode]):
    list_display = ("user", "created_at", "used_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("digest",)
    ordering = ("-id",)


@admin.register(Passkey)
class PasskeyAdmin(LedgerAdmin[Passkey]):
    list_display = ("user", "name", "is_backed_up", "last_used_at")
    list_filter = ("is_backed_up",)
    list_select_related = ("user",)
    search_fields = ("user__email", "name")
    exclude = ("credential_id", "public_key")
    ordering = ("-id",)


@admin.register(SignInChallenge)
class SignInChallengeAdmin(LedgerAdmin[SignInChallenge]):
    list_display = ("purpose", "user", "tries", "expires_at", "used_at")
    list_filter = ("purpose",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("digest", "state")
    ordering = ("-id",)


@admin.register(SocialAccount)
class SocialAccountAdmin(LedgerAdmin[SocialAccount]):
    list_display = ("user", "provider", "email", "connected_at", "last_login_at")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("user__email", "email")
    ordering = ("-id",)


@admin.register(ApiToken)
class ApiTokenAdmin(LedgerAdmin[ApiToken]):
    list_display = (
        "name",
        "prefix",
        "user",
        "organization",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_select_related = ("user", "organization")
    search_fields = ("name", "prefix", "user__email")
    exclude = ("digest", "previous_digest")
    ordering = ("-id",)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(LedgerAdmin[WebhookEndpoint]):
    list_display = ("url", "user", "organization", "is_active", "failing_since", "disabled_reason")
    list_filter = ("is_active", "disabled_reason")
    list_select_related = ("user", "organization")
    search_fields = ("url", "user__email")
    ordering = ("-id",)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LedgerAdmin[WebhookDelivery]):
    list_display = (
        "message_id",
        "type",
        "endpoint",
        "status",
        "attempts",
        "next_attempt_at",
        "last_status",
    )
    list_filter = ("status",)
    list_select_related = ("endpoint",)
    search_fields = ("message_id", "type")
    ordering = ("-id",)


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(LedgerAdmin[WebhookAttempt]):
    list_display = ("delivery", "number", "at", "status", "error")
    list_select_related = ("delivery",)
    search_fields = ("delivery__message_id",)
    ordering = ("-id",)


@admin.register(Notification)
class NotificationAdmin(LedgerAdmin[Notification]):
    list_display = ("user", "notification_type", "title", "created_at", "read_at")
    list_filter = ("notification_type",)
    list_select_related = ("user",)
    search_fields = ("user__email", "title")
    ordering = ("-id",)


@admin.register(DataExport)
class DataExportAdmin(LedgerAdmin[DataExport]):
    list_display = ("user", "status", "requested_at", "completed_at", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-id",)
