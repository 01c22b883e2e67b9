"""Narrowing the ledger."""

import django_filters

from common.filters import BaseFilter
from learning.credits.models import CreditAward, CreditDecision


class CreditAwardFilter(BaseFilter):
    """Filters of somebody's own rows."""

    credit_type = django_filters.CharFilter(lookup_expr="iexact")
    scheme = django_filters.CharFilter("scheme_version__scheme__code", lookup_expr="iexact")
    category = django_filters.CharFilter("category__code", lookup_expr="iexact")
    kind = django_filters.ChoiceFilter(choices=CreditAward.Kind.choices)
    source = django_filters.ChoiceFilter(choices=CreditAward.Source.choices)
    role = django_filters.CharFilter()
    date_from = django_filters.DateFilter("activity_date", lookup_expr="gte")
    date_to = django_filters.DateFilter("activity_date", lookup_expr="lte")

    class Meta(BaseFilter.Meta):
        model = CreditAward


class EventCreditFilter(BaseFilter):
    """Filters of what an event's people earned."""

    scheme = django_filters.CharFilter("scheme_version__scheme__code", lookup_expr="iexact")
    role = django_filters.CharFilter()
    outcome = django_filters.ChoiceFilter(choices=CreditDecision.Outcome.choices)

    class Meta(BaseFilter.Meta):
        model = CreditDecision
