"""The programme of an event with several sessions."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from events import agenda, calendars, drafting, questions
from events.models import Event, EventSession
from events.signals import event_rescheduled
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import STARTS_AT, EventFactory, EventSessionFactory, SpeakerFactory

DAY = timedelta(days=1)
NEW = {"title": "Practice", "starts_at": "2027-03-02T09:00:00Z", "duration_minutes": 90}


def url(event, *parts):
    return "/".join([f"/api/v1/events/{event.uuid}/sessions", *map(str, parts)]) + "/"


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def details_of(response):
    return response.json()["error"]["details"]


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.fixture
def course(organizer):
    """A draft with two sessions on two days."""
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory(event=event, title="A")
    EventSessionFactory(event=event, title="B", starts_at=STARTS_AT + DAY)
    event.ends_at, event.duration_minutes = STARTS_AT + DAY + timedelta(hours=1), 120
    event.save()
    return event


@pytest.fixture
def announced():
    """The events announced as rescheduled, with whether registrants are to be told."""
    heard = []

    def listen(event, **_):
        heard.append((event.pk, event.notify_registrants))

    event_rescheduled.connect(listen)
    yield heard
    event_rescheduled.disconnect(listen)


def offered(event, status="published"):
    Event.objects.filter(pk=event.pk).update(status=status, published_at=STARTS_AT - 90 * DAY)
    event.refresh_from_db()
    return event


def programme(event):
    return list(event.sessions.order_by("session_number").values_list("title", flat=True))


def test_added_session_counts_in_every_total(api, course):
    speaker = SpeakerFactory(owner=course.owner)

    response = api.post(url(course), {**NEW, "room": "R1", "speakers": [str(speaker.uuid)]})

    body = response.json()
    assert response.status_code == 201
    assert response["Location"].endswith(url(course, body["uuid"]))
    assert (body["session_number"], body["ends_at"]) == (3, "2027-03-02T10:30:00Z")
    assert [row["uuid"] for row in body["speakers"]] == [str(speaker.uuid)]
    course.refresh_from_db()
    assert (course.duration_minutes, course.ends_at) == (
        210,
        STARTS_AT + DAY + timedelta(hours=1.5),
    )
    assert course.calendar_sequence == 0
    reminder = course.reminders.get()
    assert (reminder.session.title, reminder.reminder_type) == ("Practice", "before_1h")


def test_first_session_replaces_the_stand_in(api, organizer):
    event = drafting.create(
        by=organizer, title="Course", starts_at=STARTS_AT, is_multi_session=True
    )
    assert event.sessions.get().is_implicit

    assert api.post(url(event), NEW).status_code == 201

    event.refresh_from_db()
    assert programme(event) == ["Practice"]
    assert (event.starts_at, event.duration_minutes) == (STARTS_AT + DAY, 90)


def test_session_added_to_an_offered_event_is_announced(api, course, announced):
    offered(course, "live")

    assert api.post(url(course), NEW).status_code == 201

    course.refresh_from_db()
    assert announced == [(course.pk, True)]
    assert course.calendar_sequence == 1


@pytest.mark.parametrize("status", ["completed", "closed", "cancelled"])
def test_nothing_is_added_to_what_is_over(api, organizer, status):
    event = EventFactory(
        owner=organizer, is_multi_session=True, implicit_session=False, **{status: True}
    )
    EventSessionFactory(event=event)

    assert error_of(api.post(url(event), NEW)) == (400, "INVALID_STATUS")
    assert event.sessions.count() == 1


def test_single_event_takes_no_further_session(api, organizer):
    event = EventFactory(owner=organizer)

    assert error_of(api.post(url(event), NEW)) == (409, "SINGLE_SESSION_EVENT")


def test_a_past_start_is_refused(api, course):
    response = api.post(url(course), {**NEW, "starts_at": "2020-01-01T09:00:00Z"})

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert details_of(response) == {"starts_at": ["The start must be in the future."]}


def test_fifty_sessions_are_the_limit(api, course):
    EventSession.objects.bulk_create(
        [
            EventSession(
                event=course,
                title=str(number),
                session_number=number,
                starts_at=STARTS_AT,
                ends_at=STARTS_AT + timedelta(hours=1),
                duration_minutes=60,
            )
            for number in range(3, 51)
        ]
    )

    assert error_of(api.post(url(course), NEW)) == (409, "SESSION_LIMIT")


def test_foreign_speakers_are_not_found(api, course, stranger):
    foreign = SpeakerFactory(owner=stranger)

    for uuid in (foreign.uuid, uuid4()):
        response = api.post(url(course), {**NEW, "speakers": [str(uuid)]})
        assert error_of(response) == (400, "VALIDATION_ERROR")
        assert details_of(response) == {"speakers": ["Not found."]}
    assert course.sessions.count() == 2


def test_draft_session_changes_entirely(api, course):
    first = course.sessions.get(title="A")
    later = STARTS_AT + 3 * DAY

    response = api.patch(
        url(course, first.uuid), {"title": "Z", "starts_at": later.isoformat(), "room": "R2"}
    )

    assert response.status_code == 200
    course.refresh_from_db()
    assert (course.starts_at, course.ends_at) == (
        STARTS_AT + DAY,
        later + timedelta(hours=1),
    )


def test_put_resets_what_is_not_sent(api, course):
    first = course.sessions.get(title="A")
    EventSession.objects.filter(pk=first.pk).update(room="R1", is_required=True)

    response = api.put(
        url(course, first.uuid),
        {"title": "A", "starts_at": STARTS_AT.isoformat(), "duration_minutes": 60},
    )

    assert (response.status_code, response.json()["room"]) == (200, "")
    assert response.json()["is_required"] is False
    assert response.json()["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", "2027-05-01T09:00:00Z"),
        ("duration_minutes", 45),
        ("timezone", "Europe/Berlin"),
    ],
)
def test_times_of_an_offered_event_move_by_reschedule_only(api, course, field, value):
    offered(course)
    session = course.sessions.first()

    response = api.patch(url(course, session.uuid), {"title": "Z", field: value})

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert details_of(response) == {field: [f"Cannot change {field} after event is published."]}
    session.refresh_from_db()
    assert session.title == "A"


def test_a_new_room_is_announced(api, course, announced):
    offered(course)
    session = course.sessions.first()

    response = api.patch(
        url(course, session.uuid), {"room": "R9", "starts_at": session.starts_at.isoformat()}
    )

    assert response.status_code == 200
    assert announced == [(course.pk, True)]


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_finished_sessions_keep_their_facts(api, course, status):
    offered(course)
    dated = {"cancelled_at": STARTS_AT} if status == "cancelled" else {}
    course.sessions.filter(title="A").update(status=status, **dated)
    session = course.sessions.get(title="A")

    refused = api.patch(url(course, session.uuid), {"room": "R9"})
    taken = api.patch(url(course, session.uuid), {"title": "Basics", "description": "Told."})

    assert error_of(refused) == (400, "VALIDATION_ERROR")
    assert details_of(refused) == {"non_field_errors": ["Cannot edit session in current status."]}
    assert taken.status_code == 200


def test_session_of_a_single_event_follows_it(api, organizer):
    event = EventFactory(owner=organizer)
    session = event.sessions.get()

    refused = api.patch(url(event, session.uuid), {"title": "Own"})
    taken = api.patch(url(event, session.uuid), {"room": "R1", "description": "Upstairs."})

    assert error_of(refused) == (409, "SINGLE_SESSION_EVENT")
    assert (taken.status_code, taken.json()["room"]) == (200, "R1")


def test_draft_session_is_deleted_and_leaves_the_totals(api, course):
    session = course.sessions.get(title="B")

    assert api.delete(url(course, session.uuid)).status_code == 204

    course.refresh_from_db()
    assert (programme(course), course.duration_minutes) == (["A"], 60)
    last = course.sessions.get()
    assert error_of(api.delete(url(course, last.uuid))) == (409, "LAST_SESSION")


def test_offered_and_attended_sessions_are_not_deleted(api, course, monkeypatch):
    session = course.sessions.get(title="B")
    offered(course)
    assert api.delete(url(course, session.uuid)).status_code == 409
    monkeypatch.setattr(questions.session_has_attendance, "_answer", lambda _: True)

    assert error_of(api.delete(url(course, session.uuid))) == (409, "SESSION_HAS_ATTENDANCE")
    assert course.sessions.count() == 2


def test_sessions_are_numbered_as_named(api, course):
    first, second = course.sessions.order_by("session_number")

    response = api.post(url(course, "reorder"), {"order": [str(second.uuid), str(first.uuid)]})

    assert response.status_code == 200
    rows = [(row["title"], row["session_number"]) for row in response.json()["results"]]
    assert rows == [("B", 1), ("A", 2)]


@pytest.mark.parametrize("kind", ["missing", "twice", "foreign"])
def test_order_names_each_session_once(api, course, kind):
    first = course.sessions.get(title="A")
    order = {
        "missing": [first.uuid],
        "twice": [first.uuid, first.uuid],
        "foreign": [first.uuid, EventFactory().sessions.get().uuid],
    }[kind]

    response = api.post(url(course, "reorder"), {"order": [str(uuid) for uuid in order]})

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert list(details_of(response)) == ["order"]
    assert programme(course) == ["A", "B"]


def test_one_session_of_an_offered_event_is_moved(api, course, announced):
    offered(course)
    Event.objects.filter(pk=course.pk).update(registration_deadline=STARTS_AT - DAY)
    session = course.sessions.get(title="A")
    later = STARTS_AT + timedelta(hours=3)

    response = api.post(
        url(course, session.uuid, "reschedule"), {"starts_at": later.isoformat(), "notify": False}
    )

    course.refresh_from_db()
    session.refresh_from_db()
    assert (response.status_code, session.starts_at) == (200, later)
    assert (course.starts_at, course.previous_starts_at) == (later, STARTS_AT)
    assert course.registration_deadline == STARTS_AT - DAY + timedelta(hours=3)
    assert (course.calendar_sequence, session.calendar_sequence) == (1, 1)
    assert announced == [(course.pk, False)]


def test_moving_to_the_same_time_announces_nothing(api, course, announced):
    offered(course)
    session = course.sessions.get(title="A")

    response = api.post(
        url(course, session.uuid, "reschedule"), {"starts_at": STARTS_AT.isoformat()}
    )

    assert (response.status_code, announced) == (200, [])


@pytest.mark.parametrize(
    ("status", "session_status", "body", "answer"),
    [
        ("draft", "scheduled", {"duration_minutes": 90}, (400, "INVALID_STATUS")),
        ("live", "live", {"duration_minutes": 90}, (400, "INVALID_STATUS")),
        ("published", "scheduled", {}, (400, "VALIDATION_ERROR")),
        (
            "published",
            "scheduled",
            {"starts_at": "2020-01-01T09:00:00Z"},
            (400, "VALIDATION_ERROR"),
        ),
        ("published", "scheduled", {"starts_at": "2027-05-01T09:00:00"}, (400, "VALIDATION_ERROR")),
    ],
)
def test_moves_that_are_refused(api, course, status, session_status, body, answer):
    if status != "draft":
        offered(course, status)
    course.sessions.filter(title="A").update(status=session_status)
    session = course.sessions.get(title="A")

    assert error_of(api.post(url(course, session.uuid, "reschedule"), body)) == answer


def test_cancelled_session_comes_back(api, course, announced):
    offered(course)
    session = course.sessions.get(title="B")
    api.post(url(course, session.uuid, "cancel"), {"reason": "ill"})

    response = api.post(url(course, session.uuid, "restore-session"))

    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["cancelled_at"], body["cancellation_reason"]) == (
        "scheduled",
        None,
        "",
    )
    course.refresh_from_db()
    assert course.duration_minutes == 120
    assert len(announced) == 2
    again = api.post(url(course, session.uuid, "restore-session"))
    assert error_of(again) == (400, "INVALID_STATUS")


def test_change_after_a_return_in_a_draft_outnumbers_it(api, course):
    offered(course)
    session = course.sessions.get(title="B")
    session.cancel(by=course.owner)
    course.refresh_from_db()
    course.unpublish(by=course.owner)
    assert api.post(url(course, session.uuid, "restore-session")).status_code == 200
    session.refresh_from_db()
    session.event.publish(by=course.owner)
    before = calendars.vevent(session)["sequence"]

    api.patch(f"/api/v1/events/{course.uuid}/", {"location": "Hall 2"})

    session = EventSession.objects.get(pk=session.pk)
    assert calendars.vevent(session)["sequence"] == before + 1


def test_a_deadline_that_outlives_the_last_session_blocks_nothing(api, course):
    Event.objects.filter(pk=course.pk).update(
        allow_late_registration=True, registration_deadline=course.ends_at
    )
    first, last = course.sessions.order_by("session_number")
    event = offered(course, "live")

    last.cancel(by=course.owner)

    assert api.patch(url(event, first.uuid), {"title": "Alone"}).status_code == 200
    event.refresh_from_db()
    event.complete(by=course.owner)
    address = f"/api/v1/events/{course.uuid}/"
    assert api.patch(address, {"auto_issue_certificates": True}).status_code == 200
    assert api.patch(url(event, first.uuid), {"description": "As held."}).status_code == 200


def test_past_session_does_not_come_back(api, course):
    offered(course)
    past = datetime(2026, 1, 1, tzinfo=UTC)
    session = course.sessions.get(title="B")
    EventSession.objects.filter(pk=session.pk).update(
        status="cancelled", cancelled_at=past, starts_at=past, ends_at=past + timedelta(hours=1)
    )

    response = api.post(url(course, session.uuid, "restore-session"))

    assert error_of(response) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("role", "read", "written"),
    [("admin", 200, 201), ("organizer", 200, 201), ("staff", 200, 403), (None, 404, 404)],
)
def test_who_may_see_and_change_the_programme(
    organizer, organization, stranger, api_for, role, read, written
):
    event = EventFactory(
        owner=organizer, organization=organization, is_multi_session=True, implicit_session=False
    )
    session = EventSessionFactory(event=event)
    person = stranger
    if role:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)
    api = api_for(person)

    assert api.get(url(event)).status_code == read
    assert api.post(url(event), NEW).status_code == written
    outcomes = {
        api.post(url(event, "reorder"), {"order": []}).status_code,
        api.patch(url(event, session.uuid), {"duration_minutes": 1}).status_code,
        api.post(url(event, session.uuid, "reschedule"), {"duration_minutes": 20}).status_code,
        api.get(url(event, session.uuid, "host-link")).status_code,
    }
    assert outcomes == ({400, 409} if written == 201 else {written})


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets writers take turns.")
def test_orders_of_two_people_leave_one_of_them(course, at_once):
    first, second = course.sessions.order_by("session_number")
    orders = ([first.uuid, second.uuid], [second.uuid, first.uuid])

    def reorder(order):
        agenda.reorder(Event.objects.get(pk=course.pk), by=course.owner, order=order)

    outcomes = at_once(*(lambda order=order: reorder(order) for order in orders))

    assert outcomes == [None, None]
    numbers = sorted(course.sessions.values_list("session_number", flat=True))
    assert numbers == [1, 2]
