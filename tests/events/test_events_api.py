from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from common.models import AuditEntry
from events.models import Event, EventSession
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.billing import BillingAccountFactory, SubscriptionFactory
from tests.factories.events import (
    STARTS_AT,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
)

URL = "/api/v1/events/"
DRAFT = {"title": "Wound care basics", "starts_at": "2027-03-01T09:00:00Z"}
FULL = {
    **DRAFT,
    "short_description": "An hour on dressings.",
    "description": "# Dressings\n<script>alert(1)</script>",
    "learning_objectives": ["Choose a dressing."],
    "event_type": "workshop",
    "format": "hybrid",
    "location": "Room 1\nBerlin",
    "duration_minutes": 90,
    "timezone": "Europe/Berlin",
    "registration_deadline": "2027-02-28T09:00:00+01:00",
    "capacity": 40,
    "waitlist_enabled": True,
    "refund_tiers": [
        {"until_hours_before": 24, "percent": 50},
        {"until_hours_before": 168, "percent": 100},
    ],
    "zoom_enabled": True,
    "zoom_settings": {"waiting_room": False, "auto_recording": "local"},
    "cpd_enabled": True,
    "cpd_credit_type": "CME",
    "cpd_credit_value": "1.50",
    "category": "nursing",
    "tags": ["Wound Care", "wound-care", "Dressings"],
    "custom_fields": [
        {"label": "Licence number", "field_type": "text", "required": True},
        {"label": "Ward", "field_type": "select", "options": ["A", "B"]},
    ],
}
VERBS = ("publish", "unpublish", "start", "complete", "close", "cancel", "reopen", "reschedule")
NESTED = ("status-history", "meeting", "sessions")


def url(event, *parts):
    return "/".join([f"{URL}{event.uuid}", *parts]) + "/"


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


def test_draft_is_created_with_its_parts(api, organizer):
    response = api.post(URL, FULL)

    body = response.json()
    event = Event.objects.get()
    assert response.status_code == 201
    assert response["Location"].endswith(f"{URL}{event.uuid}/")
    assert response["ETag"]
    sent = {name: body[name] for name in FULL.keys() - {"custom_fields", "tags", "category"}}
    assert sent == {
        **{name: FULL[name] for name in sent},
        "registration_deadline": "2027-02-28T08:00:00Z",
        "refund_tiers": [
            {"until_hours_before": 168, "percent": 100},
            {"until_hours_before": 24, "percent": 50},
        ],
    }
    assert body["category"]["slug"] == "nursing"
    assert body["tags"] == ["Dressings", "Wound Care"]
    assert [field["label"] for field in body["custom_fields"]] == ["Licence number", "Ward"]
    assert (body["slug"], body["status"], body["ends_at"]) == (
        "wound-care-basics",
        "draft",
        "2027-03-01T10:30:00Z",
    )
    assert event.status_history.get().changed_by == organizer
    session = event.sessions.get()
    assert (session.is_implicit, session.title, session.timezone) == (
        True,
        "Wound care basics",
        "Europe/Berlin",
    )
    assert AuditEntry.objects.filter(action="event.created", target_uuid=event.uuid).exists()


def test_answer_sent_back_changes_nothing(api):
    created = api.post(URL, FULL).json()
    changed = ("updated_at",)

    response = api.put(f"{URL}{created['uuid']}/", created)

    body = response.json()
    assert response.status_code == 200, body
    for field in body["custom_fields"] + created["custom_fields"]:
        field.pop("updated_at")
    assert {k: v for k, v in body.items() if k not in changed} == {
        k: v for k, v in created.items() if k not in changed
    }


def test_event_with_sessions_follows_them(api, organizer):
    speaker = SpeakerFactory(owner=organizer)
    sessions = [
        {
            "title": "Day one",
            "starts_at": "2027-06-03T09:00:00Z",
            "duration_minutes": 90,
            "speakers": [str(speaker.uuid)],
        },
        {"title": "Day two", "starts_at": "2027-06-10T09:00:00Z", "duration_minutes": 60},
    ]

    body = api.post(
        URL,
        {
            "title": "Conference",
            "is_multi_session": True,
            "sessions": sessions,
            "starts_at": "ignored",
            "cpd_enabled": True,
            "cpd_credit_type": "CME",
            "cpd_credit_value": "5.00",
        },
    ).json()

    assert (body["starts_at"], body["ends_at"], body["duration_minutes"]) == (
        "2027-06-03T09:00:00Z",
        "2027-06-10T10:00:00Z",
        150,
    )
    assert [
        (row["session_number"], row["title"], row["cpd_credit_value"], row["is_implicit"])
        for row in body["sessions"]
    ] == [(1, "Day one", "3.00", False), (2, "Day two", "2.00", False)]
    assert body["sessions"][0]["speakers"][0]["uuid"] == str(speaker.uuid)


