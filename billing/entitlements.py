"""Who pays for an activity, whether they may act, and how much their plan allows."""

import calendar
from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from django.db import models
from django.utils import timezone

from accounts.models import Membership, Organization, User
from billing.models import (
    BillingAccount,
    Limit,
    Plan,
    Subscription,
    SubscriptionChange,
    UsageCounter,
)
from common.exceptions import LimitReached, NotAllowed

__all__ = [
    "Limit",
    "SubscriptionRequired",
    "account_for",
    "consume",
    "limit",
    "limits",
    "remaining",
    "require",
    "require_active",
    "usage",
]

# The ids of an event's owner and of its organization, if it has one.
Payer: TypeAlias = tuple[int, int | None]
MONTHLY = frozenset(
    {
        Limit.EVENTS_PER_MONTH,
        Limit.COURSES_PER_MONTH,
        Limit.CERTIFICATES_PER_MONTH,
        Limit.INVITATIONS_PER_MONTH,
    }
)


class SubscriptionRequired(NotAllowed):
    """Only an account with full or grace access may create, publish and issue."""

    message: ClassVar[str] = "Active subscription required."


def account_for(*, owner: User, organization: Organization | None = None) -> BillingAccount:
    """Return the paying account: the organization's if subscribed, else its owner's.

    Its subscription comes along.
    """
    if organization is None:
        return _account_of(user=owner)
    accounts = BillingAccount.objects.select_related("subscription__plan")
    own = accounts.filter(organization=organization, subscription__isnull=False)
    heads = Membership.objects.filter(
        organization=organization, role=Membership.Role.OWNER, ended_at=None
    )
    payers = own.exclude(subscription__status=Subscription.Status.CANCELED).union(
        accounts.filter(user__in=heads.values("user")), all=True
    )
    found = sorted(payers, key=lambda account: account.organization_id is None)
    if found:
        return found[0]
    head = heads.select_related("user").first()
    return _account_of(user=head.user if head else owner)


def require_active(account: BillingAccount) -> Subscription:
    """Return the subscription, or refuse: no active, trialing or grace access."""
    subscription = _subscription_of(account)
    if subscription is None or subscription.access(timezone.now()) == Subscription.Access.READ_ONLY:
        status = subscription.status if subscription else None
        raise SubscriptionRequired(details={"reason": "subscription_required", "status": status})
    return subscription


def limit(account: BillingAccount, which: Limit) -> int | None:
    """Return the number in force, None for unlimited.

    For a canceled account it is that of its last plan, because running events go on.
    """
    subscription = _subscription_of(account)
    if subscription is None:
        return 0
    return _limit_of(subscription, which)


def limit_for(*, owner: User, organization: Organization | None, which: Limit) -> int | None:
    """Return the same for whoever pays, in one query where there is a personal account."""
    account = account_for(owner=owner, organization=organization)
    subscription: Subscription | None = getattr(account, "subscription", None)
    return _limit_of(subscription, which) if subscription else 0


def limits(payers: Collection[Payer], which: Limit) -> dict[Payer, int | None]:
    """Return the number in force for the payer of each owner and organization, in five queries.

    The payers are those that `account_for` names; a read makes no account.
    """
    places = {organization for _, organization in payers if organization is not None}
    held = Subscription.objects.select_related("plan", "account")
    running = held.exclude(status=Subscription.Status.CANCELED)
    subscribed = {
        each.account.organization_id: each
        for each in (running.filter(account__organization__in=places) if places else ())
    }
    bare = Membership.objects.filter(
        organization__in=places - subscribed.keys(), role=Membership.Role.OWNER, ended_at=None
    )
    heads = dict(bare.values_list("organization", "user")) if places else {}
    person = {(owner, place): heads.get(place or 0, owner) for owner, place in payers}
    own = {each.account.user_id: each for each in held.filter(account__user__in={*person.values()})}
    found = {payer: subscribed.get(payer[1]) or own.get(person[payer]) for payer in payers}
    former = _former_plans([each for each in found.values() if each])
    return {
        payer: _limit_under(each, former.get(each.pk, each.plan), which) if each else 0
        for payer, each in found.items()
    }


def require(account: BillingAccount, which: Limit, *, used: int, adding: int = 1) -> None:
    """Refuse what would go beyond a standing limit; the caller counts."""
    subscription = _subscription_of(account)
    allowed = _limit_of(subscription, which) if subscription else 0
    if allowed is not None and used + adding > allowed:
        plan = subscription.plan.code if subscription else None
        raise LimitReached(details=_facts(which, allowed, used, adding, plan))


