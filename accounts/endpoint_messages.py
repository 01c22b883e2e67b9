"""The mails and notices about webhook endpoints, to whoever keeps them."""

from typing import Any

from django.conf import settings

from accounts.models import User, WebhookEndpoint
from accounts.notifications import notify
from common import mail

Category = mail.Category
SETTINGS_PATH = "/settings/webhook-endpoints"


def failing(endpoint: WebhookEndpoint) -> None:
    """Say that nothing has arrived for a day, and what will happen."""
    for user in keepers(endpoint):
        _send("webhook_endpoint_failing", endpoint, user, Category.ACCOUNT)


def disabled(endpoint: WebhookEndpoint) -> None:
    """Say that we stopped sending, and why."""
    for user in keepers(endpoint):
        _send("webhook_endpoint_disabled", endpoint, user, Category.ACCOUNT)
        notify(
            user,
            "webhook_endpoint_disabled",
            title="A webhook endpoint was disabled.",
            message=f"We no longer send to {endpoint.url}.",
            action_url=SETTINGS_PATH,
            metadata={"endpoint": str(endpoint.uuid), "reason": endpoint.disabled_reason},
        )


def secret_rotated(endpoint: WebhookEndpoint) -> None:
    """Say that there is a new secret, and how long the old one still signs; never the secret."""
    for user in keepers(endpoint):
        _send("webhook_secret_rotated", endpoint, user, Category.SECURITY)


def keepers(endpoint: WebhookEndpoint) -> list[User]:
    """Return the endpoint's owner, or the owner and the admins of its organization."""
    if endpoint.organization is None:
        return [endpoint.user]
    office = endpoint.organization.memberships.filter(role__in=["owner", "admin"], ended_at=None)
    return [each.user for each in office.select_related("user").order_by("pk")]


def _send(kind: str, endpoint: WebhookEndpoint, user: User, category: str) -> None:
    organization = endpoint.organization
    context: dict[str, Any] = {
        "name": user.full_name,
        "url": endpoint.url,
        "organization": organization.name if organization else "",
        "failing_since": endpoint.failing_since,
        "is_gone": endpoint.disabled_reason == WebhookEndpoint.DisabledReason.GONE,
        "previous_until": endpoint.previous_secret_until,
        "settings_url": f"{settings.FRONTEND_URL}{SETTINGS_PATH}",
    }
    mail.send(
        kind,
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=category,
        context=context,
        envelope=mail.Envelope(
            about=endpoint, organization_uuid=organization.uuid if organization else None
        ),
    )
