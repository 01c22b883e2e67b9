"""What organizers go through with their events, over HTTP and by the clock."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from events import tasks
from integrations.doubles.server import Answer
from integrations.zoom import http
from tests.flows.people import Person
from tests.flows.story import STARTS_AT, deliver
from tests.integrations import zoom_bodies as says

START = STARTS_AT.isoformat().replace("+00:00", "Z")
DRAFT = {"title": "Wound care", "starts_at": START, "duration_minutes": 60}
MEETINGS = "/v2/users/me/meetings"
DAY = timedelta(days=1)


@pytest.fixture
def world():
    """Somebody without an account."""
    return Person("world@world.example", "World")


@pytest.fixture
def nora(organizer):
    """An organizer of her own, without Zoom."""
    return organizing("nora@other.example", "Nora Other")


def organizing(email, name):
    person = Person(email, name).sign_up()
    person.post("users/me/upgrade/")
    return person


def published(person, **facts):
    event = person.post("events/", {**DRAFT, "zoom_enabled": False, **facts}, status=201)
    return person.post(f"events/{event['uuid']}/publish/")


def code_of(answer):
    return answer["error"]["code"]


def sequence(person, event):
    answer = person.api.get(f"/api/v1/events/{event['uuid']}/calendar.ics")
    [entry] = Calendar.from_ical(answer.content).walk("VEVENT")
    return int(entry["sequence"])


def test_publishing_does_not_wait_for_zoom(nora, world):
    event = published(nora, zoom_enabled=True)

    assert event["status"] == "published"
    told = nora.get(f"events/{event['uuid']}/")
    assert (told["status"], told["meeting_status"]) == ("published", "failed")
    [session] = nora.get(f"events/{event['uuid']}/meeting/")["results"]
    assert session["meeting_error"] == "Zoom is not connected."
    assert "Zoom is not connected." in nora.mailed("meeting_failed")
    [listed] = world.get("public/events/")["results"]
    assert listed["uuid"] == event["uuid"]
    assert "zoom_join_url" not in listed


def test_a_published_event_moves_by_rescheduling_alone(organizer, clock):
    event = published(organizer)
    later = (STARTS_AT + DAY).isoformat().replace("+00:00", "Z")
    before = organizer.get(f"events/{event['uuid']}/")

    refused = organizer.patch(
        f"events/{event['uuid']}/", {"starts_at": later, "title": "Other"}, status=400
    )
    assert refused["error"]["details"] == {
        "starts_at": ["Cannot change starts_at after event is published."]
    }
    assert organizer.get(f"events/{event['uuid']}/") == before

    first = sequence(organizer, event)
    moved = organizer.post(f"events/{event['uuid']}/reschedule/", {"starts_at": later})
    assert (moved["starts_at"], moved["previous_starts_at"]) == (later, START)
    assert sequence(organizer, event) == first + 1


def test_another_organizer_finds_nothing(organizer, nora):
    event = published(organizer)
    session = event["sessions"][0]["uuid"]
    draft = organizer.post("events/", DRAFT, status=201)
    organizer.delete(f"events/{draft['uuid']}/")

    assert nora.get("events/", include_deleted="true")["results"] == []
    nora.get(f"events/{draft['uuid']}/", include_deleted="true", status=404)
    nora.post(f"events/{draft['uuid']}/restore/", status=404)
    for part in ("sessions", "custom-fields", "reminders", "invitations", "meeting"):
        nora.get(f"events/{event['uuid']}/{part}/", status=404)
    for part in ("", "status-history/", "calendar.ics", f"sessions/{session}/host-link/"):
        nora.get(f"events/{event['uuid']}/{part}", status=404)
    for verb in ("publish", "unpublish", "start", "complete", "cancel", "close", "duplicate"):
        nora.post(f"events/{event['uuid']}/{verb}/", status=404)
    nora.patch(f"events/{event['uuid']}/", {"title": "Mine now"}, status=404)
    nora.delete(f"events/{event['uuid']}/", status=404)
    assert organizer.get(f"events/{event['uuid']}/")["title"] == "Wound care"


def test_unlisted_and_private_events_are_found_by_those_who_should(organizer, world):
    event = published(organizer, visibility="unlisted")
    by_uuid = f"public/events/{event['uuid']}/"
    bare = f"public/events/by-slug/{event['slug']}/"
    coded = f"public/events/by-slug/{event['slug']}-{event['public_code']}/"

    assert world.get("public/events/")["results"] == []
    world.get(bare, status=404)
    assert [world.get(address)["uuid"] for address in (by_uuid, coded)] == [event["uuid"]] * 2

    organizer.patch(f"events/{event['uuid']}/", {"visibility": "private"})
    organizer.post(f"events/{event['uuid']}/invitations/", {"emails": [world.email]}, status=201)
    token = world.mailed_link("event_invitation").rpartition("/")[2]
    for address in (by_uuid, coded):
        world.get(address, status=404)
        world.get(address, invitation="wrong", status=404)
        told = world.get(address, invitation=token)
        assert (told["uuid"], told["registration_state"]) == (event["uuid"], "open")
    world.get(bare, invitation=token, status=404)


def test_a_name_that_two_organizers_use_is_asked_about(organizer, nora, world):
    ours, theirs = published(organizer), published(nora)
    address = f"public/events/by-slug/{ours['slug']}/"

    assert ours["slug"] == theirs["slug"] == "wound-care"
    asked = world.get(address, status=409)
    assert code_of(asked) == "AMBIGUOUS_SLUG"
    assert {row["uuid"] for row in asked["error"]["details"]["candidates"]} == {
        ours["uuid"],
        theirs["uuid"],
    }
    found = world.get(address, owner=theirs["owner"]["uuid"])
    assert found["uuid"] == theirs["uuid"]


def test_an_event_lives_as_long_as_a_session_is_open(organizer, clock):
    times = (STARTS_AT, STARTS_AT + DAY)
    sessions = [
        {"title": f"Day {number}", "starts_at": moment.isoformat(), "duration_minutes": 60}
        for number, moment in enumerate(times, start=1)
    ]
    event = published(organizer, is_multi_session=True, sessions=sessions)
    path = f"events/{event['uuid']}/sessions/"
    first, second = (session["uuid"] for session in event["sessions"])

    organizer.post(f"{path}{first}/start/")
    organizer.post(f"{path}{first}/complete/")
    assert organizer.get(f"events/{event['uuid']}/")["status"] == "live"
    cancelled = organizer.post(f"{path}{second}/cancel/", {"reason": "Illness."})
    assert (cancelled["status"], cancelled["cancellation_reason"]) == ("cancelled", "Illness.")
    assert organizer.get(f"events/{event['uuid']}/")["status"] == "completed"

    short = published(organizer, title="Short", is_multi_session=True, sessions=sessions[:1])
    only = short["sessions"][0]["uuid"]
    refused = organizer.post(f"events/{short['uuid']}/sessions/{only}/cancel/", status=409)
    assert code_of(refused) == "LAST_SESSION"


def test_the_clock_starts_and_completes(organizer, clock):
    event = published(organizer)
    path = f"events/{event['uuid']}/"
    states = []
    for minutes in (-1, 0, 89, 91):
        clock(STARTS_AT + timedelta(minutes=minutes))
        tasks.advance_events()
        tasks.advance_events()
        organizer.sign_in()
        states.append(organizer.get(path)["status"])

    assert states == ["published", "live", "live", "completed"]
    history = organizer.get(f"{path}status-history/")["results"]
    assert [(row["to_status"], row["changed_by"], row["reason"]) for row in history[:2]] == [
        ("completed", None, "automatic"),
        ("live", None, "automatic"),
    ]
    notices = organizer.get("notifications/")["results"]
    assert [
        row["notification_type"]
        for row in notices
        if row["notification_type"] == "event_completed_automatically"
    ] == ["event_completed_automatically"]


def test_an_answered_question_stays_with_everything_sent_along(organizer):
    event = published(organizer, custom_fields=[{"label": "Ward", "field_type": "text"}])
    [question] = event["custom_fields"]
    ada = Person("ada@example.org", "Ada")
    who = {"email": ada.email, "full_name": ada.full_name}
    answers = {"custom_field_responses": {question["uuid"]: "Three"}}
    ada.post(f"public/events/{event['uuid']}/register/", {**who, **answers}, status=201)
    before = organizer.get(f"events/{event['uuid']}/")

    change = {"title": "Other", "custom_fields": []}
    refused = organizer.patch(f"events/{event['uuid']}/", change, status=409)

    assert code_of(refused) == "FIELD_HAS_ANSWERS"
    assert refused["error"]["details"] == {
        "custom_fields": [{"uuid": question["uuid"], "label": "Ward"}]
    }
    assert organizer.get(f"events/{event['uuid']}/") == before


def test_zoom_comes_back_and_one_meeting_stands_until_the_event_is_off(
    organizer, zoom, clock, monkeypatch
):
    monkeypatch.setattr(http, "_pause", lambda _seconds: None)
    # One call of the first attempt, and a search with its two repetitions of the second.
    zoom.fail(MEETINGS, times=4, answer=Answer(503, {"message": "down"}))
    event = published(organizer, zoom_enabled=True)
    meeting_of = f"events/{event['uuid']}/meeting/"
    assert organizer.get(meeting_of)["results"][0]["meeting_status"] == "pending"

    for minutes in (2, 9):
        clock(STARTS_AT - DAY + timedelta(minutes=minutes))
        tasks.sweep_meetings()
    [row] = organizer.get(meeting_of)["results"]
    assert (row["meeting_status"], row["meeting_attempts"]) == ("ready", 3)
    assert list(zoom.meetings) == [row["zoom_meeting_id"]]

    organizer.post(f"events/{event['uuid']}/cancel/", {"reason": "Illness."})
    assert zoom.meetings == {}
    [gone] = organizer.get(meeting_of)["results"]
    assert (gone["meeting_status"], gone["zoom_join_url"]) == ("removed", "")
    before = organizer.get(f"events/{event['uuid']}/")
    clock(STARTS_AT)
    organizer.sign_in()
    started = says.started("10:00:02", id=row["zoom_meeting_id"])
    deliver([started, started])
    assert organizer.get(f"events/{event['uuid']}/") == before


def test_deleting_a_draft_keeps_its_name_for_it(organizer):
    draft = organizer.post("events/", DRAFT, status=201)
    path = f"events/{draft['uuid']}/"

    organizer.delete(path)
    organizer.get(path, status=404)
    other = organizer.post("events/", DRAFT, status=201)
    restored = organizer.post(f"{path}restore/")

    assert restored["slug"] == draft["slug"] != other["slug"]
    offered = f"events/{published(organizer, title='Offered')['uuid']}/"
    refused = organizer.delete(offered, status=409)
    assert code_of(refused) == "EVENT_NOT_DELETABLE"
    assert organizer.get(offered)["status"] == "published"


def test_instructors_look_and_strangers_do_not(organizer, nora, world):
    house = organizer.post("organizations/", {"name": "Provider Ltd"}, status=201)
    event = organizer.post("events/", {**DRAFT, "organization": house["uuid"]}, status=201)
    ian = Person("ian@provider.example", "Ian Instructor").sign_up()
    asked = {"email": ian.email, "role": "instructor"}
    organizer.post(f"organizations/{house['uuid']}/invitations/", asked, status=201)
    token = ian.mailed_token("organization_invitation")
    ian.post("organization-invitations/accept/", {"token": token})
    path = f"events/{event['uuid']}/"

    for person, read, written in ((ian, 200, 403), (nora, 404, 404), (world, 401, 401)):
        person.get(path, status=read)
        person.patch(path, {"title": "Mine"}, status=written)
    assert organizer.get(path)["title"] == "Wound care"
