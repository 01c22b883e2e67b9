from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from billing.models import BillingAccount
from common.exceptions import LimitReached
from common.models import AuditEntry
from events import catalogue, custom_fields, editing, questions, signals
from events.custom_fields import FieldHasAnswers
from events.editing import CapacityTooLow, HasSessions
from events.models import Event, EventCustomField, Tag
from tests.factories.events import (
    STARTS_AT,
    EventCustomFieldFactory,
    EventFactory,
    EventSessionFactory,
    SpeakerFactory,
)

STATUSES = ("draft", "published", "live", "completed", "closed", "cancelled")
EVERYWHERE = set(STATUSES)
OPEN = {"draft", "published"}
RUNNING = {*OPEN, "live", "completed"}
CHANGES = {
    "title": ("Another title", OPEN),
    "description": ("Text", OPEN),
    "starts_at": (STARTS_AT + timedelta(days=1), {"draft"}),
    "duration_minutes": (90, {"draft"}),
    "timezone": ("Europe/Berlin", {"draft"}),
    "format": ("hybrid", {"draft"}),
    "currency": ("EUR", {"draft"}),
    "is_multi_session": (True, {"draft"}),
    "capacity": (10, OPEN),
    "registration_deadline": (STARTS_AT, OPEN),
    "tags": (["Skin"], OPEN),
    "certificates_enabled": (False, RUNNING),
    "auto_issue_certificates": (True, RUNNING),
    "badges_enabled": (True, RUNNING),
    "recording_access_level": ("public", RUNNING),
}


def make(status, **fields):
    return EventFactory(**({} if status == "draft" else {status: True}), **fields)


def read(event, name):
    value = getattr(Event.objects.get(pk=event.pk), name)
    return list(value.values_list("name", flat=True)) if name == "tags" else value


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("name", "value", "allowed"), [(n, *v) for n, v in CHANGES.items()])
def test_status_decides_what_may_be_edited(organizer, status, name, value, allowed):
    event = make(status, owner=organizer)
    before = read(event, name)

    if status in allowed:
        editing.edit(event, by=organizer, changes={name: value})
    else:
        with pytest.raises(ValidationError) as refused:
            editing.edit(event, by=organizer, changes={name: value})
        field = name if status == "published" else "__all__"
        assert list(refused.value.message_dict) == [field]

    assert read(event, name) == (value if status in allowed else before)


def test_nothing_of_a_closed_event_is_edited_not_even_nothing(organizer):
    event = EventFactory(owner=organizer, closed=True)

    with pytest.raises(ValidationError):
        editing.edit(event, by=organizer, changes={})


def test_refusal_of_one_field_keeps_the_others(organizer):
    event = EventFactory(owner=organizer, published=True, title="Before")

    with pytest.raises(ValidationError):
        editing.edit(event, by=organizer, changes={"title": "After", "currency": "EUR"})

    assert Event.objects.get().title == "Before"


def test_edit_is_told_in_the_audit_log(organizer):
    event = EventFactory(owner=organizer)

    editing.edit(event, by=organizer, changes={"title": "New title", "tags": ["Skin"]})

    assert AuditEntry.objects.get(action="event.edited").payload["fields"] == ["tags", "title"]


def test_slug_follows_the_title_until_the_first_publication(organizer):
    event = EventFactory(owner=organizer)
    editing.edit(event, by=organizer, changes={"title": "Second title"})
    drafted = event.slug
    event.publish(by=organizer)

    editing.edit(event, by=organizer, changes={"title": "Third title"})

    assert (drafted, Event.objects.get().slug) == ("second-title", "second-title")


def test_session_of_a_single_event_follows_it(organizer):
    event = EventFactory(owner=organizer)

    editing.edit(
        event, by=organizer, changes={"title": "Longer", "duration_minutes": 120, "timezone": "UTC"}
    )

    session = event.sessions.get()
    assert (session.title, session.duration_minutes) == ("Longer", 120)
    assert session.ends_at == Event.objects.get().ends_at == STARTS_AT + timedelta(hours=2)


def test_past_start_of_a_draft_is_refused_only_when_changed(organizer):
    event = EventFactory(owner=organizer, starts_at=STARTS_AT - timedelta(days=3650))

    editing.edit(event, by=organizer, changes={"title": "Still a draft"})
    with pytest.raises(ValidationError, match="future"):
        editing.edit(event, by=organizer, changes={"starts_at": event.starts_at + timedelta(1)})

    assert Event.objects.get().title == "Still a draft"


