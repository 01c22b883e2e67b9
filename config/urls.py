"""The whole product on one page: every route, in the order of the apps."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from accounts.views import access as access_views
from accounts.views import api_tokens as api_token_views
from accounts.views import audit as audit_views
from accounts.views import browser as browser_views
from accounts.views import email as email_views
from accounts.views import invitations as invitation_views
from accounts.views import manifest as manifest_views
from accounts.views import me as me_views
from accounts.views import notifications as notification_views
from accounts.views import organizations as organization_views
from accounts.views import passkeys as passkey_views
from accounts.views import privacy as privacy_views
from accounts.views import second_factor as second_factor_views
from accounts.views import social as social_views
from accounts.views import staff_organizations as staff_organization_views
from accounts.views import staff_users as staff_user_views
from accounts.views import webhooks as webhook_views
from accounts.views import zoom as zoom_views
from billing import views as billing_views
from certificates.views import events as event_certificate_views
from certificates.views import mine as my_certificate_views
from certificates.views import pages as certificate_pages
from certificates.views import public as certificate_views
from certificates.views import templates as certificate_template_views
from common.views import docs, files, health, mailbox, pages, staff
from contacts import views as contact_views
from events.views import calendars as calendar_views
from events.views import catalogue as catalogue_views
from events.views import copies as copy_views
from events.views import covers as cover_views
from events.views import events as event_views
from events.views import forms as form_views
from events.views import invitations as event_invitation_views
from events.views import nested as event_nested_views
from events.views import reminders as reminder_views
from events.views import sessions as session_views
from events.views import speakers as speaker_views
from events.views import statistics as statistics_views
from events.views import transfers as transfer_views
from integrations import views as integration_views
from integrations.doubles.proxy import proxy
from learning.credits import views as credit_views
from registrations.views import attendance as attendance_views
from registrations.views import managing as registration_views
from registrations.views import own as own_registration_views
from registrations.views.public import RegisterView

common: list[URLPattern | URLResolver] = [
    path("", pages.LandingView.as_view(), name="landing"),
    path("healthz", health.HealthView.as_view(), name="health"),
    path("readyz", health.ReadinessView.as_view(), name="readiness"),
    path("metrics", health.MetricsView.as_view(), name="metrics"),
    path("files/<str:token>/<str:filename>", files.SignedFileView.as_view(), name="file"),
    path("dev/mail/", mailbox.mailbox, name="mailbox"),
    path("dev/mail.json", mailbox.mailbox_json, name="mailbox-json"),
    path("api/schema/", docs.SchemaView.as_view(), name="schema"),
    path("api/docs/", docs.DocsView.as_view(), name="docs"),
    path("api/v1/", pages.CollectionsView.as_view(), name="api-root"),
]

router = SimpleRouter(use_regex_path=False)

router.register("users/me/sessions", me_views.SessionViewSet, "my-sessions")
router.register("notifications", notification_views.NotificationViewSet, "notifications")
router.register("users/me/social-accounts", social_views.SocialAccountViewSet, "my-social-accounts")
router.register("organizers", me_views.PublicOrganizerViewSet, "organizers")
router.register("organizations", organization_views.OrganizationViewSet, "organizations")
router.register(
    "organizations/<uuid:organization_uuid>/members",
    organization_views.MembershipViewSet,
    "organization-members",
)
router.register(
    "organizations/<uuid:organization_uuid>/invitations",
    invitation_views.MembershipInvitationViewSet,
    "organization-invitations",
)
router.register(
    "organizations/<uuid:organization_uuid>/audit-log",
    audit_views.OrganizationAuditViewSet,
    "organization-audit-log",
)
router.register(
    "users/me/organization-invitations", invitation_views.MyInvitationViewSet, "my-invitations"
)
router.register("users/me/audit-log", audit_views.MyAuditViewSet, "my-audit-log")
router.register(
    "public/organizations", organization_views.PublicOrganizationViewSet, "public-organizations"
)
router.register(
    "staff/organizations",
    staff_organization_views.StaffOrganizationViewSet,
    "staff-organizations",
)

router.register("api-tokens", api_token_views.ApiTokenViewSet, "api-tokens")

router.register("webhook-endpoints", webhook_views.WebhookEndpointViewSet, "webhook-endpoints")
router.register(
    "webhook-endpoints/<uuid:endpoint_uuid>/deliveries",
    webhook_views.WebhookDeliveryViewSet,
    "webhook-deliveries",
)
router.register("webhook-event-types", webhook_views.WebhookEventTypeViewSet, "webhook-event-types")

router.register("jobs", staff.JobViewSet, "jobs")
router.register("staff/users", staff_user_views.StaffUserViewSet, "staff-users")
router.register("staff/tasks", staff.StaffTaskViewSet, "staff-tasks")
router.register("staff/emails", staff.StaffEmailViewSet, "staff-emails")
router.register("staff/audit-log", staff.StaffAuditViewSet, "staff-audit-log")
router.register("staff/periodic", staff.StaffPeriodicViewSet, "staff-periodic")

router.register(
    "integrations/inbound-webhooks", integration_views.InboundWebhookViewSet, "inbound-webhooks"
)

router.register("billing/plans", billing_views.PlanViewSet, "billing-plans")

EVENT = "events/<uuid:event_uuid>"
router.register("events/categories", catalogue_views.CategoryViewSet, "event-categories")
router.register("events/tags", catalogue_views.TagViewSet, "event-tags")
router.register("events", event_views.EventViewSet, "events")
router.register(f"{EVENT}/sessions", session_views.EventSessionViewSet, "event-sessions")
router.register(f"{EVENT}/meeting", event_nested_views.EventMeetingViewSet, "event-meeting")
router.register(
    f"{EVENT}/status-history", event_nested_views.EventStatusHistoryViewSet, "event-history"
)
router.register(f"{EVENT}/emails", event_nested_views.EventEmailViewSet, "event-emails")
router.register(f"{EVENT}/custom-fields", form_views.EventCustomFieldViewSet, "event-fields")
router.register("speakers", speaker_views.SpeakerViewSet, "speakers")
router.register(
    f"{EVENT}/invitations", event_invitation_views.EventInvitationViewSet, "event-invitations"
)
router.register(f"{EVENT}/reminders", reminder_views.EventReminderViewSet, "event-reminders")
router.register("public/events", catalogue_views.PublicEventViewSet, "public-events")

router.register(
    f"{EVENT}/registrations", registration_views.EventRegistrationViewSet, "event-registrations"
)
router.register(
    f"{EVENT}/aggregate-attendance",
    attendance_views.AggregateAttendanceViewSet,
    "event-aggregate-attendance",
)
router.register(
    "registrations/<uuid:registration_uuid>/session-attendance",
    attendance_views.SessionAttendanceViewSet,
    "session-attendance",
)
router.register(
    "users/me/registrations", own_registration_views.MyRegistrationViewSet, "my-registrations"
)
router.register(
    "users/me/link-registrations",
    own_registration_views.LinkRegistrationsViewSet,
    "link-registrations",
)
router.register(
    "public/registrations", own_registration_views.GuestRegistrationViewSet, "guest-registrations"
)

router.register("users/me/credits", credit_views.MyCreditViewSet, "my-credits")
router.register(f"{EVENT}/credit-awards", credit_views.EventCreditViewSet, "event-credit-awards")

router.register("templates", certificate_template_views.CertificateTemplateViewSet, "templates")
router.register(
    f"{EVENT}/certificates", event_certificate_views.EventCertificateViewSet, "event-certificates"
)
router.register(
    "users/me/certificates", my_certificate_views.MyCertificateViewSet, "my-certificates"
)

address = access_views.AddressViewSet
identity = access_views.IdentityViewSet
tokens = access_views.TokenViewSet
two_factor = second_factor_views.TwoFactorViewSet
editable: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}
invited = invitation_views.InvitationAcceptViewSet
preview = invitation_views.InvitationPreviewViewSet
accounts: list[URLPattern | URLResolver] = [
    path("organization-invitations/preview/", preview.as_view({"post": "preview"})),
    path("organization-invitations/accept/", invited.as_view({"post": "accept"})),
    path("auth/signup/", address.as_view({"post": "sign_up"})),
    path("auth/verify-email/", address.as_view({"post": "verify_email"})),
    path("auth/resend-verification/", address.as_view({"post": "resend_verification"})),
    path("auth/password-reset/", address.as_view({"post": "password_reset"})),
    path("auth/password-reset/confirm/", address.as_view({"post": "confirm_password_reset"})),
    path("auth/password-change/", identity.as_view({"post": "change_password"})),
    path("auth/reauthenticate/", identity.as_view({"post": "reauthenticate"})),
    path("auth/manifest/", manifest_views.ManifestView.as_view()),
    path("auth/token/", access_views.SignInViewSet.as_view({"post": "obtain"})),
    path("auth/token/otp/", access_views.SignInViewSet.as_view({"post": "answer_code"})),
    path("auth/passkey/options/", passkey_views.PasskeySignInViewSet.as_view({"post": "begin"})),
    path("auth/passkey/", passkey_views.PasskeySignInViewSet.as_view({"post": "finish"})),
    path("auth/token/refresh/", tokens.as_view({"post": "refresh"})),
    path("auth/logout/", tokens.as_view({"post": "logout"})),
    path(
        "auth/<slug:provider>/login/",
        social_views.SocialSignInViewSet.as_view({"get": "begin"}),
    ),
    path(
        "auth/<slug:provider>/callback/",
        social_views.SocialSignInViewSet.as_view({"post": "complete"}),
    ),
    path("users/me/", me_views.MeViewSet.as_view({**editable, "put": "update"})),
    path("users/me/email/", email_views.EmailViewSet.as_view({"post": "change"})),
    path("users/me/organizer-profile/", me_views.OrganizerProfileViewSet.as_view(editable)),
    path("users/me/notifications/", me_views.NotificationsViewSet.as_view(editable)),
    path("users/me/two-factor/", two_factor.as_view({"get": "retrieve", "post": "start"})),
    path("users/me/two-factor/confirm/", two_factor.as_view({"post": "confirm"})),
    path("users/me/two-factor/disable/", two_factor.as_view({"post": "disable"})),
    path("users/me/two-factor/recovery-codes/", two_factor.as_view({"post": "recovery_codes"})),
    path(
        "users/me/passkeys/",
        passkey_views.PasskeyViewSet.as_view({"get": "list", "post": "create"}),
    ),
    path(
        "users/me/passkeys/<uuid:uuid>/",
        passkey_views.PasskeyViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
    ),
    path("users/me/upgrade/", me_views.UpgradeViewSet.as_view({"post": "upgrade"})),
    path("users/me/downgrade/", me_views.DowngradeViewSet.as_view({"post": "downgrade"})),
    path("users/me/onboarding/complete/", me_views.OnboardingViewSet.as_view({"post": "complete"})),
    path(
        "users/me/export-data/",
        privacy_views.DataExportViewSet.as_view({"post": "create"}, throttle_scope="export"),
    ),
    path(
        "users/me/export-data/<uuid:request_uuid>/status/",
        privacy_views.DataExportViewSet.as_view({"get": "status"}),
    ),
    path(
        "users/me/export-data/<uuid:request_uuid>/download/",
        privacy_views.DataExportViewSet.as_view({"get": "download"}),
    ),
    path(
        "users/me/delete-account/", privacy_views.DeleteAccountViewSet.as_view({"post": "destroy"})
    ),
    path("staff/persons/export/", privacy_views.PersonViewSet.as_view({"post": "export"})),
    path("staff/persons/erase/", privacy_views.PersonViewSet.as_view({"post": "erase"})),
    path(
        "users/me/sessions/terminate-all/",
        me_views.SessionViewSet.as_view({"post": "terminate_all"}),
    ),
    path(
        "users/me/zoom/",
        zoom_views.ZoomViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("users/me/zoom/connect/", zoom_views.ZoomViewSet.as_view({"get": "connect"})),
    path("users/me/zoom/callback/", zoom_views.ZoomViewSet.as_view({"post": "complete"})),
]

overview = statistics_views.EventOverviewViewSet
event_statistics = statistics_views.EventStatisticsViewSet
statistics: list[URLPattern | URLResolver] = [
    path("events/dashboard/", overview.as_view({"get": "dashboard"})),
    path("events/reports/", overview.as_view({"get": "reports"})),
    path(f"{EVENT}/statistics/", event_statistics.as_view({"get": "show"})),
    path(
        f"{EVENT}/statistics/charts/registrations/",
        event_statistics.as_view({"get": "registrations"}),
    ),
    path(f"{EVENT}/statistics/charts/drop-off/", event_statistics.as_view({"get": "drop_off"})),
]

api: list[URLPattern | URLResolver] = [
    *accounts,
    *statistics,
    path("webhooks/zoom/", integration_views.ZoomWebhookView.as_view()),
    path("webhooks/stripe/", integration_views.StripeWebhookView.as_view()),
    path("integrations/", integration_views.ConditionsView.as_view()),
    path("billing/subscription/", billing_views.SubscriptionView.as_view()),
    path(
        f"{EVENT}/sessions/<uuid:uuid>/host-link/",
        session_views.HostLinkViewSet.as_view({"get": "retrieve"}),
    ),
    path(
        "events/<uuid:uuid>/upload-image/",
        cover_views.CoverImageViewSet.as_view({"post": "upload", "delete": "remove"}),
    ),
    path(
        "events/<uuid:uuid>/duplicate/",
        copy_views.EventCopyViewSet.as_view({"post": "duplicate"}),
    ),
    path(
        "events/<uuid:uuid>/transfer/",
        transfer_views.EventTransferViewSet.as_view({"post": "transfer"}),
    ),
    path(
        "events/<uuid:uuid>/calendar.ics",
        calendar_views.EventCalendarViewSet.as_view({"get": "calendar"}),
    ),
    path(
        "public/events/<uuid:uuid>/calendar.ics",
        calendar_views.PublicEventCalendarViewSet.as_view({"get": "calendar"}),
    ),
    path(
        "public/invitations/<str:token>/",
        event_invitation_views.ReceivedInvitationViewSet.as_view({"get": "show"}),
    ),
    path(
        "public/invitations/<str:token>/respond/",
        event_invitation_views.ReceivedInvitationViewSet.as_view({"post": "respond"}),
    ),
    path(
        "public/invitations/<str:token>/open.gif",
        event_invitation_views.OpenedImageView.as_view(),
    ),
    path("public/certificates/verify/", certificate_views.VerifyFileView.as_view()),
    path("public/certificates/verify/<str:code>/", certificate_views.VerifyView.as_view()),
    path(
        "public/registrations/<str:token>/certificate/",
        certificate_views.GuestCertificateView.as_view(),
    ),
    path("public/events/<uuid:event_uuid>/register/", RegisterView.as_view()),
    *router.urls,
]

certificates: list[URLPattern | URLResolver] = [
    path("unsubscribe/<str:token>/", contact_views.UnsubscribeView.as_view(), name="unsubscribe"),
    path("verify/", certificate_pages.VerifyFormPage.as_view(), name="verify"),
    path("verify/<str:code>/", certificate_pages.VerifyCodePage.as_view(), name="verify-code"),
    path("certificates/open/<str:token>/", certificate_pages.OpenPage.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *common,
    *certificates,
    path("api/v1/", include(api)),
    path("api-auth/login/", browser_views.BrowserLoginView.as_view(), name="login"),
    path("api-auth/logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/", admin.site.urls),
    path("dev/<slug:provider>/<path:path>", proxy, name="double"),
    # The last route: with DEBUG on Django would answer unknown addresses with its own page.
    re_path(r"^api/", pages.unknown_address),
]

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.page_not_found
handler500 = pages.server_error
