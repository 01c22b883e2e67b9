"""Narrowing of certificate lists."""

import django_filters
from django.db.models import QuerySet

from certificates.models import Certificate
from common.filters import BaseFilter, BooleanFilter, ChoiceListFilter, TimeFilter


class CertificateFilter(BaseFilter):
    """What managers and holders both narrow by."""

    status = ChoiceListFilter("status", choices=Certificate.Status.choices)
    cpd_type = django_filters.CharFilter("cpd_type")
    issued_after = TimeFilter("issued_at", lookup_expr="gte")
    issued_before = TimeFilter("issued_at", lookup_expr="lte")


class EventCertificateFilter(CertificateFilter):
    """Certificates of one event."""

    needs_review = BooleanFilter(method="by_review")
    pdf_status = ChoiceListFilter("pdf_status", choices=Certificate.PdfStatus.choices)
    template = django_filters.UUIDFilter("template__uuid")

    class Meta(BaseFilter.Meta):
        model = Certificate

    @staticmethod
    def by_review(
        queryset: QuerySet[Certificate], _name: str, value: bool
    ) -> QuerySet[Certificate]:
        """Keep those with doubts, or those without."""
        return queryset.exclude(review_codes=[]) if value else queryset.filter(review_codes=[])


class MyCertificateFilter(CertificateFilter):
    """Certificates of one person."""

    event = django_filters.UUIDFilter("registration__event__uuid")
    is_downloaded = BooleanFilter("downloaded_at", lookup_expr="isnull", exclude=True)
    expires_before = django_filters.DateFilter("expires_on", lookup_expr="lt")

    class Meta(BaseFilter.Meta):
        model = Certificate
