"""A copy has everything that was written about the event, and nothing that happened at it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from billing.models import BillingAccount, UsageCounter
from common.models import AuditEntry
from events import copying, questions, reminders
from events.models import Event, EventReminder
from tests.factories.accounts import MembershipFactory
from tests.factories.events import (
    CategoryFactory,
    EventCustomFieldFactory,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
    TagFactory,
)
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


def url(event):
    return f"/api/v1/events/{event.uuid}/duplicate/"


def berlin(*moment):
    """09:00 in Berlin is 08:00 UTC in winter and 07:00 in summer."""
    return datetime(*moment, tzinfo=UTC)


def written(event):
    left = {"title", "starts_at", "registration_opens_at", "registration_deadline"}
    return {name: getattr(event, name) for name in copying.WRITTEN if name not in left}


def test_everything_written_is_copied(organizer):
    speaker, tag = SpeakerFactory(owner=organizer), TagFactory()
    event = EventFactory(
        owner=organizer,
        published=True,
        title="Wound care",
        description="# Dressings",
        learning_objectives=["Choose a dressing."],
        capacity=40,
        waitlist_enabled=True,
        refund_tiers=[{"until_hours_before": 24, "percent": 50}],
        zoom_settings={"waiting_room": False},
        cpd_enabled=True,
        cpd_credit_type="CME",
        cpd_credit_value="1.50",
        minimum_attendance_percent=70,
        category=CategoryFactory(),
    )
    event.tags.add(tag)
    event.speakers.add(speaker)
    EventCustomFieldFactory(event=event, label="Ward", field_type="select", options=["A", "B"])
    event.refresh_from_db()

    copy = copying.duplicate(event, by=organizer)

    copy.refresh_from_db()
    assert written(copy) == written(event)
    assert (copy.title, copy.owner, copy.duplicated_from) == (
        "Copy of Wound care",
        organizer,
        event,
    )
    assert ([*copy.tags.all()], [*copy.speakers.all()]) == ([tag], [speaker])
    assert [*copy.custom_fields.values_list("label", "field_type", "options")] == [
        ("Ward", "select", ["A", "B"])
    ]
    assert copy.sessions.values_list("title", "is_implicit").get() == ("Copy of Wound care", True)


def test_nothing_that_happened_is_copied(organizer):
    event = EventFactory(owner=organizer, live=True, registration_count=3, places_taken=3)
    event.sessions.update(meeting_status="ready", zoom_meeting_id="8812", attendance_count=3)
    RegistrationFactory(event=event)

    copy = copying.duplicate(event, by=organizer)

    copy.refresh_from_db()
    assert (copy.status, copy.published_at, copy.actual_started_at) == ("draft", None, None)
    assert (copy.registration_count, copy.places_taken, copy.registrations.count()) == (0, 0, 0)
    session = copy.sessions.get()
    assert (session.status, session.meeting_status, session.zoom_meeting_id) == (
        "scheduled",
        "none",
        "",
    )
    assert session.attendance_count == 0
    assert copy.slug != event.slug
    assert copy.public_code != event.public_code
    line = copy.status_history.get()
    assert (line.from_status, line.to_status, line.changed_by) == ("", "draft", organizer)
    entry = AuditEntry.objects.get(action="event.duplicated")
    assert (entry.target_uuid, entry.payload["original"]) == (copy.uuid, str(event.uuid))


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        pytest.param(berlin(2026, 6, 10, 7), berlin(2026, 6, 17, 7), id="a week later"),
        pytest.param(berlin(2026, 10, 20, 7), berlin(2026, 10, 27, 8), id="clocks go back"),
        pytest.param(berlin(2027, 3, 25, 8), berlin(2027, 4, 1, 7), id="clocks go forward"),
        pytest.param(berlin(2026, 5, 20, 7), berlin(2026, 6, 3, 7), id="past: whole weeks"),
        pytest.param(berlin(2026, 5, 26, 7, 59), berlin(2026, 6, 9, 7, 59), id="less than a day"),
        pytest.param(berlin(2026, 5, 26, 8), berlin(2026, 6, 2, 8), id="exactly a day"),
        pytest.param(berlin(2025, 12, 1, 8), berlin(2026, 6, 8, 7), id="last winter"),
    ],
)
def test_a_copy_keeps_the_wall_clock_time(clock, starts_at, expected):
    event = EventFactory.build(starts_at=starts_at, timezone="Europe/Berlin")

    assert copying.next_start(event, NOW).astimezone(UTC) == expected


def test_sessions_opening_and_deadline_keep_their_local_distance(clock, organizer):
    first = berlin(2026, 10, 20, 7)
    event = EventFactory(
        owner=organizer,
        is_multi_session=True,
        implicit_session=False,
        timezone="Europe/Berlin",
        starts_at=first,
        registration_opens_at=first - timedelta(days=30),
        registration_deadline=first - timedelta(hours=2),
    )
    EventSessionFactory(event=event, title="One", is_required=True, room="A")
    EventSessionFactory(event=event, title="Two", starts_at=berlin(2026, 10, 27, 8))
    EventSessionFactory(
        event=event, title="Three", status="cancelled", cancelled_at=first, starts_at=first
    )

    copy = copying.duplicate(event, by=organizer, starts_at=berlin(2026, 10, 22, 8))

    copy.refresh_from_db()
    # From 09:00 to 10:00 and two days on; the second session falls into winter time.
    assert [*copy.sessions.values_list("session_number", "title", "starts_at", "room")] == [
        (1, "One", berlin(2026, 10, 22, 8), "A"),
        (2, "Two", berlin(2026, 10, 29, 9), ""),
    ]
    assert [*copy.sessions.values_list("is_required", flat=True)] == [True, False]
    assert (copy.starts_at, copy.ends_at) == (berlin(2026, 10, 22, 8), berlin(2026, 10, 29, 10))
    assert copy.registration_opens_at == berlin(2026, 9, 22, 8)
    assert copy.registration_deadline == berlin(2026, 10, 22, 6)


def test_sessions_that_fell_with_the_event_are_held_again(organizer):
    event = EventFactory(
        owner=organizer, is_multi_session=True, implicit_session=False, published=True
    )
    dropped = EventSessionFactory(event=event, title="Dropped")
    EventSessionFactory(event=event, title="Held")
    dropped.cancel(by=organizer)
    event.refresh_from_db()
    event.cancel(by=organizer)

    copy = copying.duplicate(event, by=organizer)

    assert copy.sessions.values_list("session_number", "title", "status").get() == (
        1,
        "Held",
        "scheduled",
    )


def test_reminders_come_along(clock, organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    session = EventSessionFactory(event=event)
    reminders.plan(event)
    EventReminder.objects.filter(session=None).update(status="sent")

    copy = copying.duplicate(event, by=organizer, starts_at=berlin(2026, 7, 1, 9))

    planned = copy.reminders.values_list("session", "send_hours_before", "scheduled_for", "status")
    again = copy.sessions.get()
    assert again != session
    assert [*planned] == [
        (None, 24, berlin(2026, 6, 30, 9), "pending"),
        (again.pk, 1, berlin(2026, 7, 1, 8), "pending"),
    ]


def test_apps_above_copy_their_parts(organizer, monkeypatch):
    copied = []
    monkeypatch.setattr(questions.copy_parts, "_answers", [])
    questions.copy_parts.answer(lambda original, copy: copied.append((original, copy)))
    event = EventFactory(owner=organizer)

    copy = copying.duplicate(event, by=organizer)

    assert copied == [(event, copy)]


def test_a_failing_part_leaves_nothing(organizer, monkeypatch):
    def fail(_original, _copy):
        raise LookupError("down")

    monkeypatch.setattr(questions.copy_parts, "_answers", [fail])
    event = EventFactory(owner=organizer)

    with pytest.raises(LookupError):
        copying.duplicate(event, by=organizer)

    assert Event.all_objects.get() == event
    assert not UsageCounter.objects.exists()


def test_templates_that_are_gone_are_left_out(organizer):
    event = EventFactory(
        owner=organizer, certificate_template="5b0d6f0e-7a0c-4b52-9d8e-3f6a1c2b4d5e"
    )

    assert copying.duplicate(event, by=organizer).certificate_template is None


def test_a_start_in_the_past_is_refused(clock, organizer):
    event = EventFactory(owner=organizer)

    with pytest.raises(ValidationError) as refused:
        copying.duplicate(event, by=organizer, starts_at=NOW)

    assert refused.value.message_dict == {"starts_at": ["The start must be in the future."]}


def test_copy_is_answered_whole(api, organizer):
    event = EventFactory(owner=organizer, completed=True)

    response = api.post(
        url(event), {"title": "Once more", "starts_at": "2027-09-01T09:00:00+02:00"}
    )

    body = response.json()
    assert response.status_code == 201
    assert (body["title"], body["starts_at"], body["status"], body["duplicated_from"]) == (
        "Once more",
        "2027-09-01T07:00:00Z",
        "draft",
        str(event.uuid),
    )
    assert response.headers["ETag"] == api.get(f"/api/v1/events/{body['uuid']}/").headers["ETag"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"starts_at": "2020-01-01T09:00:00Z"}, "starts_at"),
        ({"starts_at": "2027-01-01T09:00:00"}, "starts_at"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"title": "x"}, "title"),
        ({"title": "x" * 201}, "title"),
    ],
)
def test_bad_input_names_its_field(api, organizer, body, field):
    event = EventFactory(owner=organizer)

    response = api.post(url(event), body)

    assert (response.status_code, [*response.json()["error"]["details"]]) == (400, [field])
    assert Event.objects.get() == event


def test_a_copy_counts_against_the_plan(api, organizer):
    subscription = BillingAccount.objects.get(user=organizer).subscription
    subscription.limits_override = {"events_per_month": 1}
    subscription.save()
    event = EventFactory(owner=organizer)

    answers = [api.post(url(event)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 402]
    assert answers[1].json()["error"]["details"] == {
        "limit": "events_per_month",
        "max": 1,
        "used": 1,
        "requested": 1,
        "plan": "trial",
    }
    assert Event.objects.count() == 2


def test_a_copy_needs_a_subscription(api, organizer):
    BillingAccount.objects.get(user=organizer).subscription.delete()
    event = EventFactory(owner=organizer)

    response = api.post(url(event))

    assert (response.status_code, response.json()["error"]["message"]) == (
        403,
        "Active subscription required.",
    )


def test_capacity_beyond_the_plan_is_refused(api, organizer):
    subscription = BillingAccount.objects.get(user=organizer).subscription
    subscription.limits_override = {"registrations_per_event": 10}
    subscription.save()

    response = api.post(url(EventFactory(owner=organizer, capacity=11)))

    assert response.status_code == 402
    assert response.json()["error"]["details"]["limit"] == "registrations_per_event"


def test_the_copy_is_the_callers_in_the_same_organization(api_for, organization, colleague):
    event = EventFactory(
        organization=organization, owner=organization.memberships.get(role="owner").user
    )

    response = api_for(colleague).post(url(event))

    copy = Event.objects.get(uuid=response.json()["uuid"])
    assert (copy.owner, copy.organization) == (colleague, organization)


@pytest.mark.parametrize(("role", "status"), [("instructor", 403), ("staff", 403)])
def test_who_manages_none_copies_none(api_for, organization, organizer, role, status):
    person = MembershipFactory(organization=organization, role=role).user
    event = EventFactory(organization=organization, owner=organizer)

    assert api_for(person).post(url(event)).status_code == status
    assert Event.objects.count() == 1


def test_to_strangers_there_is_nothing_to_copy(api_for, anonymous, organizer, stranger):
    event = EventFactory(owner=organizer)

    answers = [api_for(stranger).post(url(event)), anonymous.post(url(event))]

    assert [answer.status_code for answer in answers] == [404, 401]
