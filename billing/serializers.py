"""Shapes of plans and subscriptions."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.models import Limit, Plan, PlanPrice, Subscription
from common.serializers import ModelSerializer, Serializer

PLAN = (
    "uuid",
    "code",
    "name",
    "description",
    "features",
    "price_monthly",
    "price_yearly",
    "currency",
    "prices",
    *(f"max_{limit}" for limit in Limit.values),
    "trial_days",
    "contact_sales",
    "is_active",
)

SUBSCRIPTION = (
    "uuid",
    "plan",
    "status",
    "access",
    "source",
    "billing_cycle",
    "current_period_start",
    "current_period_end",
    "trial_end",
    "days_until_renewal",
    "cancel_at_period_end",
    "canceled_at",
    "grace_ends_at",
    "pending_change",
    "created_at",
    "updated_at",
)


class PlanPriceSerializer(ModelSerializer[PlanPrice]):
    class Meta:
        model = PlanPrice
        fields = ["billing_cycle", "currency", "amount"]


class PlanSerializer(ModelSerializer[Plan]):
    """A plan with its prices; amounts in minor units, null limits are unlimited."""

    prices = serializers.SerializerMethodField()
    price_monthly = serializers.SerializerMethodField()
    price_yearly = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    trial_days = serializers.SerializerMethodField()

    class Meta:
        model = Plan
        fields = PLAN

    @extend_schema_field(PlanPriceSerializer(many=True))
    def get_prices(self, plan: Plan) -> list[dict[str, Any]]:
        active = [price for price in plan.prices.all() if price.is_active]
        return [dict(row) for row in PlanPriceSerializer(active, many=True).data]

    def get_price_monthly(self, plan: Plan) -> int | None:
        return self._amount(plan, "monthly")

    def get_price_yearly(self, plan: Plan) -> int | None:
        return self._amount(plan, "yearly")

    def get_currency(self, plan: Plan) -> str:
        currency: str = self.context.get("currency") or settings.DEFAULT_CURRENCY
        return currency

    def get_trial_days(self, plan: Plan) -> int:
        return int(settings.TRIAL_DAYS)

    def _amount(self, plan: Plan, cycle: str) -> int | None:
        wanted = (True, cycle, self.get_currency(plan))
        amounts = {
            (price.is_active, price.billing_cycle, price.currency): price.amount
            for price in plan.prices.all()
        }
        return amounts.get(wanted)


class PendingChangeSerializer(Serializer):
    plan = serializers.SlugRelatedField[Plan](
        source="pending_plan", slug_field="code", read_only=True
    )
    billing_cycle = serializers.CharField(source="pending_price.billing_cycle", read_only=True)
    at = serializers.DateTimeField(source="pending_change_at", read_only=True)


class SubscriptionSerializer(ModelSerializer[Subscription]):
    """What the account is subscribed to and what it may do now."""

    plan = PlanSerializer(read_only=True)
    access = serializers.SerializerMethodField()
    days_until_renewal = serializers.SerializerMethodField()
    pending_change = serializers.SerializerMethodField()

    class Meta:
        model = Subscription
        fields = SUBSCRIPTION
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=Subscription.Access.choices))
    def get_access(self, subscription: Subscription) -> str:
        return subscription.access(timezone.now())

    def get_days_until_renewal(self, subscription: Subscription) -> int | None:
        end = subscription.current_period_end or subscription.trial_end
        return max(0, (end - timezone.now()).days) if end else None

    @extend_schema_field(PendingChangeSerializer(allow_null=True))
    def get_pending_change(self, subscription: Subscription) -> dict[str, Any] | None:
        if subscription.pending_plan_id is None:
            return None
        return dict(PendingChangeSerializer(subscription).data)


class NoSubscriptionSerializer(Serializer):
    """The answer for an account without a subscription."""

    subscription = serializers.JSONField(allow_null=True, read_only=True, default=None)


class SubscriptionQuerySerializer(Serializer):
    """Whose subscription is asked for; without it the caller's own."""

    organization = serializers.UUIDField(required=False)