@pytest.mark.parametrize(("capacity", "allowed"), [(5, True), (4, False), (None, True)])
def test_capacity_does_not_fall_below_what_is_taken(organizer, capacity, allowed):
    event = EventFactory(owner=organizer, published=True, capacity=10, places_taken=5)

    if allowed:
        editing.edit(event, by=organizer, changes={"capacity": capacity})
    else:
        with pytest.raises(CapacityTooLow) as refused:
            editing.edit(event, by=organizer, changes={"capacity": capacity})
        assert refused.value.details == {"places_taken": 5}

    assert Event.objects.get().capacity == (capacity if allowed else 10)


def test_capacity_beyond_the_plan_is_refused(organizer):
    subscription = BillingAccount.objects.get(user=organizer).subscription
    subscription.limits_override = {"registrations_per_event": 50}
    subscription.save()
    event = EventFactory(owner=organizer, published=True)

    with pytest.raises(LimitReached):
        editing.edit(event, by=organizer, changes={"capacity": 51})


@pytest.mark.parametrize("field", ["location", "online_url"])
def test_new_place_of_a_published_event_is_announced(organizer, field):
    heard = []

    def hear(event, **_):
        heard.append(event.calendar_sequence)

    event = EventFactory(owner=organizer, published=True)
    signals.event_rescheduled.connect(hear)
    try:
        editing.edit(event, by=organizer, changes={field: "https://example.org/room"})
        editing.edit(event, by=organizer, changes={field: "https://example.org/room"})
    finally:
        signals.event_rescheduled.disconnect(hear)

    assert heard == [1]
    assert event.sessions.get().calendar_sequence == 1


