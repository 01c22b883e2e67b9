"""Calendar files, read back by a parser."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from events import schedule
from events.models import Event
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import CategoryFactory, EventFactory, EventSessionFactory

BERLIN = ZoneInfo("Europe/Berlin")


def own(event):
    return f"/api/v1/events/{event.uuid}/calendar.ics"


def public(event):
    return f"/api/v1/public/events/{event.uuid}/calendar.ics"


def entries(response):
    assert response.status_code == 200
    return Calendar.from_ical(response.content).walk("VEVENT")


@pytest.fixture
def event(organizer):
    return EventFactory(
        owner=organizer,
        published=True,
        title="Wounds, burns; and \\ more",
        short_description="First line\nSecond line, with commas; and semicolons",
        category=CategoryFactory(name="Burns"),
        online_url="https://meet.example.org/secret",
    )


def test_file_says_what_the_event_is(event, anonymous):
    response = anonymous.get(public(event))

    [entry] = entries(response)
    session = event.sessions.get()
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert Calendar.from_ical(response.content)["method"] == "PUBLISH"
    assert str(entry["uid"]) == f"{session.uuid}@localhost"
    assert int(entry["sequence"]) == 0
    assert (entry["dtstart"].dt, entry["dtend"].dt) == (event.starts_at, event.ends_at)
    assert str(entry["status"]) == "CONFIRMED"
    assert str(entry["summary"]) == "Wounds, burns; and \\ more"
    assert str(entry["description"]).startswith(
        "First line\nSecond line, with commas; and semicolons"
    )
    assert str(entry["url"]) == event.public_url
    assert [str(word) for word in entry["categories"].cats] == ["Burns"]
    assert entry["organizer"].params["CN"] == "Olga Organizer"
    assert str(entry["organizer"]).startswith("mailto:")


def test_lines_are_folded_and_end_as_the_standard_wants(event, anonymous):
    content = anonymous.get(public(event)).content

    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_public_file_never_leads_into_the_meeting(event, anonymous):
    event.sessions.update(zoom_join_url="https://zoom.example.org/j/1")

    content = anonymous.get(public(event)).content

    assert b"zoom.example.org" not in content
    assert b"meet.example.org" not in content


def test_managers_get_their_way_in(event, organizer, api_for):
    [entry] = entries(api_for(organizer).get(own(event)))
    assert str(entry["location"]) == "https://meet.example.org/secret"

    event.sessions.update(zoom_join_url="https://zoom.example.org/j/1")

    [entry] = entries(api_for(organizer).get(own(event)))
    assert str(entry["location"]) == "https://zoom.example.org/j/1"


@pytest.mark.parametrize(
    ("role", "shown"), [("organizer", True), ("staff", True), ("instructor", False)]
)
def test_way_in_is_for_those_who_work_at_the_door(
    event, organizer, organization, api_for, role, shown
):
    Event.objects.filter(pk=event.pk).update(organization=organization)
    api = api_for(MembershipFactory(organization=organization, role=role).user)
    links = ("https://meet.example.org/secret", "https://zoom.example.org/j/1")

    for link in links:
        [entry] = entries(api.get(own(event)))
        assert (str(entry["location"]) == link, link in str(entry.to_ical())) == (shown, shown)
        event.sessions.update(zoom_join_url=links[1])

    told = api.get(f"/api/v1/events/{event.uuid}/").json()["online_url"]
    assert told == (links[0] if shown else "")


def test_identity_is_kept_and_the_sequence_grows(event, organizer, anonymous):
    [before] = entries(anonymous.get(public(event)))
    later = event.starts_at + timedelta(days=7)

    schedule.reschedule(event, by=organizer, starts_at=later)

    [after] = entries(anonymous.get(public(event)))
    assert str(after["uid"]) == str(before["uid"])
    assert int(after["sequence"]) == int(before["sequence"]) + 1
    assert after["dtstart"].dt == later
    event.cancel(by=organizer)
    [cancelled] = entries(anonymous.get(public(event)))
    assert str(cancelled["uid"]) == str(before["uid"])
    assert int(cancelled["sequence"]) == 2
    assert str(cancelled["status"]) == "CANCELLED"


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        (datetime(2027, 3, 27, 9, tzinfo=BERLIN), datetime(2027, 3, 27, 8, tzinfo=UTC)),
        (datetime(2027, 3, 28, 9, tzinfo=BERLIN), datetime(2027, 3, 28, 7, tzinfo=UTC)),
        (datetime(2027, 10, 31, 9, tzinfo=BERLIN), datetime(2027, 10, 31, 8, tzinfo=UTC)),
    ],
)
def test_nine_in_the_morning_stays_nine_across_clock_changes(organizer, anonymous, local, utc):
    event = EventFactory(owner=organizer, published=True, starts_at=local, timezone="Europe/Berlin")

    [entry] = entries(anonymous.get(public(event)))

    assert entry["dtstart"].dt == utc
    assert entry["dtstart"].dt.astimezone(BERLIN).hour == 9


def test_each_session_is_an_entry_of_its_own(organizer, anonymous):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    first = EventSessionFactory(event=event, title="Basics", room="Room 1")
    second = EventSessionFactory(event=event, title="Practice")
    second.cancel(by=organizer)

    found = {str(entry["uid"]): entry for entry in entries(anonymous.get(public(event)))}

    assert set(found) == {f"{session.uuid}@localhost" for session in (first, second)}
    assert str(found[f"{first.uuid}@localhost"]["summary"]) == f"{event.title}: Basics"
    assert str(found[f"{first.uuid}@localhost"]["location"]) == "Room 1"
    assert str(found[f"{second.uuid}@localhost"]["status"]) == "CANCELLED"


def test_drafts_are_tentative_and_their_people_s_alone(organizer, api_for, anonymous):
    draft = EventFactory(owner=organizer)

    [entry] = entries(api_for(organizer).get(own(draft)))

    assert str(entry["status"]) == "TENTATIVE"
    assert anonymous.get(public(draft)).status_code == 404


def test_unchanged_file_is_not_sent_again(event, anonymous, organizer, api_for):
    for client, address in ((anonymous, public(event)), (api_for(organizer), own(event))):
        tag = client.get(address)["ETag"]

        again = client.get(address, HTTP_IF_NONE_MATCH=tag)

        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("role", "status"), [("staff", 200), ("instructor", 200), (None, 404)])
def test_who_may_fetch_the_own_file(organizer, organization, api_for, stranger, role, status):
    event = EventFactory(owner=organizer, organization=organization)
    person = stranger
    if role:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)

    assert api_for(person).get(own(event)).status_code == status


@pytest.mark.parametrize("status", ["private", "draft", "deleted"])
def test_hidden_events_have_no_public_file(organizer, anonymous, status):
    event = EventFactory(
        owner=organizer,
        published=status != "draft",
        visibility="private" if status == "private" else "public",
    )
    if status == "deleted":
        event.cancel(by=organizer)
        event.soft_delete(by=organizer)

    assert anonymous.get(public(event)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_file_costs_the_same_for_any_number_of_sessions(
    organizer, anonymous, count, django_assert_num_queries
):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    EventSessionFactory.create_batch(count, event=event)

    with django_assert_num_queries(6):
        assert len(entries(anonymous.get(public(event)))) == count