def test_fields_of_the_server_are_ignored(api, organizer, stranger):
    body = api.post(
        URL,
        {
            **DRAFT,
            "status": "published",
            "slug": "mine",
            "public_code": "aaaaaaaa",
            "registration_count": 5,
            "owner": str(stranger.uuid),
        },
    ).json()

    assert (body["status"], body["slug"], body["registration_count"], body["owner"]["uuid"]) == (
        "draft",
        "wound-care-basics",
        0,
        str(organizer.uuid),
    )


@pytest.mark.django_db
def test_creating_needs_a_subscription(api_for):
    response = api_for(UserFactory(organizer=True)).post(URL, DRAFT)

    assert response.status_code == 403
    assert response.json()["error"] == {
        "code": "PERMISSION_DENIED",
        "message": "Active subscription required.",
        "details": {"reason": "subscription_required", "status": None},
    }


def test_attendee_has_no_events(api_for, attendee):
    response = api_for(attendee).get(URL)

    assert response.status_code == 403
    assert response.json()["error"]["message"] == "Organizer account required."


@pytest.mark.django_db
def test_plan_limits_the_number_of_events(api_for):
    owner = UserFactory(organizer=True)
    SubscriptionFactory(
        account=BillingAccountFactory(user=owner), limits_override={"events_per_month": 1}
    )
    api = api_for(owner)

    codes = [api.post(URL, DRAFT).status_code, api.post(URL, {**DRAFT, "title": "x"}).status_code]
    refused = api.post(URL, DRAFT)

    assert codes == [201, 400]
    assert refused.status_code == 402
    assert refused.json()["error"]["details"]["limit"] == "events_per_month"
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_capacity_beyond_the_plan_is_refused(api_for):
    owner = UserFactory(organizer=True)
    SubscriptionFactory(
        account=BillingAccountFactory(user=owner), limits_override={"registrations_per_event": 50}
    )

    response = api_for(owner).post(URL, {**DRAFT, "capacity": 51})

    assert response.status_code == 402
    assert not Event.objects.exists()


