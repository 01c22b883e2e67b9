"""Where somebody may act as an organizer now: by right, and by what is paid for."""

from collections.abc import Collection

from django.utils import timezone

from accounts.models import Membership, User
from accounts.roles import Capability, reach
from billing.models import Subscription

Status = Subscription.Status


def acts_somewhere(user: User, capability: Capability) -> bool:
    """Tell whether the person may do this in some tenant whose account is in good standing.

    In three queries, however many organizations they belong to; the accounts are those that
    `entitlements.account_for` names. Superusers act in every tenant.
    """
    held = reach(user)
    if held.sees_everything(capability):
        return True
    places = held.organizations_with(capability)
    paying = _subscriptions_of(places)
    heads = set(
        Membership.objects.filter(
            organization__in=places - paying.keys(), role=Membership.Role.OWNER, ended_at=None
        ).values_list("user", flat=True)
    )
    people = heads | {user.pk} if user.is_organizer else heads
    own = Subscription.objects.filter(account__user__in=people)
    return any(map(_is_open, [*paying.values(), *own]))


def _subscriptions_of(organizations: Collection[int]) -> dict[int | None, Subscription]:
    running = Subscription.objects.select_related("account").exclude(status=Status.CANCELED)
    return {
        each.account.organization_id: each
        for each in running.filter(account__organization__in=organizations)
    }


def _is_open(subscription: Subscription) -> bool:
    return subscription.access(timezone.now()) != Subscription.Access.READ_ONLY
