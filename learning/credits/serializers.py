"""Shapes of the credit ledger."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.serializers import ModelSerializer, Serializer
from learning.credits.models import CreditAward, CreditDecision


class CreditAmountField(serializers.DecimalField):
    """An amount of credit: two places where that is exact, else six."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(**kwargs)

    def to_representation(self, value: Any) -> str:
        amount = Decimal(value).quantize(Decimal("0.000001"))
        cents = amount.quantize(Decimal("0.01"))
        return f"{cents if cents == amount else amount:f}"


class CreditReasonSerializer(Serializer):
    """One rule behind a decision: what it needs, what there was, and the verdict."""

    code = serializers.CharField(read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # the rule's field
    need = serializers.JSONField(read_only=True)
    have = serializers.JSONField(read_only=True)
    unit = serializers.CharField(read_only=True)
    verdict = serializers.CharField(read_only=True)


class CreditAwardSummarySerializer(ModelSerializer[CreditAward]):
    """One row of the ledger with its account's balance after it."""

    value = CreditAmountField(read_only=True)
    balance_after = CreditAmountField(read_only=True)
    scheme = serializers.CharField(source="scheme_version.scheme.code", read_only=True)
    category = serializers.CharField(source="category.code", read_only=True, default=None)
    event = serializers.SerializerMethodField()

    class Meta:
        model = CreditAward
        fields = [
            "uuid",
            "posting",
            "kind",
            "value",
            "balance_after",
            "credit_type",
            "scheme",
            "category",
            "role",
            "source",
            "delivery_method",
            "activity_title",
            "activity_number",
            "activity_date",
            "provider_name",
            "provider_number",
            "holder_name",
            "event",
            "reason",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_event(self, award: CreditAward) -> str | None:
        return str(award.registration.event.uuid) if award.registration else None


class CreditAwardSerializer(CreditAwardSummarySerializer):
    """The same with the reasons of the decision behind it."""

    reasons = serializers.SerializerMethodField()

    class Meta(CreditAwardSummarySerializer.Meta):
        fields = [*CreditAwardSummarySerializer.Meta.fields, "reasons"]
        read_only_fields = fields

    @extend_schema_field(CreditReasonSerializer(many=True))
    def get_reasons(self, award: CreditAward) -> list[dict[str, Any]]:
        return list(award.decision.reasons) if award.decision else []


class CreditSummaryRowSerializer(Serializer):
    """What somebody holds of one credit type under one scheme."""

    credit_type = serializers.CharField(read_only=True)
    scheme = serializers.CharField(read_only=True)
    awarded = CreditAmountField(read_only=True)
    adjusted = CreditAmountField(read_only=True)
    revoked = CreditAmountField(read_only=True)
    total = CreditAmountField(read_only=True)
    first_date = serializers.DateField(read_only=True)
    last_date = serializers.DateField(read_only=True)


class CreditSummarySerializer(Serializer):
    """Totals by credit type and scheme."""

    results = CreditSummaryRowSerializer(many=True, read_only=True)


class EventCreditSerializer(ModelSerializer[CreditDecision]):
    """What one person earned at an event, and why."""

    registration_uuid = serializers.UUIDField(source="registration.uuid", read_only=True)
    holder_name = serializers.CharField(source="registration.full_name", read_only=True)
    scheme = serializers.CharField(source="scheme_version.scheme.code", read_only=True)
    credit_type = serializers.CharField(source="activity_credit.credit_type", read_only=True)
    value = CreditAmountField(read_only=True)
    reasons = CreditReasonSerializer(many=True, read_only=True)
    decided_at = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = CreditDecision
        fields = [
            "uuid",
            "registration_uuid",
            "holder_name",
            "scheme",
            "credit_type",
            "role",
            "outcome",
            "held_reason",
            "value",
            "seconds",
            "presence_percent",
            "reasons",
            "reason",
            "decided_at",
        ]
        read_only_fields = fields