def test_same_key_makes_one_event(api):
    first = api.post(URL, DRAFT, headers={"Idempotency-Key": "k1"})
    again = api.post(URL, DRAFT, headers={"Idempotency-Key": "k1"})
    other = api.post(URL, {**DRAFT, "title": "Other"}, headers={"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert Event.objects.count() == 1


PEOPLE = {
    "owner": ("owner", 201, 200, 200, 200, 204),
    "admin": ("admin", 201, 200, 200, 200, 204),
    "organizer": ("organizer", 201, 200, 200, 200, 403),
    "instructor": ("instructor", 403, 200, 403, 403, 403),
    "staff": ("staff", 403, 200, 403, 403, 403),
}


@pytest.mark.parametrize(
    ("role", "create", "see", "edit", "publish", "delete"), PEOPLE.values(), ids=PEOPLE
)
def test_role_decides(api_for, organization, organizer, role, create, see, edit, publish, delete):
    event = EventFactory(owner=organizer, organization=organization)
    doomed = EventFactory(owner=organizer, organization=organization)
    person = organizer if role == "owner" else UserFactory()
    if role != "owner":
        MembershipFactory(organization=organization, user=person, role=role)
    api = api_for(person)

    answers = (
        api.post(URL, {**DRAFT, "organization": str(organization.uuid)}).status_code,
        api.get(url(event)).status_code,
        api.patch(url(event), {"short_description": "New"}).status_code,
        api.post(url(event, "publish")).status_code,
        api.delete(url(doomed)).status_code,
    )

    assert answers == (create, see, edit, publish, delete)


def test_owner_who_left_the_organization_sees_nothing(api_for, organization):
    person = UserFactory(organizer=True)
    MembershipFactory(organization=organization, user=person, ended=True)
    event = EventFactory(owner=person, organization=organization)

    assert api_for(person).get(url(event)).status_code == 404


def test_organizer_deletes_own_events_of_the_organization(api_for, organization, colleague):
    event = EventFactory(owner=colleague, organization=organization)

    assert api_for(colleague).delete(url(event)).status_code == 204


def test_platform_staff_look_but_do_not_touch(api_for, staff_member):
    event = EventFactory()
    api = api_for(staff_member)

    assert api.get(url(event)).status_code == 200
    assert api.post(url(event, "publish")).status_code == 403


@pytest.mark.parametrize("verb", [*VERBS, "restore"])
def test_verbs_on_a_strangers_event_are_not_found(api_for, stranger, verb):
    event = EventFactory(published=True)

    response = api_for(stranger).post(url(event, verb), {"reason": "r", "timezone": "UTC"})

    assert response.status_code == 404


def test_change_of_a_session_is_a_new_version_of_its_event(api, organizer):
    event = EventFactory(owner=organizer, live=True, is_multi_session=True, implicit_session=False)
    session = EventSessionFactory(event=event)
    tag = api.get(url(event))["ETag"]

    api.post(url(event, "sessions", str(session.uuid), "start"))

    answer = api.patch(url(event), {"badges_enabled": True}, headers={"If-Match": tag})
    assert answer.status_code == 412


@pytest.mark.parametrize("part", ["", *NESTED])
def test_strangers_event_is_not_found(api_for, stranger, part):
    event = EventFactory(published=True)
    api = api_for(stranger)
    path = url(event, part) if part else url(event)

    assert api.get(path).status_code == 404


def test_writes_to_a_strangers_event_are_not_found(api_for, stranger):
    event = EventFactory()
    session = event.sessions.get()
    api = api_for(stranger)

    answers = {
        api.patch(url(event), {"title": "Mine"}).status_code,
        api.put(url(event), DRAFT).status_code,
        api.delete(url(event)).status_code,
        api.post(url(event, "meeting", "retry")).status_code,
        api.get(url(event, "sessions", str(session.uuid))).status_code,
        api.post(url(event, "sessions", str(session.uuid), "start")).status_code,
        api.post(url(event, "sessions", str(session.uuid), "complete")).status_code,
        api.post(url(event, "sessions", str(session.uuid), "cancel")).status_code,
    }

    assert answers == {404}


def test_sessions_of_another_event_are_not_found(api, organizer):
    mine, other = EventFactory.create_batch(2, owner=organizer)

    assert api.get(url(mine, "sessions", str(other.sessions.get().uuid))).status_code == 404


def test_list_shows_own_events_only(api, organizer):
    EventFactory(owner=organizer, title="Mine")
    EventFactory(title="Not mine")
    EventFactory(owner=organizer, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert [row["title"] for row in api.get(URL).json()["results"]] == ["Mine"]


def test_deleted_events_are_shown_to_those_who_manage_them(api, api_for, organizer, stranger):
    event = EventFactory(owner=organizer, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    asked = {"include_deleted": "true"}

    assert api.get(URL, asked).json()["results"][0]["is_deleted"] is True
    assert api.get(url(event), asked).json()["is_deleted"] is True
    assert api.get(url(event)).status_code == 404
    assert api_for(stranger).get(URL, asked).json()["count"] == 0
    assert api_for(stranger).get(url(event), asked).status_code == 404


def test_deleted_draft_is_restored_with_its_slug(api, organizer):
    event = EventFactory(owner=organizer)

    deleted = api.delete(url(event))
    gone = api.get(url(event))
    restored = api.post(url(event, "restore"))

    assert (deleted.status_code, gone.status_code, restored.status_code) == (204, 404, 200)
    assert restored.json()["slug"] == event.slug


def test_published_event_is_not_deleted(api, organizer):
    response = api.delete(url(EventFactory(owner=organizer, published=True)))

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "EVENT_NOT_DELETABLE"


def test_publishing_twice_is_refused(api, organizer):
    event = EventFactory(owner=organizer)

    first, second = (api.post(url(event, "publish")) for _ in range(2))

    assert (first.status_code, first.json()["status"]) == (200, "published")
    assert second.status_code == 400
    assert second.json()["error"] == {
        "code": "INVALID_STATUS",
        "message": "Only draft events can be published.",
        "details": {"status": "published"},
    }


def test_incomplete_event_says_what_is_missing(api, organizer):
    response = api.post(url(EventFactory(owner=organizer, format="in_person"), "publish"))

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "NOT_READY_TO_PUBLISH"
    assert list(response.json()["error"]["details"]) == ["location"]


def test_reopening_wants_a_reason(api, organizer):
    response = api.post(url(EventFactory(owner=organizer, closed=True), "reopen"))

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["reason"]


def test_times_of_a_published_event_move_by_rescheduling_only(api, organizer):
    event = EventFactory(owner=organizer, published=True)
    moved = (STARTS_AT + timedelta(days=7)).isoformat()

    edited = api.patch(url(event), {"starts_at": moved})
    same = api.patch(url(event), {"starts_at": STARTS_AT.isoformat()})
    rescheduled = api.post(url(event, "reschedule"), {"starts_at": moved}).json()

    assert edited.status_code == 400
    assert edited.json()["error"]["details"] == {
        "starts_at": ["Cannot change starts_at after event is published."]
    }
    assert same.status_code == 200
    assert (rescheduled["starts_at"], rescheduled["previous_starts_at"]) == (
        "2027-03-08T09:00:00Z",
        "2027-03-01T09:00:00Z",
    )


def test_second_writer_with_the_same_tag_is_refused(api, organizer):
    event = EventFactory(owner=organizer)
    tag = api.get(url(event))["ETag"]

    first = api.patch(url(event), {"title": "First"}, headers={"If-Match": tag})
    second = api.patch(url(event), {"title": "Second"}, headers={"If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert Event.objects.get().title == "First"


def test_known_representation_is_not_sent_again(api, organizer):
    event = EventFactory(owner=organizer)
    tag = api.get(url(event))["ETag"]

    assert api.get(url(event), headers={"If-None-Match": tag}).status_code == 304


def test_malformed_ids_are_not_found(api):
    assert {api.get(f"{URL}{path}/").status_code for path in ("1", "not-a-uuid", str(uuid4()))} == {
        404
    }


def test_history_tells_who_did_what(api, organizer):
    event = EventFactory(owner=organizer, published=True)
    api.post(url(event, "cancel"), {"reason": "Illness."})

    change = api.get(url(event, "status-history")).json()["results"][0]

    assert {**change, "uuid": "", "created_at": ""} == {
        "uuid": "",
        "from_status": "published",
        "to_status": "cancelled",
        "changed_by": {
            "uuid": str(organizer.uuid),
            "full_name": organizer.full_name,
            "email": organizer.email,
        },
        "reason": "Illness.",
        "created_at": "",
    }


def test_sessions_are_listed_started_and_completed(api, organizer):
    event = EventFactory(
        owner=organizer, published=True, is_multi_session=True, implicit_session=False
    )
    first, second = EventSessionFactory.create_batch(2, event=event)

    started = api.post(url(event, "sessions", str(first.uuid), "start"))
    completed = api.post(url(event, "sessions", str(first.uuid), "complete"))
    cancelled = api.post(url(event, "sessions", str(second.uuid), "cancel"), {"reason": "Ill."})

    assert [answer.json()["status"] for answer in (started, completed, cancelled)] == [
        "live",
        "completed",
        "cancelled",
    ]
    rows = api.get(url(event, "sessions"), {"status": "cancelled"}).json()["results"]
    assert [row["cancellation_reason"] for row in rows] == ["Ill."]
    assert api.get(url(event)).json()["status"] == "completed"


@pytest.mark.parametrize("count", [1, 3])
def test_session_list_costs_the_same(api, organizer, django_assert_num_queries, count):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory.create_batch(count, event=event)

    with django_assert_num_queries(6):
        response = api.get(url(event, "sessions"))

    assert response.json()["count"] == count


def test_join_link_is_for_those_at_the_door(api_for, organization, organizer):
    event = EventFactory(owner=organizer, organization=organization, published=True)
    EventSession.objects.update(zoom_join_url="https://zoom.example/j/1", zoom_meeting_id="1")
    shown = {}
    for role in ("staff", "instructor"):
        person = MembershipFactory(organization=organization, role=role).user
        shown[role] = api_for(person).get(url(event)).json()

    assert shown["staff"]["zoom_join_url"] == "https://zoom.example/j/1"
    assert shown["staff"]["sessions"][0]["zoom_join_url"] == "https://zoom.example/j/1"
    assert "zoom.example" not in str(shown["instructor"])
