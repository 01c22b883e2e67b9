from uuid import uuid4

import pytest

from events.models import Event
from events.serializers.writing import COLUMNS
from tests.factories.events import (
    EventFactory,
)

URL = "/api/v1/events/"
DRAFT = {"title": "Wound care basics", "starts_at": "2027-03-01T09:00:00Z"}


def url(event, *parts):
    return "/".join([f"{URL}{event.uuid}", *parts]) + "/"


@pytest.fixture
def api(api_for, organizer):
    return api_for(organizer)


BAD = {
    "no title": ({"starts_at": DRAFT["starts_at"]}, "title"),
    "short title": ({**DRAFT, "title": "ab"}, "title"),
    "no start": ({"title": "Wound care"}, "starts_at"),
    "past start": ({**DRAFT, "starts_at": "2020-01-01T09:00:00Z"}, "starts_at"),
    "start at the end of time": ({**DRAFT, "starts_at": "9999-12-31T23:59:59Z"}, "starts_at"),
    "deadline at the end of time": (
        {**DRAFT, "registration_deadline": "9999-12-31T23:59:59Z"},
        "registration_deadline",
    ),
    "naive start": ({**DRAFT, "starts_at": "2027-03-01T09:00:00"}, "starts_at"),
    "unreadable start": ({**DRAFT, "starts_at": "soon"}, "starts_at"),
    "start as a list": ({**DRAFT, "starts_at": []}, "starts_at"),
    "unknown zone": ({**DRAFT, "timezone": "Mars/Base"}, "timezone"),
    "too short": ({**DRAFT, "duration_minutes": 14}, "duration_minutes"),
    "too long": ({**DRAFT, "duration_minutes": 481}, "duration_minutes"),
    "no capacity": ({**DRAFT, "capacity": 0}, "capacity"),
    "huge capacity": ({**DRAFT, "capacity": 10**12}, "capacity"),
    "waitlist without capacity": ({**DRAFT, "waitlist_enabled": True}, "capacity"),
    "credits as NaN": ({**DRAFT, "cpd_credit_value": "NaN"}, "cpd_credit_value"),
    "credits with exponent": ({**DRAFT, "cpd_credit_value": "1e1"}, "cpd_credit_value"),
    "credits with three places": ({**DRAFT, "cpd_credit_value": "1.234"}, "cpd_credit_value"),
    "credits above 100": ({**DRAFT, "cpd_credit_value": "100.01"}, "cpd_credit_value"),
    "credits without type": (
        {**DRAFT, "cpd_enabled": True, "cpd_credit_value": "1"},
        "cpd_credit_type",
    ),
    "credits of zero": (
        {**DRAFT, "cpd_enabled": True, "cpd_credit_type": "CME", "cpd_credit_value": "0"},
        "cpd_credit_value",
    ),
    "deadline after the start": (
        {**DRAFT, "registration_deadline": "2027-03-01T09:00:01Z"},
        "registration_deadline",
    ),
    "opens after the deadline": (
        {
            **DRAFT,
            "registration_opens_at": "2027-02-02T00:00:00Z",
            "registration_deadline": "2027-02-01T00:00:00Z",
        },
        "registration_opens_at",
    ),
    "script as address": ({**DRAFT, "online_url": "javascript:alert(1)"}, "online_url"),
    "address without TLS": ({**DRAFT, "online_url": "http://meet.example.org"}, "online_url"),
    "address with a password": ({**DRAFT, "online_url": "https://a:b@example.org"}, "online_url"),
    "unknown setting": ({**DRAFT, "zoom_settings": {"spy": True}}, "zoom_settings"),
    "setting of wrong type": ({**DRAFT, "zoom_settings": {"waiting_room": "?"}}, "zoom_settings"),
    "settings as a list": ({**DRAFT, "zoom_settings": []}, "zoom_settings"),
    "21 objectives": ({**DRAFT, "learning_objectives": ["x"] * 21}, "learning_objectives"),
    "11 tags": ({**DRAFT, "tags": [f"tag {n}" for n in range(11)]}, "tags"),
    "51 questions": (
        {**DRAFT, "custom_fields": [{"label": f"q{n}", "field_type": "text"} for n in range(51)]},
        "custom_fields",
    ),
    "51 sessions": (
        {
            **DRAFT,
            "is_multi_session": True,
            "sessions": [{"title": "s", "starts_at": DRAFT["starts_at"], "duration_minutes": 60}]
            * 51,
        },
        "sessions",
    ),
    "question with one option": (
        {**DRAFT, "custom_fields": [{"label": "q", "field_type": "select", "options": ["a"]}]},
        "custom_fields",
    ),
    "two questions alike": (
        {
            **DRAFT,
            "custom_fields": [
                {"label": "Ward", "field_type": "text"},
                {"label": "WARD", "field_type": "text"},
            ],
        },
        "custom_fields",
    ),
    "unknown question": (
        {
            **DRAFT,
            "custom_fields": [{"uuid": str(uuid4()), "label": "q", "field_type": "text"}],
        },
        "custom_fields",
    ),
    "unknown category": ({**DRAFT, "category": "astrology"}, "category"),
    "unknown speaker": ({**DRAFT, "speakers": [str(uuid4())]}, "speakers"),
    "unknown organization": ({**DRAFT, "organization": str(uuid4())}, "organization"),
    "unknown template": ({**DRAFT, "certificate_template": str(uuid4())}, "certificate_template"),
    "refund that rises": (
        {
            **DRAFT,
            "refund_tiers": [
                {"until_hours_before": 1, "percent": 100},
                {"until_hours_before": 9, "percent": 50},
            ],
        },
        "refund_tiers",
    ),
    "modules": ({**DRAFT, "require_module_completion": True}, "require_module_completion"),
    "minimum sessions": (
        {**DRAFT, "completion_type": "minimum_sessions"},
        "minimum_sessions_required",
    ),
    "control characters": ({**DRAFT, "title": "Wound\ncare"}, "title"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD)
def test_bad_value_is_refused_on_its_field(api, body, field):
    response = api.post(URL, body)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field]
    assert not Event.all_objects.exists()


