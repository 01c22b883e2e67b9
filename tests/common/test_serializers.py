"""Clean text, related rows by uuid, rules as data."""

import json
import uuid
from decimal import Decimal

import pytest

from common.serializers import RichTextField
from tests.common.toolkit import Gadget
from tests.factories.accounts import UserFactory

URL = "/api/v1/gadgets/"


def errors(response):
    assert response.status_code == 400, response.content
    return response.json()["error"]["details"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "a\x00b"),
        ("title", "a\r\nBcc: x@example.org"),
        ("title", "a\tb"),
        ("title", "a\x1bb"),
        ("title", "\ud800"),
        ("story", "a\x0bb"),
        ("story", "a\x00b"),
        ("title", "x" * 101),
        ("title", "   "),
        ("size", "huge"),
        ("stock", "x"),
        ("stock", -1),
        ("stock", 2**40),
        ("stock", True),
        ("price", "NaN"),
        ("price", "1e9"),
        ("price", "1.234"),
        ("starts_at", "9999-12-31T23:59:59-12:00"),
        ("starts_at", "0001-01-01T00:00:00+14:00"),
        ("starts_at", "tomorrow"),
        ("twin", "x"),
        ("twin", 7),
        ("twin", {"uuid": "x"}),
        ("is_limited", "perhaps"),
    ],
)
def test_value_that_the_field_does_not_take_is_refused_on_it(api, field, text):
    body = json.dumps({"title": "Lathe", field: text})

    response = api.post(URL, body, content_type="application/json")

    assert list(errors(response)) == [field]


def test_text_is_trimmed_and_keeps_lines_where_there_may_be_some(api):
    body = api.post(URL, {"title": "  Lathe ", "story": " One\n\tTwo "}).json()

    assert (body["title"], body["story"]) == ("Lathe", "One\n\tTwo")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>Hi <b>you</b></p>", "<p>Hi you</p>"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        (
            '<a href="https://example.org" onclick="x()">x</a>',
            '<a href="https://example.org" rel="noopener noreferrer">x</a>',
        ),
        ("<h2>T</h2><h1>t</h1>", "<h2>T</h2>t"),
        ("<img src=x onerror=alert(1)>", ""),
    ],
)
def test_rich_text_keeps_the_allowed_tags_only(text, clean):
    assert RichTextField(allow_blank=True).run_validation(text) == clean


def test_related_row_is_named_by_its_uuid(api, make):
    twin = make()

    body = api.post(URL, {"title": "Lathe", "twin": str(twin.uuid).upper()}).json()

    assert body["twin"] == str(twin.uuid)


def test_unknown_and_foreign_rows_are_refused_alike(api, make):
    foreign = make(owner_uuid=uuid.uuid4())

    answers = [
        errors(api.post(URL, {"title": "Lathe", "twin": str(each)}))
        for each in (foreign.uuid, uuid.uuid4())
    ]

    assert answers == [{"twin": ["Not found."]}] * 2


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"is_limited": True}, {"limit": ["This field is required when is_limited is set."]}),
        ({"is_limited": True, "limit": 0}, None),
        ({"is_limited": False}, None),
        (
            {"starts_at": "2027-03-02T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"},
            {"starts_at": ["starts_at must not be after ends_at."]},
        ),
        ({"starts_at": "2027-03-01T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"}, None),
        ({"starts_at": "2027-03-01T00:00:00Z"}, None),
    ],
)
def test_rules_between_fields_hold_on_create(api, body, details):
    response = api.post(URL, {"title": "Lathe", **body})

    assert response.json().get("error", {}).get("details") == details


def test_rules_between_fields_read_the_row_on_a_partial_change(api, make):
    gadget = make(is_limited=True, limit=5)

    refused = api.patch(f"{URL}{gadget.uuid}/", {"limit": None})
    accepted = api.patch(f"{URL}{gadget.uuid}/", {"limit": None, "is_limited": False})

    assert list(errors(refused)) == ["limit"]
    assert accepted.status_code == 200


def test_decimals_are_text_and_times_end_with_z(api):
    body = api.post(
        URL, {"title": "Lathe", "price": 3, "starts_at": "2027-03-01T10:00:00+01:00"}
    ).json()

    assert (body["price"], body["starts_at"]) == ("3.00", "2027-03-01T09:00:00Z")
    assert Gadget.objects.get().price == Decimal("3.00")


def test_person_is_told_with_three_facts(gadgets, client_of):
    user = UserFactory(full_name="Ada Attendee", email="ada@example.org")

    assert client_of(user).get("/api/v1/people/me/").json() == {
        "uuid": str(user.uuid),
        "full_name": "Ada Attendee",
        "email": "ada@example.org",
    }
