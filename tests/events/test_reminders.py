"""Reminders: planned with the event, moved with it, sent once to each person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from common import delivery, files, outbox
from common.models import OutgoingEmail, StoredFile
from events import drafting, questions, reminders, reminding, schedule
from events.models import Event, EventReminder
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import EventFactory, EventSessionFactory
from tests.factories.registrations import RegistrationFactory

MORNING = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
START = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(MORNING, tick=False)
    return time_machine


@pytest.fixture
def event(clock, organizer):
    """A draft of tomorrow's event, made by the verb."""
    return drafting.create(
        by=organizer, title="Wound care", starts_at=START + timedelta(days=1), zoom_enabled=False
    )


def url(event, *parts):
    return "/".join([f"/api/v1/events/{event.uuid}/reminders", *map(str, parts)]) + "/"


def planned(event):
    return [
        (row.reminder_type, row.session and row.session.title, row.scheduled_for, row.status)
        for row in event.reminders.select_related("session").order_by("scheduled_for", "pk")
    ]


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def test_single_event_is_announced_a_day_and_an_hour_before(event):
    start = START + timedelta(days=1)

    assert planned(event) == [
        ("before_24h", None, start - timedelta(hours=24), "pending"),
        ("before_1h", None, start - timedelta(hours=1), "pending"),
    ]


def test_multi_session_event_is_announced_once_and_each_session_an_hour_before(clock, organizer):
    starts = [START + timedelta(days=days) for days in (3, 4)]
    event = drafting.create(
        by=organizer,
        title="Course",
        is_multi_session=True,
        starts_at=None,
        sessions=[
            {"title": name, "starts_at": start, "duration_minutes": 60}
            for name, start in zip("AB", starts, strict=True)
        ],
    )

    assert planned(event) == [
        ("before_24h", None, starts[0] - timedelta(hours=24), "pending"),
        ("before_1h", "A", starts[0] - timedelta(hours=1), "pending"),
        ("before_1h", "B", starts[1] - timedelta(hours=1), "pending"),
    ]


def test_what_is_overdue_at_publishing_is_not_sent_late(clock, organizer):
    event = drafting.create(by=organizer, title="Today", starts_at=START, zoom_enabled=False)
    clock.move_to(START - timedelta(hours=2), tick=False)

    event.publish(by=organizer)

    assert planned(event) == [
        ("before_24h", None, START - timedelta(hours=24), "skipped"),
        ("before_1h", None, START - timedelta(hours=1), "pending"),
    ]
    assert event.reminders.get(status="skipped").skip_reason == "too_late"


def test_moving_a_draft_moves_its_reminders(event, api_for, organizer):
    later = START + timedelta(days=8)

    response = api_for(organizer).patch(
        f"/api/v1/events/{event.uuid}/", {"starts_at": later.isoformat()}
    )

    assert response.status_code == 200
    assert [row[2] for row in planned(event)] == [
        later - timedelta(hours=24),
        later - timedelta(hours=1),
    ]


def test_rescheduling_brings_sent_and_missed_ones_back(clock, event, organizer):
    event.publish(by=organizer)
    RegistrationFactory(event=event)
    clock.move_to(START + timedelta(minutes=1), tick=False)
    reminding.send_due(START + timedelta(minutes=1))
    assert [row[3] for row in planned(event)] == ["sent", "pending"]
    later = START + timedelta(days=5)

    schedule.reschedule(event, by=organizer, starts_at=later)

    assert planned(event) == [
        ("before_24h", None, later - timedelta(hours=24), "pending"),
        ("before_1h", None, later - timedelta(hours=1), "pending"),
    ]


def test_cancelling_skips_what_is_pending(event, organizer):
    event.publish(by=organizer)

    event.cancel(by=organizer)

    found = set(event.reminders.values_list("status", "skip_reason"))
    assert found == {("skipped", "event_cancelled")}


