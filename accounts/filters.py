"""Narrowing of lists of people, organizations, invitations and audit entries."""

from typing import Any, cast

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import (
    ApiToken,
    Membership,
    MembershipInvitation,
    Notification,
    Organization,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from common.filters import BaseFilter, BooleanFilter
from common.models import AuditEntry

STATUSES = [(status.value, status.value) for status in MembershipInvitation.Status]


class OrganizationFilter(BaseFilter):
    """By what every list understands."""

    class Meta:
        model = Organization
        fields = ()


class StaffOrganizationFilter(BaseFilter):
    """By how the platform judged them."""

    class Meta:
        model = Organization
        fields = ("is_verified", "is_active", "is_public")


class StaffUserFilter(BaseFilter):
    """By the state of the account."""

    class Meta:
        model = User
        fields = ("account_type", "is_active", "email_verified")


class MembershipFilter(BaseFilter):
    """By role."""

    class Meta:
        model = Membership
        fields = ("role",)


class MembershipInvitationFilter(BaseFilter):
    """By what became of them."""

    status = django_filters.ChoiceFilter(choices=STATUSES, method="of_status")

    class Meta:
        model = MembershipInvitation
        fields = ("role",)

    @staticmethod
    def of_status(queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Keep those of which this became by now."""
        return cast("QuerySet[Any]", cast("Any", queryset).with_status(value, timezone.now()))


class AuditLineFilter(BaseFilter):
    """By what was done and who did it."""

    actor = django_filters.UUIDFilter("actor_uuid", label="Who did it.")

    class Meta:
        model = AuditEntry
        fields = ("action",)


class ApiTokenFilter(BaseFilter):
    """By the organization in which they act."""

    organization = django_filters.UUIDFilter("organization__uuid", label="The organization.")

    class Meta(BaseFilter.Meta):
        model = ApiToken
        fields = ("organization",)


class NotificationFilter(BaseFilter):
    """By kind, by the event it is about, and by whether it was read."""

    is_read = BooleanFilter("read_at", "isnull", exclude=True, label="Read already, or not yet.")
    event = django_filters.UUIDFilter("event_uuid", label="Notices about this event.")

    class Meta:
        model = Notification
        fields = ("notification_type",)


class WebhookEndpointFilter(BaseFilter):
    """By organization and whether they are told anything."""

    organization = django_filters.UUIDFilter("organization__uuid")

    class Meta:
        model = WebhookEndpoint
        fields = ("is_active", "disabled_reason")


class WebhookDeliveryFilter(BaseFilter):
    """By type and what became of them."""

    class Meta:
        model = WebhookDelivery
        fields = ("status", "type")
