"""Plans for everybody, the subscription for those who pay."""

from typing import Any

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from accounts.models import Organization, User
from accounts.roles import Capability
from billing.models import Plan, PlanPrice, Subscription
from billing.serializers import (
    NoSubscriptionSerializer,
    PlanSerializer,
    SubscriptionQuerySerializer,
    SubscriptionSerializer,
)
from common import scopes
from common.dispatch import BaseView
from common.exceptions import NotAllowed
from common.viewsets import PublicListMixin, PublicViewSet, RetrieveMixin

ACTIVE_PRICES = Prefetch("prices", queryset=PlanPrice.objects.filter(is_active=True))
SUBSCRIPTION_OR_NONE = PolymorphicProxySerializer(
    component_name="SubscriptionOrNone",
    serializers=[SubscriptionSerializer, NoSubscriptionSerializer],
    resource_type_field_name=None,
)


@extend_schema(
    tags=["billing"],
    parameters=[OpenApiParameter("currency", str, description="Currency of the two prices.")],
)
class PlanViewSet(PublicListMixin[Plan], RetrieveMixin[Plan], PublicViewSet[Plan]):
    """The plans on offer, cheapest rank first."""

    queryset = Plan.objects.filter(is_active=True, is_public=True).prefetch_related(ACTIVE_PRICES)
    serializer_class = PlanSerializer
    ordering = ("rank",)

    def get_serializer_context(self) -> dict[str, Any]:
        currency = self.request.query_params.get("currency", "") if self.request else ""
        return {**super().get_serializer_context(), "currency": currency.upper()}


@extend_schema(tags=["billing"])
class SubscriptionView(BaseView):
    """What the account is subscribed to, and what it may do now."""

    resource = "billing"
    request: Request

    @extend_schema(
        operation_id="billing_subscription_retrieve",
        summary="Show the subscription",
        parameters=[SubscriptionQuerySerializer],
        responses={200: SUBSCRIPTION_OR_NONE},
    )
    def get(self, request: Request) -> Response:
        query = SubscriptionQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        holder = self._holder(query.validated_data.get("organization"))
        subscription = (
            Subscription.objects.select_related("plan", "pending_plan", "pending_price")
            .prefetch_related(Prefetch("plan__prices", PlanPrice.objects.filter(is_active=True)))
            .filter(**holder)
            .first()
        )
        shape = (
            SubscriptionSerializer(subscription).data if subscription else {"subscription": None}
        )
        return Response(shape)

    def _holder(self, organization_uuid: Any) -> dict[str, User | Organization]:
        user: Any = self.request.user
        if organization_uuid is None:
            scopes.require_personal(self.request.auth)
            return {"account__user": user}
        reach = roles.reach(user)
        seen = Organization.objects.filter(
            pk__in=reach.organizations_with(Capability.ORGANIZATION_VIEW)
        )
        organization = get_object_or_404(seen, uuid=organization_uuid)
        if organization.pk not in reach.organizations_with(Capability.STATISTICS_VIEW):
            raise NotAllowed
        return {"account__organization": organization}
