"""Invitations to events in their smallest valid form."""

from uuid import uuid4

import factory

from common import codes
from events.models import EventInvitation
from tests.factories.events import PUBLISHED_AT, EventFactory


class EventInvitationFactory(factory.django.DjangoModelFactory):
    """One that was kept back; with ``mailed=True`` it went out once, with the token given."""

    class Meta:
        model = EventInvitation

    class Params:
        token = factory.Sequence(lambda number: f"token-{number}")
        mailed = factory.Trait(
            status="sent",
            sent_at=PUBLISHED_AT,
            sends=1,
            token_hash=factory.LazyAttribute(lambda invitation: codes.digest(invitation.token)),
        )

    event = factory.SubFactory(EventFactory, published=True)
    email = factory.Sequence(lambda number: f"guest{number}@example.org")
    batch = factory.LazyFunction(uuid4)
