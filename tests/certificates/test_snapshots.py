import hashlib
import json
from datetime import UTC, datetime

import pytest

from certificates import eligibility, snapshots
from certificates.snapshots import Identity
from tests.factories.certificates import attended, built_in, snapshot
from tests.factories.events import EventCustomFieldFactory, EventFactory
from tests.factories.registrations import RegistrationAnswerFactory

pytestmark = pytest.mark.django_db

ISSUED_AT = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def facts_of(registration):
    identity = Identity("ABCDEFGH", "A" * 22, ISSUED_AT, None)
    template = built_in(uuid="u", version=1)
    (standing,) = eligibility.survey(registration.event, [registration])
    return snapshots.assemble(standing, template, identity)


def test_the_hash_is_that_of_sorted_compact_json():
    facts = snapshot(attendee_name="Zoë")
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert snapshots.digest(facts) == hashlib.sha256(text.encode()).hexdigest()


def test_days_are_those_of_the_place():
    event = EventFactory(completed=True, timezone="Asia/Tokyo")

    facts = facts_of(attended(event=event))

    assert (facts["issued_date"], facts["issued_datetime"]) == (
        "2027-01-01",
        "2026-12-31T23:30:00Z",
    )
    assert facts["certificate_number"] == "CPD-2026-ABCDEFGH"


@pytest.mark.parametrize(
    ("place", "printed"),
    [
        ({"format": "online"}, "Online"),
        ({"format": "in_person", "location": "Berlin"}, "Berlin"),
        ({"format": "hybrid"}, ""),
    ],
)
def test_the_location_is_where_it_was(place, printed):
    assert facts_of(attended(event=EventFactory(completed=True, **place)))["event_location"] == (
        printed
    )


@pytest.mark.parametrize(
    ("value", "printed"),
    [("Ward 7", "Ward 7"), (["A", "B"], "A, B"), (True, "Yes"), (False, "No"), (7, "7")],
)
def test_only_answers_meant_for_the_certificate_are_stated(value, printed):
    registration = attended(event=EventFactory(completed=True))
    for shown in (True, False):
        field = EventCustomFieldFactory(event=registration.event, show_on_certificate=shown)
        RegistrationAnswerFactory(
            registration=registration, field=field, label=f"Shown {shown}", value=value
        )

    assert facts_of(registration)["custom_fields"] == [{"label": "Shown True", "value": printed}]


def test_the_organization_issues_for_its_events(organization, organizer, attendee):
    organization.contact_email = "office@example.org"
    event = EventFactory(completed=True, owner=organizer, organization=organization)
    attendee.credentials = "MD"

    facts = facts_of(attended(event=event, user=attendee))

    assert (facts["organizer_name"], facts["organizer_email"]) == (
        "Provider Ltd",
        "office@example.org",
    )
    assert facts["attendee_credentials"] == "MD"


def test_a_record_is_kept_six_years_without_a_longer_duty():
    event = EventFactory(completed=True)

    assert snapshots.retain_until(event, ()).isoformat() == "2033-03-01"
