"""Rows of events in their smallest valid form."""

from datetime import UTC, datetime, timedelta

import factory

from events.models import (
    Category,
    Event,
    EventCustomField,
    EventSession,
    EventStatusHistory,
    Speaker,
    Tag,
)
from tests.factories.accounts import UserFactory

STARTS_AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Subject {n}")
    slug = factory.Sequence(lambda n: f"subject-{n}")


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")
    slug = factory.Sequence(lambda n: f"tag-{n}")


class SpeakerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Speaker

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Speaker {n}")


class EventFactory(factory.django.DjangoModelFactory):
    """A single-session draft with its implicit session; traits for the other states."""

    class Meta:
        model = Event
        skip_postgeneration_save = True

    class Params:
        published = factory.Trait(status="published", published_at=PUBLISHED_AT)
        live = factory.Trait(
            status="live",
            published_at=PUBLISHED_AT,
            actual_started_at=factory.SelfAttribute("starts_at"),
        )
        completed = factory.Trait(
            status="completed",
            published_at=PUBLISHED_AT,
            actual_started_at=factory.SelfAttribute("starts_at"),
            actual_ended_at=factory.SelfAttribute("ends_at"),
            completed_at=factory.SelfAttribute("ends_at"),
        )
        closed = factory.Trait(
            status="closed",
            published_at=PUBLISHED_AT,
            completed_at=factory.SelfAttribute("ends_at"),
            closed_at=factory.SelfAttribute("ends_at"),
        )
        cancelled = factory.Trait(
            status="cancelled", published_at=PUBLISHED_AT, cancelled_at=PUBLISHED_AT
        )

    owner = factory.SubFactory(UserFactory, organizer=True)
    title = factory.Sequence(lambda n: f"Wound care {n}")
    slug = factory.Sequence(lambda n: f"wound-care-{n}")
    starts_at = STARTS_AT
    duration_minutes = 60
    ends_at = factory.LazyAttribute(
        lambda event: event.starts_at + timedelta(minutes=event.duration_minutes)
    )
    search_text = factory.SelfAttribute("title")

    @factory.post_generation
    def implicit_session(event, create, wanted, **fields):  # noqa: N805 -- factory_boy's signature
        """One session like the event's; ``implicit_session=False`` leaves it out."""
        if create and wanted is not False:
            EventSessionFactory(event=event, implicit=True, **fields)


class EventSessionFactory(factory.django.DjangoModelFactory):
    """A further session; with ``implicit=True`` the mirror of a single event."""

    class Meta:
        model = EventSession

    class Params:
        implicit = factory.Trait(
            is_implicit=True,
            title=factory.SelfAttribute("event.title"),
            session_number=1,
            status=factory.LazyAttribute(
                lambda session: {
                    "live": "live",
                    "completed": "completed",
                    "closed": "completed",
                    "cancelled": "cancelled",
                }.get(session.event.status, "scheduled")
            ),
            cancelled_at=factory.SelfAttribute("event.cancelled_at"),
            actual_started_at=factory.SelfAttribute("event.actual_started_at"),
            actual_ended_at=factory.SelfAttribute("event.actual_ended_at"),
        )

    event = factory.SubFactory(EventFactory, is_multi_session=True, implicit_session=False)
    title = factory.Sequence(lambda n: f"Session {n}")
    session_number = factory.LazyAttribute(lambda session: session.event.sessions.count() + 1)
    starts_at = factory.SelfAttribute("event.starts_at")
    duration_minutes = factory.SelfAttribute("event.duration_minutes")
    timezone = factory.SelfAttribute("event.timezone")


class EventStatusHistoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventStatusHistory

    event = factory.SubFactory(EventFactory)
    from_status = ""
    to_status = "draft"


class EventCustomFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventCustomField

    event = factory.SubFactory(EventFactory)
    label = factory.Sequence(lambda n: f"Question {n}")
    field_type = "text"
