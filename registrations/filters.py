"""Narrowing of lists of registrations."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.filters import BaseFilter, BooleanFilter, ChoiceListFilter, TimeFilter
from registrations.models import Registration


class RegistrationFilter(BaseFilter):
    """What managers look for."""

    status = ChoiceListFilter(choices=Registration.Status.choices)
    payment_status = ChoiceListFilter(choices=Registration.PaymentStatus.choices)
    attended = BooleanFilter()
    attendance_eligible = BooleanFilter()
    certificate_issued = BooleanFilter("certificate_issued_at", "isnull", exclude=True)
    needs_review = BooleanFilter(method="by_review")
    registered_after = TimeFilter("created_at", lookup_expr="gte")
    registered_before = TimeFilter("created_at", lookup_expr="lte")

    class Meta:
        model = Registration
        fields = ()

    @staticmethod
    def by_review(queryset: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        fine = Q(review_codes=[])
        return queryset.filter(~fine if value else fine)


class MyRegistrationFilter(BaseFilter):
    """What registrants look for among their own."""

    status = ChoiceListFilter(choices=Registration.Status.choices)
    upcoming = BooleanFilter(method="by_time")
    event = django_filters.UUIDFilter("event__uuid")

    class Meta:
        model = Registration
        fields = ()

    @staticmethod
    def by_time(queryset: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        coming = Q(event__ends_at__gte=timezone.now())
        return queryset.filter(coming if value else ~coming)
