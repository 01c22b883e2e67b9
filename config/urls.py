"""The whole product on one page: every route, in the order of the apps."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from billing import views as billing_views
from common.views import docs, health, mailbox, pages

common: list[URLPattern | URLResolver] = [
    path("", pages.LandingView.as_view(), name="landing"),
    path("healthz", health.HealthView.as_view(), name="health"),
    path("readyz", health.ReadinessView.as_view(), name="readiness"),
    path("metrics", health.MetricsView.as_view(), name="metrics"),
    path("dev/mail/", mailbox.mailbox, name="mailbox"),
    path("dev/mail.json", mailbox.mailbox_json, name="mailbox-json"),
    path("api/schema/", docs.SchemaView.as_view(), name="schema"),
    path("api/docs/", docs.DocsView.as_view(), name="docs"),
    path("api/v1/", pages.CollectionsView.as_view(), name="api-root"),
]

router = SimpleRouter(use_regex_path=False)

router.register("billing/plans", billing_views.PlanViewSet, "billing-plans")

api: list[URLPattern | URLResolver] = [
    path("billing/subscription/", billing_views.SubscriptionView.as_view()),
    *router.urls,
]

urlpatterns: list[URLPattern | URLResolver] = [
    *common,
    path("api/v1/", include(api)),
    path("admin/", admin.site.urls),
    # The last route: with DEBUG on Django would answer unknown addresses with its own page.
    re_path(r"^api/", pages.unknown_address),
]

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.page_not_found
handler500 = pages.server_error