def consume(account: BillingAccount, which: Limit, *, amount: int = 1) -> None:
    """Count against a monthly limit in the caller's transaction, or refuse all of it.

    Locks the subscription row: by the product's lock order the last lock of a transaction.
    """
    subscription = (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plan")
        .filter(account=account)
        .first()
    )
    if subscription is None:
        raise LimitReached(details=_facts(which, 0, 0, amount, None))
    start = window_start(subscription.usage_anchor_at, timezone.now())
    window = {"subscription": subscription, "limit": which, "window_start": start}
    counter = UsageCounter.objects.filter(**window).first() or UsageCounter(**window)
    allowed = _limit_of(subscription, which)
    if allowed is not None and counter.used + amount > allowed:
        raise LimitReached(
            details=_facts(which, allowed, counter.used, amount, subscription.plan.code)
        )
    # Nobody else writes it meanwhile: the subscription is locked.
    counter.used += amount
    counter.save()


def remaining(account: BillingAccount, which: Limit) -> int | None:
    """Return what is left of a monthly limit in the running window, None for unlimited."""
    subscription = _subscription_of(account)
    if subscription is None:
        return 0
    allowed = _limit_of(subscription, which)
    if allowed is None:
        return None
    start = window_start(subscription.usage_anchor_at, timezone.now())
    used = (
        UsageCounter.objects.filter(subscription=subscription, limit=which, window_start=start)
        .values_list("used", flat=True)
        .first()
    )
    return max(0, allowed - (used or 0))


def usage(account: BillingAccount) -> dict[str, dict[str, int | None]]:
    """Return for each monthly limit what the running window has used, and its maximum.

    Nothing where nothing is subscribed; a maximum of None is unlimited.
    """
    subscription = _subscription_of(account)
    if subscription is None:
        return {}
    start = window_start(subscription.usage_anchor_at, timezone.now())
    counters = UsageCounter.objects.filter(subscription=subscription, window_start=start)
    used = dict(counters.values_list("limit", "used"))
    return {
        which.value: {"used": used.get(which.value, 0), "max": _limit_of(subscription, which)}
        for which in Limit
        if which in MONTHLY
    }


def window_start(anchor: datetime, now: datetime) -> datetime:
    """Return the start of the month, counted from ``anchor``, that ``now`` lies in.

    Days are clamped: an anchor on the 31st starts windows on the 28th of February.
    """
    months = (now.year - anchor.year) * 12 + now.month - anchor.month
    start = _months_after(anchor, months)
    return start if start <= now else _months_after(anchor, months - 1)


def _months_after(anchor: datetime, months: int) -> datetime:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def _limit_of(subscription: Subscription, which: Limit) -> int | None:
    return _limit_under(subscription, _plan_in_force(subscription), which)


def _limit_under(subscription: Subscription, plan: Plan, which: Limit) -> int | None:
    override = subscription.limits_override or {}
    if which.value in override:
        number: int | None = override[which.value]
        return number
    return plan.limit(which)


def _former_plans(subscriptions: Collection[Subscription]) -> dict[int, Plan]:
    """Return by subscription the plan that a canceled one had last."""
    canceled = [each.pk for each in subscriptions if each.status == Subscription.Status.CANCELED]
    changes = SubscriptionChange.objects.select_related("from_plan").filter(
        subscription__in=canceled,
        kind=SubscriptionChange.Kind.CANCELED,
        from_plan__isnull=False,
    )
    plans: dict[int, Plan] = {}
    for change in changes if canceled else ():
        if change.from_plan:
            plans.setdefault(change.subscription_id, change.from_plan)
    return plans


def _plan_in_force(subscription: Subscription) -> Plan:
    if subscription.status != Subscription.Status.CANCELED:
        return subscription.plan
    change = (
        subscription.changes.select_related("from_plan")
        .filter(kind=SubscriptionChange.Kind.CANCELED, from_plan__isnull=False)
        .first()
    )
    return change.from_plan if change and change.from_plan else subscription.plan


def _subscription_of(account: BillingAccount) -> Subscription | None:
    return Subscription.objects.select_related("plan").filter(account=account).first()


def _account_of(*, user: User) -> BillingAccount:
    accounts = BillingAccount.objects.select_related("subscription__plan")
    account, _ = accounts.get_or_create(
        user=user, defaults={"legal_name": user.full_name, "billing_email": user.email}
    )
    return account


def _facts(
    which: models.TextChoices, allowed: int, used: int, requested: int, plan: str | None
) -> dict[str, Any]:
    return {
        "limit": which.value,
        "max": allowed,
        "used": used,
        "requested": requested,
        "plan": plan,
    }
