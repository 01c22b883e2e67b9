"""What accounts does when something happens: sign-ins, proofs, messages of Zoom, time passing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import Count, Q, QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts import (
    emails,
    endpoint_health,
    machinery_data,
    manifest,
    notices,
    notifications,
    outbound,
    personal_data,
    preferences,
    privacy,
    sessions,
    sign_in,
    token_scopes,
    zoom_connections,
)
from accounts.models import (
    AccountToken,
    Membership,
    Notification,
    OAuthFlow,
    SignInChallenge,
    User,
    UserSession,
    WebhookDelivery,
    WebhookEndpoint,
)
from accounts.signals import email_verified, membership_changed
from accounts.webhooks import forget, publish, register_type
from common import mail, metrics, retention, scopes
from integrations import status, webhooks
from integrations.models import InboundWebhook
from integrations.zoom import oauth, payloads

mail.gate(preferences.objection)
manifest.feature("can_create_organization", manifest.may_create_organization)
for _name, _about in notices.TYPES.items():
    notifications.register_type(_name, _about)
for _name, (_about, _example) in outbound.TYPES.items():
    register_type(_name, description=_about, example=_example)
scopes.offer(token_scopes.RESOURCES)
# Lowest first: erasing goes the other way.
privacy.collects("common")(machinery_data.collect)
privacy.erases("common")(machinery_data.erase)
privacy.erases("integrations")(machinery_data.erase_messages)
privacy.collects("accounts")(personal_data.collect)
privacy.erases("accounts")(personal_data.erase)


@receiver(email_verified)
def greet(user: User, **_: Any) -> None:
    emails.welcome(user, open_sessions=sessions.open_of(user, now=timezone.now()))


@receiver(membership_changed)
def notice_membership(membership: Membership, **_: Any) -> None:
    notices.membership_changed(membership)


@receiver(membership_changed)
def publish_membership(membership: Membership, **_: Any) -> None:
    publish(
        "member.changed",
        owner=None,
        organization=membership.organization_id,
        object=lambda: outbound.membership(membership),
    )


@receiver(user_logged_in)
def keep_browser_session(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.end_browser(request.session.session_key)
    request.session.cycle_key()
    sign_in.open_in_browser(user, str(request.session.session_key), now=timezone.now())


@receiver(user_logged_out)
def end_browser_session(request: HttpRequest, **_: Any) -> None:
    sessions.end_browser(request.session.session_key)


@webhooks.handles("zoom", "app_deauthorized")
def drop_zoom_connection(webhook: InboundWebhook) -> webhooks.Skip | None:
    known = zoom_connections.drop(payloads.deauthorization(webhooks.payload_of(webhook)))
    return None if known else webhooks.Skip("unknown connection")


@retention.rule("sessions", days=30)
def old_sessions(cutoff: datetime) -> QuerySet[UserSession]:
    return UserSession.objects.filter(Q(ended_at__lt=cutoff) | Q(expires_at__lt=cutoff))


@retention.rule("account_tokens", days=7)
def old_account_tokens(cutoff: datetime) -> QuerySet[AccountToken]:
    return AccountToken.objects.filter(expires_at__lt=cutoff)


@retention.rule("sign_in_challenges", days=1)
def old_sign_in_challenges(cutoff: datetime) -> QuerySet[SignInChallenge]:
    return SignInChallenge.objects.filter(expires_at__lt=cutoff)


@retention.rule("oauth_flows", days=7)
def old_oauth_flows(cutoff: datetime) -> QuerySet[OAuthFlow]:
    return OAuthFlow.objects.filter(expires_at__lt=cutoff)


@retention.rule("notifications", days=365)
def old_notifications(cutoff: datetime) -> QuerySet[Notification]:
    return Notification.objects.filter(created_at__lt=cutoff)


@receiver([post_save, post_delete], sender=WebhookEndpoint)
def ask_anew_who_listens(**_: Any) -> None:
    forget()


@retention.rule("webhook_deliveries", days=30)
def old_deliveries(cutoff: datetime) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(created_at__lt=cutoff)


@metrics.gauge("webhook_deliveries", "Messages to integrators, by status.")
def count_deliveries(_now: datetime) -> Iterator[metrics.Sample]:
    for row in WebhookDelivery.objects.order_by().values("status").annotate(n=Count("id")):
        yield {"status": row["status"]}, row["n"]


def _zoom(user: Any, _organization: Any) -> status.Condition:
    found = zoom_connections.condition(user)
    detail = "Zoom works." if found.is_healthy else "Zoom must be connected."
    return status.Condition(
        configured=oauth.is_configured(), healthy=found.is_healthy, detail=detail
    )


status.register("zoom", _zoom)
status.register("outbound", endpoint_health.condition)