def test_only_remaining_session_becomes_the_events_own(organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    only = EventSessionFactory(event=event, duration_minutes=90)
    EventSessionFactory(event=event, status="cancelled", cancelled_at=STARTS_AT)

    editing.edit(event, by=organizer, changes={"is_multi_session": False})

    session = event.sessions.get()
    assert (session.pk, session.is_implicit) == (only.pk, True)
    assert Event.objects.get().duration_minutes == 90


def test_event_with_two_sessions_does_not_become_single(organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory.create_batch(2, event=event)

    with pytest.raises(HasSessions):
        editing.edit(event, by=organizer, changes={"is_multi_session": False})


def test_required_sessions_are_marked(organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    first, second = EventSessionFactory.create_batch(2, event=event, is_required=True)

    editing.edit(event, by=organizer, changes={"required_sessions": [second.uuid]})

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_required, second.is_required) == (False, True)


@pytest.mark.parametrize("trait", ["live", "completed"])
def test_what_is_required_is_settled_once_it_runs(organizer, trait):
    event = EventFactory(owner=organizer, **{trait: True})
    session = event.sessions.get()

    with pytest.raises(ValidationError) as refusal:
        editing.edit(event, by=organizer, changes={"required_sessions": [session.uuid]})

    assert refusal.value.message_dict == {"__all__": ["Cannot edit event in current status."]}
    assert not event.sessions.get().is_required


def test_sessions_of_another_event_are_not_required_here(organizer):
    event, other = EventFactory.create_batch(2, owner=organizer)

    with pytest.raises(ValidationError) as refused:
        editing.edit(
            event,
            by=organizer,
            changes={"required_sessions": [other.sessions.get().uuid], "title": "New title"},
        )

    assert refused.value.message_dict == {"required_sessions": ["Not found."]}


def test_speakers_come_from_the_tenants_own_library(organizer, organization):
    event = EventFactory(owner=organizer)
    mine = SpeakerFactory(owner=organizer)
    strangers = [SpeakerFactory(), SpeakerFactory(owner=organizer, organization=organization)]

    editing.edit(event, by=organizer, changes={"speakers": [mine.uuid]})
    for stranger in strangers:
        with pytest.raises(ValidationError):
            editing.edit(event, by=organizer, changes={"speakers": [stranger.uuid]})

    assert list(event.speakers.all()) == [mine]


def test_speakers_of_an_organization_come_from_its_library(organizer, organization):
    event = EventFactory(owner=organizer, organization=organization)
    ours = SpeakerFactory(organization=organization)

    editing.edit(event, by=organizer, changes={"speakers": [ours.uuid]})
    with pytest.raises(ValidationError):
        editing.edit(
            event, by=organizer, changes={"speakers": [SpeakerFactory(owner=organizer).uuid]}
        )

    assert [str(row) for row in event.speakers.all()] == [ours.name]


def test_put_keeps_what_the_sessions_decide(organizer):
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory(event=event, duration_minutes=90)

    changes = editing.replacing(event, {"title": "New title"}, ("title", "duration_minutes"))

    assert changes == {"title": "New title"}


def test_tags_are_replaced_and_shared(organizer):
    first, second = EventFactory.create_batch(2, owner=organizer)

    editing.edit(first, by=organizer, changes={"tags": ["Wound Care"]})
    editing.edit(second, by=organizer, changes={"tags": ["wound-care", "Skin"]})
    editing.edit(first, by=organizer, changes={"tags": []})

    assert list(Tag.objects.values_list("name", flat=True)) == ["Skin", "Wound Care"]
    assert not first.tags.exists()
    assert second.tags.count() == 2


TAG_GROUPS = {
    "by slug": (["Wound Care", "wound-care", " WOUND  care "], 1),
    "with accents": (["Ärzte", "arzte"], 1),
    "other scripts": (["護理", "Раны", "جروح", "раны"], 3),
    "mixed scripts": (["Раны 2", "Вода 2", "2"], 3),
    "signs": (["!!!", "???", "tag"], 3),
    "long": (["ß" * 40, "ss" * 20], 2),
}


@pytest.mark.parametrize(("names", "count"), TAG_GROUPS.values(), ids=TAG_GROUPS)
def test_words_that_mean_the_same_are_one_tag(organizer, names, count):
    event = EventFactory(owner=organizer)

    editing.edit(event, by=organizer, changes={"tags": names})

    assert event.tags.count() == count
    assert all(0 < len(tag.slug) <= 50 for tag in event.tags.all())


def test_unused_tags_are_forgotten(organizer):
    event = EventFactory(owner=organizer)
    editing.edit(event, by=organizer, changes={"tags": ["Kept", "Lost"]})
    editing.edit(event, by=organizer, changes={"tags": ["Kept"]})

    removed = catalogue.forget_unused_tags()

    assert (removed, Tag.objects.get().name) == (1, "Kept")


def test_search_text_follows(organizer):
    event = EventFactory(owner=organizer)
    speaker = SpeakerFactory(owner=organizer, name="Grace Hopper")

    editing.edit(
        event,
        by=organizer,
        changes={"title": "Skin", "tags": ["Ulcer"], "speakers": [speaker.uuid]},
    )

    assert Event.objects.get().search_text.split("\n") == ["Skin", "Ulcer", "Grace Hopper"]
    assert Event.objects.matching("hopper ULCER").exists()
    assert not Event.objects.matching("hopper law").exists()


def entry(label, **more):
    return {"label": label, "field_type": "text", "options": [], **more}


def test_questions_are_the_list_that_was_sent(organizer):
    event = EventFactory(owner=organizer)
    first, second, third = EventCustomFieldFactory.create_batch(3, event=event)

    custom_fields.replace(
        event,
        [
            entry(second.label, uuid=first.uuid),
            entry("New"),
            entry(first.label, uuid=second.uuid, required=True),
        ],
    )

    rows = event.custom_fields.values_list("label", "order", "required")
    assert list(rows) == [(second.label, 1, False), ("New", 2, False), (first.label, 3, True)]
    assert not EventCustomField.objects.filter(pk=third.pk).exists()


@pytest.mark.parametrize("change", ["removed", "retyped"])
def test_answered_question_stays_with_everything_sent_along(organizer, monkeypatch, change):
    event = EventFactory(owner=organizer, title="Before")
    field = EventCustomFieldFactory(event=event, label="Ward")
    monkeypatch.setattr(questions.answered_fields, "_answer", lambda _event: {field.pk})
    entries = [] if change == "removed" else [entry("Ward", uuid=field.uuid, field_type="date")]

    with pytest.raises(FieldHasAnswers) as refused:
        editing.edit(event, by=organizer, changes={"title": "After", "custom_fields": entries})

    assert refused.value.details == {"custom_fields": [{"uuid": str(field.uuid), "label": "Ward"}]}
    assert Event.objects.get().title == "Before"
    assert EventCustomField.objects.get().field_type == "text"


def test_answered_question_may_be_reworded(organizer, monkeypatch):
    event = EventFactory(owner=organizer)
    field = EventCustomFieldFactory(event=event)
    monkeypatch.setattr(questions.answered_fields, "_answer", lambda _event: {field.pk})

    custom_fields.replace(event, [entry("Reworded", uuid=field.uuid)])

    assert event.custom_fields.get().label == "Reworded"


@pytest.mark.parametrize("case", ["unknown", "of another event", "twice"])
def test_questions_must_be_the_events_own(organizer, case):
    event = EventFactory(owner=organizer)
    mine, other = EventCustomFieldFactory(event=event), EventCustomFieldFactory()
    uuids = {"unknown": [uuid4()], "of another event": [other.uuid], "twice": [mine.uuid] * 2}

    with pytest.raises(ValidationError, match=r"Not found\."):
        custom_fields.replace(
            event, [entry(f"q{n}", uuid=uuid) for n, uuid in enumerate(uuids[case])]
        )

    assert event.custom_fields.get() == mine
