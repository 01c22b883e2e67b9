"""Speakers and invited people who leave."""

import pytest
from django.utils import timezone

from accounts import erasure, privacy
from events import catalogue
from events.models import EventInvitation
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import EventFactory, SpeakerFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("known_by", ["account", "address"])
def test_a_speaker_loses_name_and_biography_and_cannot_be_searched(organizer, attendee, known_by):
    link = {"user": attendee} if known_by == "account" else {"email": attendee.email}
    speaker = SpeakerFactory(owner=organizer, name="Ada Attendee", bio="Ada knows.", **link)
    event = EventFactory(owner=organizer, completed=True)
    event.speakers.add(speaker)
    catalogue.refresh_search_text(event)

    counts = erasure.erase(attendee, by=attendee, action="account.erased")

    speaker.refresh_from_db()
    event.refresh_from_db()
    assert counts["events.Speaker"] == 1
    assert (speaker.name, speaker.bio, speaker.email, speaker.user, speaker.is_active) == (
        "Deleted User", "", "", None, False,
    )  # fmt: skip
    assert "Ada" not in event.search_text


def test_an_invitation_keeps_neither_address_nor_link(organizer, attendee):
    asked = EventInvitation.objects.create(
        event=EventFactory(owner=organizer), email=attendee.email, full_name="Ada",
        message="Hi Ada",
        token_hash="f" * 64, batch=organizer.uuid, queued_at=timezone.now(),
    )  # fmt: skip

    erasure.erase(attendee, by=attendee, action="account.erased")

    asked.refresh_from_db()
    assert (asked.email, asked.full_name, asked.message) == (
        privacy.placeholder(asked.uuid), "", "",
    )  # fmt: skip
    assert (asked.token_hash, asked.queued_at) == (None, None)


def test_events_of_an_organization_stay_with_its_owner(organizer, organization):
    """Also where the owner has an event of the same address already."""
    leaver = UserFactory(organizer=True)
    MembershipFactory(organization=organization, user=leaver, role="organizer")
    own = EventFactory(owner=organizer, organization=organization, slug="wound-care")
    left = EventFactory(owner=leaver, organization=organization, slug="wound-care", published=True)

    erasure.erase(leaver, by=leaver, action="account.erased")

    left.refresh_from_db()
    assert left.owner == organizer
    assert left.slug.startswith("wound-care-")
    assert left.slug != own.slug