def test_cancelling_a_session_skips_its_own_only(clock, organizer):
    event = EventFactory(
        owner=organizer, is_multi_session=True, starts_at=START, implicit_session=False
    )
    kept, dropped = EventSessionFactory.create_batch(2, event=event, starts_at=START)
    reminders.plan(event)
    event.status, event.published_at = "published", MORNING
    event.save()

    dropped.cancel(by=organizer)

    assert set(event.reminders.filter(session=dropped).values_list("status", "skip_reason")) == {
        ("skipped", "session_cancelled")
    }
    assert event.reminders.filter(session=kept).get().status == "pending"


def test_due_reminder_reaches_each_confirmed_person_once(clock, event, organizer):
    event.publish(by=organizer)
    berlin = UserFactory(email="ada@example.org", full_name="Ada", timezone="Europe/Berlin")
    RegistrationFactory(event=event, user=berlin, email=berlin.email, full_name="Ada")
    RegistrationFactory(event=event, email="guest@example.org", full_name="Gus")
    RegistrationFactory(event=event, waitlisted=True)
    RegistrationFactory(event=event, cancelled=True)
    at = START + timedelta(seconds=30)

    reminding.send_due(at)
    reminding.send_due(at)

    reminder = event.reminders.get(reminder_type="before_24h")
    assert (reminder.status, reminder.recipient_count, reminder.sent_at) == ("sent", 2, at)
    mails = OutgoingEmail.objects.filter(kind="event_reminder").order_by("to_email")
    assert [mail.to_email for mail in mails] == ["ada@example.org", "guest@example.org"]
    assert [mail.recipient_uuid for mail in mails] == [berlin.uuid, None]
    assert "12:00 (Europe/Berlin)" in mails[0].text
    assert "10:00 (UTC)" in mails[1].text
    assert "/join/" in mails[0].text
    attached = StoredFile.objects.get(uuid=mails[0].attachments[0])
    entry = Calendar.from_ical(files.read(attached)).walk("VEVENT")[0]
    assert (str(entry["summary"]), entry["dtstart"].dt) == ("Wound care", event.starts_at)
    assert "/join/" not in str(entry["location"]) + str(entry["url"])


def test_who_wants_no_reminders_gets_none(clock, event, organizer):
    event.publish(by=organizer)
    quiet = UserFactory(notify_event_reminders=False)
    RegistrationFactory(event=event, user=quiet, email=quiet.email)
    reminding.send_due(START)
    message = OutgoingEmail.objects.get(kind="event_reminder")

    delivery.deliver(message.uuid, now=START)

    message.refresh_from_db()
    assert (message.status, message.skip_reason) == ("skipped", "preference")
    assert event.reminders.get(reminder_type="before_24h").recipient_count == 1


@pytest.mark.parametrize(
    ("minutes_late", "places", "outcome"),
    [
        (0, 0, ("skipped", "nobody", 0)),
        (0, 1, ("sent", "", 1)),
        (24 * 60, 1, ("skipped", "too_late", 0)),
    ],
)
def test_outcome_of_a_due_reminder(clock, event, organizer, minutes_late, places, outcome):
    event.publish(by=organizer)
    event.reminders.exclude(reminder_type="before_24h").delete()
    RegistrationFactory.create_batch(places, event=event)

    reminding.send_due(START + timedelta(minutes=minutes_late))

    assert event.reminders.values_list("status", "skip_reason", "recipient_count").get() == outcome


def test_drafts_remind_nobody(clock, event):
    RegistrationFactory(event=event)

    assert reminding.send_due(START + timedelta(days=1)) == 0
    assert not OutgoingEmail.objects.filter(kind="event_reminder").exists()


def test_a_refused_batch_is_tried_three_times(clock, event, organizer, monkeypatch):
    event.publish(by=organizer)
    RegistrationFactory(event=event)

    def broken(*_):
        raise RuntimeError("no queue")

    monkeypatch.setattr(questions.audience, "_answer", broken)
    for _ in range(3):
        assert event.reminders.get(reminder_type="before_24h").status == "pending"
        with pytest.raises(ExceptionGroup):
            reminding.send_due(START)

    assert event.reminders.get(reminder_type="before_24h").status == "failed"
    assert reminding.send_due(START) == 0


