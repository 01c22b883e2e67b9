"""The messages billing sends; delivery is the mail queue's."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from accounts import notifications
from accounts.models import User
from billing.models import Subscription
from common import mail

NOTICES: Final[Mapping[str, str]] = {
    "trial_started": "Your trial has started.",
    "trial_ending": "Your trial ends soon.",
    "trial_ended": "Your trial is over.",
    "subscription_ended": "Your subscription has ended.",
}


def trial_started(subscription: Subscription, user: User) -> None:
    """Welcome a new organizer to the trial."""
    _send("trial_started", subscription, user, occasion=f"{subscription.uuid}")


def trial_ending(subscription: Subscription) -> None:
    """Say that the trial ends soon."""
    ends_on = subscription.trial_end.date() if subscription.trial_end else ""
    _to_holder("trial_ending", subscription, occasion=f"{subscription.uuid}:{ends_on}")


def trial_ended(subscription: Subscription) -> None:
    """Say that the trial is over and what still works."""
    _to_holder("trial_ended", subscription, occasion=f"{subscription.uuid}")


def subscription_ended(subscription: Subscription) -> None:
    """Say that the account is on the free plan now."""
    ended_at = subscription.ended_at.isoformat() if subscription.ended_at else ""
    _to_holder("subscription_ended", subscription, occasion=f"{subscription.uuid}:{ended_at}")


def _to_holder(kind: str, subscription: Subscription, *, occasion: str) -> None:
    if subscription.account.user is not None:
        _send(kind, subscription, subscription.account.user, occasion=occasion)


def _send(kind: str, subscription: Subscription, user: User, *, occasion: str) -> None:
    message = mail.send(
        kind,
        to=mail.Recipient(user.email, user.full_name, user.uuid),
        category=mail.Category.BILLING,
        context={
            "name": user.full_name,
            "plan": subscription.plan.name,
            "trial_end": subscription.trial_end,
            "billing_url": f"{settings.FRONTEND_URL}/settings/billing",
        },
        envelope=mail.Envelope(dedupe_key=f"{kind}:{occasion}", about=subscription),
    )
    notifications.beside(message, user, action_url="/settings/billing")
