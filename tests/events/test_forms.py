"""The questions of a registration form, one by one."""

from uuid import uuid4

import pytest

from events import questions
from events.models import EventCustomField
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.events import EventCustomFieldFactory, EventFactory


def url(event, *parts):
    return "/".join([f"/api/v1/events/{event.uuid}/custom-fields", *map(str, parts)]) + "/"


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


def asked(event):
    return list(event.custom_fields.order_by("order").values_list("label", "order"))


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.fixture
def event(organizer):
    event = EventFactory(owner=organizer)
    for order, label in enumerate(("Licence", "Ward"), start=1):
        EventCustomFieldFactory(event=event, label=label, order=order)
    return event


@pytest.fixture
def answered(event, monkeypatch):
    """The question somebody has answered."""
    field = event.custom_fields.get(label="Licence")
    monkeypatch.setattr(questions.answered_fields, "_answer", lambda _: {field.pk})
    return field


def test_question_is_added_after_the_others(api, event):
    body = {"label": "Diet", "field_type": "select", "options": ["A", "B"], "required": True}

    response = api.post(url(event), body)

    sent = response.json()
    assert response.status_code == 201
    assert {name: sent[name] for name in body} == body
    assert response["Location"].endswith(url(event, sent["uuid"]))
    assert asked(event) == [("Licence", 1), ("Ward", 2), ("Diet", 3)]


def test_question_changes_in_what_is_sent(api, event):
    field = event.custom_fields.get(label="Ward")

    response = api.patch(url(event, field.uuid), {"help_text": "Where you work."})

    assert (response.status_code, response.json()["label"]) == (200, "Ward")
    field.refresh_from_db()
    assert (field.help_text, field.order) == ("Where you work.", 2)


def test_question_is_removed_and_the_others_move_up(api, event):
    field = event.custom_fields.get(label="Licence")

    assert api.delete(url(event, field.uuid)).status_code == 204
    assert asked(event) == [("Ward", 1)]


def test_questions_are_asked_in_the_order_named(api, event):
    first, second = event.custom_fields.order_by("order")

    response = api.post(url(event, "reorder"), {"order": [str(second.uuid), str(first.uuid)]})

    assert response.status_code == 200
    assert [row["label"] for row in response.json()["results"]] == ["Ward", "Licence"]
    for wrong in ([first.uuid], [first.uuid, first.uuid], [first.uuid, uuid4()]):
        refused = api.post(url(event, "reorder"), {"order": [str(uuid) for uuid in wrong]})
        assert error_of(refused) == (400, "VALIDATION_ERROR")
    assert asked(event) == [("Ward", 1), ("Licence", 2)]


@pytest.mark.parametrize("method", ["delete", "retype"])
def test_answered_question_stays_as_it_is(api, event, answered, method):
    if method == "delete":
        response = api.delete(url(event, answered.uuid))
    else:
        response = api.patch(url(event, answered.uuid), {"field_type": "date", "label": "Other"})

    assert error_of(response) == (409, "FIELD_HAS_ANSWERS")
    answered.refresh_from_db()
    assert (answered.label, answered.field_type) == ("Licence", "text")


def test_answered_question_may_be_worded_anew(api, event, answered):
    assert api.patch(url(event, answered.uuid), {"label": "Licence no."}).status_code == 200


def test_answered_question_left_out_of_the_list_refuses_all(api, event, answered):
    """The title sent along is not changed either."""
    response = api.patch(f"/api/v1/events/{event.uuid}/", {"title": "Changed", "custom_fields": []})

    assert error_of(response) == (409, "FIELD_HAS_ANSWERS")
    before = event.title
    event.refresh_from_db()
    assert (event.title, len(asked(event))) == (before, 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"field_type": "text"}, "label"),
        ({"label": "X", "field_type": "colour"}, "field_type"),
        ({"label": "X", "field_type": "select", "options": ["one"]}, "options"),
        ({"label": "X", "field_type": "text", "options": ["A", "B"]}, "options"),
        ({"label": "X", "field_type": "number", "min_value": 3, "max_value": 2}, "min_value"),
        ({"label": "LICENCE", "field_type": "text"}, "custom_fields"),
    ],
)
def test_bad_questions_are_refused(api, event, body, field):
    response = api.post(url(event), body)

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert list(response.json()["error"]["details"]) == [field]
    assert len(asked(event)) == 2


def test_fifty_questions_are_the_limit(api, event):
    EventCustomField.objects.bulk_create(
        [
            EventCustomField(event=event, label=f"Q{n}", field_type="text", order=n)
            for n in range(3, 51)
        ]
    )

    response = api.post(url(event), {"label": "One more", "field_type": "text"})

    assert error_of(response) == (409, "FIELD_LIMIT")


@pytest.mark.parametrize("status", ["live", "completed", "closed", "cancelled"])
def test_running_event_keeps_its_questions(api, organizer, status):
    event = EventFactory(owner=organizer, **{status: True})

    response = api.post(url(event), {"label": "Late", "field_type": "text"})

    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["details"] == {
        "non_field_errors": ["Cannot edit event in current status."]
    }


@pytest.mark.parametrize(
    ("role", "read", "written"),
    [("organizer", 200, 201), ("instructor", 200, 403), ("staff", 200, 403), (None, 404, 404)],
)
def test_who_may_see_and_ask(organizer, organization, stranger, api_for, role, read, written):
    event = EventFactory(owner=organizer, organization=organization)
    field = EventCustomFieldFactory(event=event)
    person = stranger
    if role:
        person = UserFactory()
        MembershipFactory(organization=organization, user=person, role=role)
    api = api_for(person)

    assert api.get(url(event)).status_code == read
    assert api.post(url(event), {"label": "X", "field_type": "text"}).status_code == written
    changed = api.patch(url(event, field.uuid), {"label": "Y"}).status_code
    ordered = api.post(url(event, "reorder"), {"order": []}).status_code
    removed = api.delete(url(event, field.uuid)).status_code
    allowed = written == 201
    assert (changed, ordered, removed) == ((200, 400, 204) if allowed else (written,) * 3)


def test_question_of_another_event_is_not_found(api, event, organizer):
    other = EventCustomFieldFactory(event=EventFactory(owner=organizer))

    assert api.get(url(event, other.uuid)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_for_any_number(api, organizer, count, django_assert_num_queries):
    event = EventFactory(owner=organizer)
    EventCustomFieldFactory.create_batch(count, event=event)

    with django_assert_num_queries(4):
        assert api.get(url(event)).json()["count"] == count