@pytest.mark.parametrize("people", [1, 3])
def test_sending_costs_the_same_for_any_number(
    clock, event, organizer, people, django_assert_num_queries
):
    event.publish(by=organizer)
    RegistrationFactory.create_batch(people, event=event)

    with django_assert_num_queries(18):
        reminding.send_due(START)

    assert OutgoingEmail.objects.filter(kind="event_reminder").count() == people


def test_organizer_plans_changes_and_removes_reminders(clock, event, api_for, organizer):
    api = api_for(organizer)
    added = api.post(url(event), {"reminder_type": "custom", "send_hours_before": "48.5"})
    assert added.status_code == 201
    body = added.json()
    start = START + timedelta(days=1)
    assert {name: body[name] for name in body.keys() - {"uuid", "created_at", "updated_at"}} == {
        "reminder_type": "custom",
        "send_hours_before": "48.50",
        "session": None,
        "scheduled_for": f"{start - timedelta(hours=48.5):%Y-%m-%dT%H:%M:%SZ}",
        "sent_at": None,
        "status": "pending",
        "skip_reason": "",
        "recipient_count": 0,
    }

    moved = api.patch(url(event, body["uuid"]), {"reminder_type": "before_15m"})
    assert (moved.status_code, moved.json()["send_hours_before"]) == (200, "0.25")
    assert api.delete(url(event, body["uuid"])).status_code == 204
    assert api.get(url(event, body["uuid"])).status_code == 404
    assert api.get(url(event)).json()["count"] == 2


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "VALIDATION_ERROR", "reminder_type"),
        ({"reminder_type": "custom"}, "VALIDATION_ERROR", "send_hours_before"),
        (
            {"reminder_type": "before_1h", "send_hours_before": "2"},
            "VALIDATION_ERROR",
            "send_hours_before",
        ),
        (
            {"reminder_type": "custom", "send_hours_before": "0.24"},
            "VALIDATION_ERROR",
            "send_hours_before",
        ),
        (
            {"reminder_type": "custom", "send_hours_before": "721"},
            "VALIDATION_ERROR",
            "send_hours_before",
        ),
        (
            {"reminder_type": "custom", "send_hours_before": "NaN"},
            "VALIDATION_ERROR",
            "send_hours_before",
        ),
        ({"reminder_type": "weekly"}, "VALIDATION_ERROR", "reminder_type"),
    ],
)
def test_bad_input_names_the_field(event, api_for, organizer, body, code, field):
    response = api_for(organizer).post(url(event), body)

    assert error_of(response) == (400, code)
    assert list(response.json()["error"]["details"]) == [field]
    assert event.reminders.count() == 2


def test_a_foreign_session_is_not_found(event, api_for, organizer, stranger):
    other = EventFactory(owner=organizer).sessions.get()
    foreign = EventFactory(owner=stranger).sessions.get()

    for session in (other, foreign):
        body = {"reminder_type": "before_15m", "session": str(session.uuid)}
        response = api_for(organizer).post(url(event), body)
        assert error_of(response) == (400, "VALIDATION_ERROR")
        assert response.json()["error"]["details"] == {"session": ["Not found."]}


def test_the_same_moment_twice_conflicts(event, api_for, organizer):
    response = api_for(organizer).post(url(event), {"reminder_type": "before_1h"})

    assert response.status_code == 409
    assert event.reminders.count() == 2


def test_a_published_event_takes_no_reminder_in_the_past(clock, organizer, api_for):
    event = drafting.create(by=organizer, title="Today", starts_at=START, zoom_enabled=False)
    body = {"reminder_type": "custom", "send_hours_before": "48"}
    assert api_for(organizer).post(url(event), body).status_code == 201
    event.reminders.filter(reminder_type="custom").delete()
    event.publish(by=organizer)

    assert error_of(api_for(organizer).post(url(event), body)) == (422, "REMINDER_IN_PAST")