@pytest.mark.parametrize("body", [[], "text", 7, None], ids=repr)
def test_body_that_is_no_object_is_refused(api, body):
    assert api.post(URL, body, format="json").status_code == 400


def test_lone_surrogate_is_refused(api):
    body = '{"title": "Wound \\ud800 care", "starts_at": "2027-03-01T09:00:00Z"}'

    response = api.generic("POST", URL, body, content_type="application/json")

    assert response.status_code == 400


RESCHEDULES = {
    "nothing": {},
    "reason only": {"reason": "Rain."},
    "naive": {"starts_at": "2027-04-01T09:00:00"},
    "unreadable": {"starts_at": "tomorrow"},
    "past": {"starts_at": "2020-04-01T09:00:00Z"},
}


@pytest.mark.parametrize("body", RESCHEDULES.values(), ids=RESCHEDULES)
def test_bad_reschedule_is_refused_on_the_start(api, organizer, body):
    response = api.post(url(EventFactory(owner=organizer, published=True), "reschedule"), body)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["starts_at"]


def test_unknown_zone_of_a_reschedule_is_refused(api, organizer):
    event = EventFactory(owner=organizer, published=True)

    response = api.post(url(event, "reschedule"), {"timezone": "Mars/Base"})

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["timezone"]


ODD = (None, [], {}, [{}], "x", -1, 10**30)
FIELDS = (*COLUMNS, "tags", "speakers", "custom_fields", "sessions", "organization")


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_any_field_breaks_the_server(api, organizer, field):
    event = EventFactory(owner=organizer, is_multi_session=True)

    answers = {api.patch(url(event), {field: value}).status_code for value in ODD}

    assert answers <= {200, 400, 402}


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"until_hours_before": 5}, "refund_tiers"),
        ({"label": "Ward"}, "custom_fields"),
        ({"field_type": "select", "label": "Ward"}, "custom_fields"),
    ],
)
def test_half_an_entry_is_refused_also_in_a_patch(api, organizer, entry, field):
    response = api.patch(url(EventFactory(owner=organizer)), {field: [entry]})

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]


@pytest.mark.parametrize("verb", ["cancel", "unpublish", "reopen", "reschedule", "meeting/retry"])
def test_no_body_of_any_verb_breaks_the_server(api, organizer, verb):
    event = EventFactory(owner=organizer, published=True)
    bodies = [[], "x", 7, {"reason": []}, {"reason": 5}, {"starts_at": 5}, {"sessions": {}}]

    answers = {api.post(url(event, verb), body).status_code for body in bodies}

    assert answers <= {200, 202, 400, 409}
