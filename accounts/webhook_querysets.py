"""Which webhook endpoints and deliveries may be reached."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from accounts import roles
from accounts.roles import Capability

if TYPE_CHECKING:
    from accounts.models import Organization, User, WebhookDelivery, WebhookEndpoint


def _kept_by(user: "User", capability: str, endpoint: str = "") -> Q:
    """Return the user's own, and the organizations'; no power of the platform reaches secrets."""
    reach = roles.reach(user)
    kept = Q(**{f"{endpoint}organization__in": reach.organizations_with(capability)})
    if reach.personal:
        kept |= Q(**{f"{endpoint}user": user, f"{endpoint}organization": None})
    return kept


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Addresses of integrators."""

    def visible_to(self, user: "User") -> Self:
        """Keep the user's own, and those of organizations whose endpoints the user keeps."""
        return self.managed_by(user)

    def managed_by(self, user: "User", capability: str = Capability.DEVELOPER_MANAGE) -> Self:
        """Keep those the user may change."""
        return self.filter(_kept_by(user, capability))

    def of(self, *, owner: "User | int | None", organization: "Organization | int | None") -> Self:
        """Keep those of the organization, or the owner's personal ones where there is none.

        Whoever was deactivated is told nothing.
        """
        if organization is not None:
            return self.filter(organization=organization, organization__is_active=True)
        return self.filter(user=owner, organization=None, user__is_active=True)


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Messages to endpoints."""

    def visible_to(self, user: "User") -> Self:
        """Keep those to endpoints that the user keeps."""
        return self.managed_by(user)

    def managed_by(self, user: "User", capability: str = Capability.DEVELOPER_MANAGE) -> Self:
        """Keep those to endpoints that the user may change."""
        return self.filter(_kept_by(user, capability, "endpoint__"))

    def due(self, now: datetime) -> Self:
        """Keep those whose time has come and that nobody is sending."""
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.filter(free, status="pending", next_attempt_at__lte=now)

    def in_flight(self, now: datetime) -> Self:
        """Keep those that somebody is sending."""
        return self.filter(status="pending", lease_until__gt=now)

    def first_of_each_endpoint(self, count: int) -> Self:
        """Keep so many per endpoint, the longest due first: a long queue holds up no other."""
        order = (F("next_attempt_at").asc(), F("id").asc())
        place = Window(RowNumber(), partition_by="endpoint_id", order_by=order)
        return self.annotate(place=place).filter(place__lte=count)