@pytest.mark.parametrize("status", ["completed", "closed", "cancelled"])
def test_what_is_over_takes_no_reminders(clock, organizer, api_for, status):
    event = EventFactory(owner=organizer, **{status: True})

    response = api_for(organizer).post(url(event), {"reminder_type": "before_1h"})

    assert error_of(response) == (400, "INVALID_STATUS")


def test_what_was_sent_stays(clock, event, organizer, api_for):
    sent = event.reminders.get(reminder_type="before_1h")
    EventReminder.objects.filter(pk=sent.pk).update(status="sent")

    change = api_for(organizer).patch(url(event, sent.uuid), {"reminder_type": "before_15m"})
    remove = api_for(organizer).delete(url(event, sent.uuid))

    assert error_of(change) == error_of(remove) == (400, "INVALID_STATUS")
    sent.refresh_from_db()
    assert sent.send_hours_before == Decimal(1)


def test_reminders_have_a_limit(event, organizer, api_for):
    for hours in range(2, 21):
        reminders.add(event, by=organizer, reminder_type="custom", send_hours_before=Decimal(hours))

    response = api_for(organizer).post(
        url(event), {"reminder_type": "custom", "send_hours_before": "30"}
    )

    assert event.reminders.count() == 21
    assert error_of(response) == (409, "REMINDER_LIMIT")


@pytest.mark.parametrize(
    ("role", "codes"),
    [
        ("owner", (200, 201)),
        ("organizer", (200, 201)),
        ("instructor", (403, 403)),
        ("staff", (403, 403)),
        (None, (404, 404)),
    ],
)
def test_only_managers_see_and_plan(organizer, organization, api_for, stranger, role, codes):
    event = EventFactory(owner=organizer, organization=organization)
    person = {"owner": organizer, None: stranger}.get(role)
    if person is None:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)
    api = api_for(person)

    listed = api.get(url(event)).status_code
    added = api.post(url(event), {"reminder_type": "before_15m"}).status_code

    assert (listed, added) == codes


def test_status_filters_the_list(event, organizer, api_for):
    event.reminders.filter(reminder_type="before_1h").update(status="sent")

    found = api_for(organizer).get(url(event), {"status": "sent"}).json()["results"]

    assert [row["reminder_type"] for row in found] == ["before_1h"]


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_for_any_number(organizer, api_for, count, django_assert_num_queries):
    event = EventFactory(owner=organizer)
    session = event.sessions.get()
    for hours in range(1, count + 1):
        EventReminder.objects.create(
            event=event,
            session=session,
            reminder_type="custom",
            send_hours_before=hours,
            scheduled_for=START,
        )
    api = api_for(organizer)

    with django_assert_num_queries(4):
        assert api.get(url(event)).json()["count"] == count


def test_summary_reaches_the_managers_an_hour_after_the_end(clock, event, organizer, organization):
    Event.objects.filter(pk=event.pk).update(organization=organization)
    admin = UserFactory(email="admin@example.org", notify_event_summary=False)
    MembershipFactory(organization=organization, user=admin, role="admin")
    MembershipFactory(organization=organization, user=UserFactory(), role="staff")
    event.refresh_from_db()
    Event.objects.filter(pk=event.pk).update(status="live", published_at=MORNING)
    end = START + timedelta(days=1, hours=1)
    clock.move_to(end, tick=False)

    event.complete(by=organizer, at=end)

    clock.move_to(end + timedelta(minutes=59), tick=False)
    outbox.run_due(end + timedelta(minutes=59))
    assert not OutgoingEmail.objects.filter(kind="event_summary").exists()
    clock.move_to(end + timedelta(minutes=61), tick=False)
    outbox.run_due(end + timedelta(minutes=61))
    mails = OutgoingEmail.objects.filter(kind="event_summary")
    assert sorted(mails.values_list("to_email", flat=True)) == [
        "admin@example.org",
        "organizer@example.org",
    ]
    assert "Registered: 0" in mails.get(to_email="organizer@example.org").text
