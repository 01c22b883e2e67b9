"""What one call of register asked for."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import validators
from common.codes import short_code
from common.fields import CurrencyField, LowercaseEmailField, MinorUnitsField
from common.models import BaseModel
from events.models import Event


class Order(BaseModel):
    """One purchase, also a free one: who asked for places, and under which key."""

    LIMIT = 10  # registrations in one order

    reference = models.CharField(max_length=8, unique=True, default=short_code)
    buyer_email = LowercaseEmailField()
    buyer_name = models.CharField(max_length=255, validators=[validators.plain_line])
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="registration_orders",
    )
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="orders")
    amount = MinorUnitsField()
    currency = CurrencyField()
    idempotency_principal = models.CharField(max_length=120, null=True, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    idempotency_fingerprint = models.CharField(max_length=64, blank=True)

    class Meta(BaseModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_principal", "idempotency_key"],
                name="registrations_order_one_per_key",
            ),
            models.CheckConstraint(
                name="registrations_order_key_is_whole",
                condition=Q(
                    idempotency_principal=None, idempotency_key=None, idempotency_fingerprint=""
                )
                | Q(idempotency_principal__isnull=False, idempotency_key__isnull=False)
                & ~Q(idempotency_fingerprint=""),
            ),
            models.CheckConstraint(
                name="registrations_order_amount_is_not_negative", condition=Q(amount__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.reference
