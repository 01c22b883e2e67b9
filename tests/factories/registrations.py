"""Rows of registrations in their smallest valid form."""

from datetime import timedelta

import factory
from django.utils import timezone

from registrations.models import (
    AttendanceInterval,
    MeetingInstance,
    MeetingRegistrant,
    Order,
    ParticipantAlias,
    Registration,
    RegistrationAnswer,
    SessionAttendance,
    Ticket,
    UnmatchedParticipant,
    WaitlistOffer,
)
from tests.factories.accounts import UserFactory
from tests.factories.events import EventCustomFieldFactory, EventFactory, EventSessionFactory


class OrderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Order

    event = factory.SubFactory(EventFactory)
    buyer_email = factory.Sequence(lambda number: f"buyer{number}@example.org")
    buyer_name = "Ben Buyer"
    currency = "USD"


class RegistrationFactory(factory.django.DjangoModelFactory):
    """A confirmed guest; traits for the other states."""

    class Meta:
        model = Registration

    class Params:
        waitlisted = factory.Trait(
            status="waitlisted", confirmed_at=None, waitlisted_at=factory.LazyFunction(timezone.now)
        )
        offered = factory.Trait(
            status="offered", confirmed_at=None, waitlisted_at=factory.LazyFunction(timezone.now)
        )
        pending_approval = factory.Trait(status="pending_approval", confirmed_at=None)
        cancelled = factory.Trait(
            status="cancelled", cancelled_at=factory.LazyFunction(timezone.now)
        )
        expired = factory.Trait(status="expired", confirmed_at=None)

    event = factory.SubFactory(EventFactory, published=True)
    email = factory.Sequence(lambda number: f"person{number}@example.org")
    full_name = factory.Sequence(lambda number: f"Person {number}")
    status = "confirmed"
    confirmed_at = factory.LazyFunction(timezone.now)
    currency = "USD"


class RegistrationAnswerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RegistrationAnswer

    registration = factory.SubFactory(RegistrationFactory)
    field = factory.SubFactory(
        EventCustomFieldFactory, event=factory.SelfAttribute("..registration.event")
    )
    label = factory.SelfAttribute("field.label")
    value = "Yes"


class TicketFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Ticket

    registration = factory.SubFactory(RegistrationFactory)
    issued_at = factory.LazyFunction(timezone.now)


class WaitlistOfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WaitlistOffer

    registration = factory.SubFactory(RegistrationFactory, offered=True)
    made_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=24))


class MeetingInstanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MeetingInstance

    session = factory.SubFactory(EventSessionFactory)
    zoom_uuid = factory.Sequence(lambda number: f"Inst4nce{number}==")


class MeetingRegistrantFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MeetingRegistrant

    registration = factory.SubFactory(RegistrationFactory)
    session = factory.LazyAttribute(lambda row: row.registration.event.sessions.first())


class UnmatchedParticipantFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = UnmatchedParticipant

    instance = factory.SubFactory(MeetingInstanceFactory)
    session = factory.SelfAttribute("instance.session")
    event = factory.SelfAttribute("session.event")
    participant_key = factory.Sequence(lambda number: f"user:{number}")
    name = "Kim Lee"


class ParticipantAliasFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ParticipantAlias

    owner = factory.SubFactory(UserFactory)
    kind = "email"
    value = factory.Sequence(lambda number: f"alias{number}@example.org")
    person = factory.Sequence(lambda number: f"person{number}@example.org")
    confirmed_at = factory.LazyFunction(timezone.now)


class AttendanceIntervalFactory(factory.django.DjangoModelFactory):
    """The first hour of the event's first session."""

    class Meta:
        model = AttendanceInterval

    registration = factory.SubFactory(RegistrationFactory)
    session = factory.LazyAttribute(lambda row: row.registration.event.sessions.first())
    source = "manual"
    started_at = factory.LazyAttribute(lambda row: row.session.starts_at)
    ended_at = factory.LazyAttribute(lambda row: row.session.ends_at)


class SessionAttendanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SessionAttendance

    registration = factory.SubFactory(RegistrationFactory)
    session = factory.LazyAttribute(lambda row: row.registration.event.sessions.first())
