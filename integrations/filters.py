"""Narrowing the inbox."""

import django_filters

from common.filters import BaseFilter, DayFilter
from integrations.models import InboundWebhook


class InboundWebhookFilter(BaseFilter):
    """Filters of stored messages."""

    provider = django_filters.ChoiceFilter(choices=InboundWebhook.Provider.choices)
    status = django_filters.ChoiceFilter(choices=InboundWebhook.Status.choices)
    event_type = django_filters.CharFilter()
    subject_ref = django_filters.CharFilter()
    from_date = DayFilter("received_at", label="Received on this day (UTC) or later.")
    to_date = DayFilter("received_at", day_expr="lte", label="Received on this day or earlier.")

    class Meta(BaseFilter.Meta):
        model = InboundWebhook
