"""What billing tells integrators: the types, and what their objects say."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from accounts.webhooks import Content, publish, thing
from billing.models import Subscription

SAMPLE: Final = "6b5a4938-2716-4053-94e3-d2c1b0a9f8e7"
TYPES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "subscription.changed": (
        "Your subscription began, changed or ended.",
        {
            "object": "subscription",
            "uuid": SAMPLE,
            "url": "https://api.example.org/api/v1/billing/subscription/",
            "status": "active",
            "plan": "professional",
        },
    ),
}


def about_subscription(subscription: Subscription) -> Content:
    """Return what is said of a subscription."""
    organization = subscription.account.organization
    query = f"?organization={organization.uuid}" if organization else ""
    return thing(
        "subscription",
        subscription,
        f"billing/subscription/{query}",
        status=subscription.status,
        plan=subscription.plan.code,
    )


def tell_of_subscription(event_type: str, *, subscription: Subscription, **_: Any) -> None:
    """Tell those who listen to the account that pays."""
    account = subscription.account
    publish(
        event_type,
        owner=account.user_id,
        organization=account.organization_id,
        object=partial(about_subscription, subscription),
    )
