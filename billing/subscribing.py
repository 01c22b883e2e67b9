"""The life of a subscription: trial, its end, and what follows."""

import copy
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from billing import emails, signals
from billing.models import BillingAccount, Plan, Subscription, SubscriptionChange
from common import audit

Status = Subscription.Status
Kind = SubscriptionChange.Kind
REMIND_DAYS_BEFORE = 3
BATCH = 200


@transaction.atomic
def start_trial(user: User) -> Subscription | None:
    """Start the one trial a user gets; a user who had it keeps what there is."""
    account, _ = BillingAccount.objects.select_for_update(no_key=True).get_or_create(
        user=user, defaults={"legal_name": user.full_name, "billing_email": user.email}
    )
    if account.trial_used_at is not None:
        return Subscription.objects.filter(account=account).first()
    now = timezone.now()
    account.trial_used_at = now
    account.save(update_fields=["trial_used_at"])
    subscription = Subscription.objects.create(
        account=account,
        plan=Plan.objects.get(code="trial"),
        status=Status.TRIALING,
        source=Subscription.Source.TRIAL,
        trial_start=now,
        trial_end=now + timedelta(days=settings.TRIAL_DAYS),
        usage_anchor_at=now,
    )
    subscription.log(Kind.TRIAL_STARTED, before=None, by=user)
    audit.record("subscription.trial_started", target=subscription, by=user, owner=user)
    emails.trial_started(subscription, user)
    signals.subscription_changed.send(sender=Subscription, subscription=subscription)
    return subscription


@transaction.atomic
def end(user: User) -> bool:
    """End the user's own subscription at once; False when there is none that runs."""
    subscription = Subscription.objects.filter(account__user=user).first()
    if subscription is None:
        return False
    subscription = _locked(subscription.pk)
    return subscription.status != Status.CANCELED and _become_free(subscription)


def expire_trials(now: datetime) -> int:
    """Pause trials that are over and end pauses that lasted too long; return how many moved."""
    over = Subscription.objects.filter(
        status=Status.TRIALING, source=Subscription.Source.TRIAL, trial_end__lte=now
    )
    paused_too_long = Subscription.objects.filter(
        status=Status.PAUSED, trial_end__lte=now - timedelta(days=settings.TRIAL_PAUSE_DAYS)
    )
    moved = sum(_end_trial(pk, now) for pk in _batch(over))
    return moved + sum(_cancel(pk) for pk in _batch(paused_too_long))


def remind_trials(now: datetime) -> None:
    """Tell people that their trial ends within three days; once per trial."""
    soon = Subscription.objects.filter(
        status=Status.TRIALING,
        source=Subscription.Source.TRIAL,
        trial_end__gt=now,
        trial_end__lte=now + timedelta(days=REMIND_DAYS_BEFORE),
        account__user__isnull=False,
    ).select_related("account__user")
    for subscription in soon.order_by("id")[:BATCH]:
        emails.trial_ending(subscription)


@transaction.atomic
def _end_trial(pk: int, now: datetime) -> bool:
    subscription = _locked(pk)
    if subscription.status != Status.TRIALING or not subscription.trial_end:
        return False
    if subscription.trial_end > now:
        return False
    if subscription.cancel_at_period_end:
        return _become_free(subscription)
    before = copy.copy(subscription)
    subscription.status = Status.PAUSED
    subscription.save(update_fields=["status"])
    subscription.log(Kind.PAUSED, before=before)
    emails.trial_ended(subscription)
    signals.subscription_changed.send(sender=Subscription, subscription=subscription)
    return True


@transaction.atomic
def _cancel(pk: int) -> bool:
    subscription = _locked(pk)
    return subscription.status == Status.PAUSED and _become_free(subscription)


def _become_free(subscription: Subscription) -> bool:
    before = copy.copy(subscription)
    subscription.status = Status.CANCELED
    subscription.plan = Plan.objects.get(code="free")
    subscription.canceled_at = subscription.ended_at = timezone.now()
    subscription.save(update_fields=["status", "plan", "canceled_at", "ended_at"])
    subscription.log(Kind.CANCELED, before=before)
    emails.subscription_ended(subscription)
    signals.subscription_changed.send(sender=Subscription, subscription=subscription)
    return True


def _locked(pk: int) -> Subscription:
    return (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plan", "account__user", "account__organization")
        .get(pk=pk)
    )


def _batch(rows: QuerySet[Subscription]) -> list[int]:
    return list(rows.order_by("id").values_list("pk", flat=True)[:BATCH])
