"""Narrowing of the lists of events."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import F, Q, QuerySet
from django.utils import timezone as clock

from common.filters import BaseFilter, BooleanFilter, ChoiceListFilter, TimeFilter
from events.models import Event, EventInvitation, EventReminder, EventSession, Speaker

ONLINE = ("online", "hybrid")
SEARCH_LENGTH = 100
NONE = "none"


class _TenantField(forms.Field):
    def to_python(self, value: Any) -> UUID | str | None:
        if value in self.empty_values or value == NONE:
            return value or None
        try:
            return UUID(value)
        except ValueError as error:
            raise FormError("Enter a uuid, or none.", code="invalid") from error


class TenantFilter(django_filters.Filter):
    """Rows of one organization, or of none."""

    field_class = _TenantField

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        if value == NONE:
            return qs.filter(organization=None)
        return qs.filter(organization__uuid=value)


def _search() -> django_filters.CharFilter:
    """Return the search by words: the last filter, it looks at what the others left."""
    return django_filters.CharFilter(method="by_words", max_length=SEARCH_LENGTH)


class CatalogueFilter(BaseFilter):
    """What both lists of events understand."""

    status = ChoiceListFilter(choices=Event.Status.choices)
    event_type = django_filters.ChoiceFilter(choices=Event.Type.choices)
    format = django_filters.ChoiceFilter(choices=Event.Format.choices)
    starts_after = TimeFilter("starts_at", lookup_expr="gte")
    starts_before = TimeFilter("starts_at", lookup_expr="lte")
    cpd_type = django_filters.CharFilter("cpd_credit_type", lookup_expr="iexact", max_length=50)
    has_capacity = BooleanFilter(method="by_capacity")
    is_online = BooleanFilter(method="by_place")
    is_free = BooleanFilter(method="by_price")
    category = django_filters.CharFilter("category__slug", max_length=90)
    tag = django_filters.CharFilter(method="by_tag", max_length=50)

    class Meta(BaseFilter.Meta):
        model = Event
        fields: ClassVar = ()

    def by_capacity(self, rows: QuerySet[Event], _name: str, wanted: bool) -> QuerySet[Event]:
        room = Q(capacity=None) | Q(capacity__gt=F("places_taken"))
        return rows.filter(room if wanted else ~room)

    def by_place(self, rows: QuerySet[Event], _name: str, wanted: bool) -> QuerySet[Event]:
        online = Q(format__in=ONLINE)
        return rows.filter(online if wanted else ~online)

    def by_price(self, rows: QuerySet[Event], _name: str, wanted: bool) -> QuerySet[Event]:
        free = Q(highest_price_amount=0)
        return rows.filter(free if wanted else ~free)

    def by_tag(self, rows: QuerySet[Event], _name: str, slug: str) -> QuerySet[Event]:
        return rows.filter(pk__in=Event.tags.through.objects.filter(tag__slug=slug).values("event"))

    def by_words(self, rows: Any, _name: str, text: str) -> Any:
        return rows.matching(text)


class EventFilter(CatalogueFilter):
    """The list of the people behind events."""

    visibility = django_filters.ChoiceFilter(choices=Event.Visibility.choices)
    organization = TenantFilter("organization", label="A uuid, or `none` for personal events.")
    search = _search()


class PublicEventFilter(CatalogueFilter):
    """The public catalogue; what is coming up unless `when` says otherwise."""

    from_date: Any = None
    to_date: Any = None
    when = django_filters.ChoiceFilter(
        choices=[(word, word) for word in ("upcoming", "live", "past", "all")], method="by_time"
    )
    organizer = django_filters.UUIDFilter(method="by_organizer")
    search = _search()

    def by_time(self, rows: Any, _name: str, when: str) -> Any:
        now = clock.now()
        if when == "upcoming":
            return rows.upcoming(now)
        if when == "live":
            return rows.running()
        return rows.past(now) if when == "past" else rows

    def by_organizer(self, rows: QuerySet[Event], _name: str, asked: UUID) -> QuerySet[Event]:
        return rows.filter(Q(organization=None, owner__uuid=asked) | Q(organization__uuid=asked))


class SpeakerFilter(BaseFilter):
    """The libraries of the caller."""

    is_active = BooleanFilter()
    organization = TenantFilter("organization", label="A uuid, or `none` for one's own library.")

    class Meta(BaseFilter.Meta):
        model = Speaker
        fields: ClassVar = ()


class EventReminderFilter(BaseFilter):
    """The reminders of one event."""

    status = ChoiceListFilter(choices=EventReminder.Status.choices)

    class Meta(BaseFilter.Meta):
        model = EventReminder
        fields: ClassVar = ()


class EventInvitationFilter(BaseFilter):
    """The invitations to one event."""

    status = ChoiceListFilter(choices=EventInvitation.Status.choices)
    response = django_filters.ChoiceFilter(choices=EventInvitation.Response.choices)
    source = django_filters.ChoiceFilter(choices=EventInvitation.Source.choices)

    class Meta(BaseFilter.Meta):
        model = EventInvitation
        fields: ClassVar = ()


class EventSessionFilter(BaseFilter):
    """The sessions of one event."""

    status = ChoiceListFilter(choices=EventSession.Status.choices)
    starts_after = TimeFilter("starts_at", lookup_expr="gte")
    starts_before = TimeFilter("starts_at", lookup_expr="lte")

    class Meta(BaseFilter.Meta):
        model = EventSession
        fields: ClassVar = ()
