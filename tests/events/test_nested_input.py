"""No body sent to what hangs on an event breaks the server, and a refused one changes nothing."""

import pytest

from events.models import EventCustomField, EventReminder, EventSession
from tests.factories.events import (
    EventCustomFieldFactory,
    EventFactory,
    EventSessionFactory,
)

FAR = "9999-12-31T23:59:59Z"
NEW = {"title": "Practice", "starts_at": "2027-03-02T09:00:00Z", "duration_minutes": 90}
QUESTION = {"label": "Ward", "field_type": "text"}
ODD_VALUES = (None, "", " ", "x" * 6000, -1, 10**30, 1.5, True, [], {}, [[]], "\x00", FAR)
FIELDS = {
    "sessions": (
        "title",
        "description",
        "starts_at",
        "duration_minutes",
        "timezone",
        "room",
        "speakers",
        "session_type",
        "zoom_enabled",
        "cpd_credit_value_override",
        "is_required",
    ),
    "custom-fields": (
        "uuid",
        "label",
        "field_type",
        "required",
        "options",
        "placeholder",
        "help_text",
        "show_on_certificate",
        "default_value",
        "min_value",
        "max_value",
    ),
    "reminders": ("reminder_type", "send_hours_before", "session"),
}
BODIES = {
    "sessions": NEW,
    "custom-fields": QUESTION,
    "reminders": {"reminder_type": "custom", "send_hours_before": "48"},
}
MODELS = {
    "sessions": EventSession,
    "custom-fields": EventCustomField,
    "reminders": EventReminder,
}
VERBS = {
    "sessions/{session}/reschedule/": (
        "starts_at",
        "duration_minutes",
        "timezone",
        "reason",
        "notify",
    ),
    "sessions/{session}/cancel/": ("reason",),
    "sessions/reorder/": ("order",),
    "custom-fields/reorder/": ("order",),
    "meeting/retry/": ("sessions",),
}


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


@pytest.fixture
def event(organizer):
    """A draft with two sessions, a question and a reminder."""
    event = EventFactory(owner=organizer, is_multi_session=True, implicit_session=False)
    EventSessionFactory.create_batch(2, event=event)
    EventCustomFieldFactory(event=event)
    EventReminder.objects.create(
        event=event,
        reminder_type="before_24h",
        send_hours_before=24,
        scheduled_for=event.starts_at,
    )
    return event


def rows_of(model):
    return list(model.objects.order_by("pk").values())


@pytest.mark.parametrize(
    ("part", "field"), [(part, field) for part, fields in FIELDS.items() for field in fields]
)
def test_odd_values_are_refused_or_understood(api, event, part, field):
    model = MODELS[part]
    url = f"/api/v1/events/{event.uuid}/{part}/"
    row = f"{url}{model.objects.filter(event=event).first().uuid}/"

    for value in ODD_VALUES:
        for send, address, body in (
            (api.post, url, {**BODIES[part], field: value}),
            (api.patch, row, {field: value}),
        ):
            before = rows_of(model)
            response = send(address, body)
            assert response.status_code in {200, 201, 400, 409}, (value, response.content)
            if response.status_code >= 400:
                assert rows_of(model) == before
    assert api.get(f"/api/v1/events/{event.uuid}/").status_code == 200
    assert api.get(f"/api/v1/events/{event.uuid}/calendar.ics").status_code == 200


@pytest.mark.parametrize("path", VERBS)
def test_odd_bodies_of_verbs_are_refused_or_understood(api, event, path):
    session = event.sessions.first()
    address = f"/api/v1/events/{event.uuid}/{path.format(session=session.uuid)}"
    odd = [{field: value} for field in VERBS[path] for value in ODD_VALUES]

    for body in ([], "x", 1, None, *odd):
        status = api.post(address, body).status_code
        assert status in {200, 400, 409}, body
