"""How answers are written."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from common.renderers import encode
from tests.factories.accounts import UserFactory

URL = "/api/v1/gadgets/"
PAGE = {"HTTP_ACCEPT": "text/html"}


def browser_of(user, **options):
    """Return a browser signed in as the user."""
    client = APIClient(**options)
    client.force_login(user)
    return client


@pytest.fixture
def browser(gadgets, owner):
    return browser_of(owner)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "é ß 名"}, '{"a":"é ß 名"}'),
        ({"at": datetime(2027, 3, 1, 9, tzinfo=UTC)}, '{"at":"2027-03-01T09:00:00Z"}'),
        (
            {"at": datetime(2027, 3, 1, 9, 0, 0, 5, tzinfo=UTC)},
            '{"at":"2027-03-01T09:00:00.000005Z"}',
        ),
        ({"amount": Decimal("1.50")}, '{"amount":"1.50"}'),
        ({"id": uuid.UUID(int=10)}, '{"id":"00000000-0000-0000-0000-00000000000a"}'),
        ({1: "x"}, '{"1":"x"}'),
        ({"a": "\u2028"}, '{"a":"\\u2028"}'),
    ],
)
def test_json_is_written_exactly(value, text):
    assert encode(value) == text.encode()


def test_not_a_number_never_leaves():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"a": float("nan")})


def test_indentation_is_given_on_request(api, make):
    response = api.get(f"{URL}{make().uuid}/", HTTP_ACCEPT="application/json; indent=2")

    assert response.content.startswith(b'{\n  "uuid"')


def test_page_is_for_browser_sessions(api, browser, anonymous, gadgets):
    page, refused = browser.get(URL, **PAGE), anonymous.get(URL, **PAGE)

    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (refused.status_code, refused["Content-Type"]) == (406, "application/json")


def test_page_is_for_everybody_in_development(anonymous, gadgets, settings):
    settings.DEBUG = True

    response = anonymous.get("/api/v1/catalogue/", **PAGE)

    assert response["Content-Type"] == "text/html; charset=utf-8"


def test_page_can_be_switched_off(browser, settings):
    settings.BROWSABLE_API = False

    assert browser.get(URL, **PAGE).status_code == 406
    assert browser.get(URL, HTTP_ACCEPT="text/html,*/*;q=0.8").status_code == 200


def test_select_boxes_hold_own_rows_only(browser, make):
    own, foreign = make(title="Mine own"), make(title="Foreign", owner_uuid=uuid.uuid4())

    page = browser.get(f"{URL}{own.uuid}/", **PAGE).content.decode()

    assert f'<option value="{own.uuid}"' in page
    assert str(foreign.uuid) not in page
    assert "Foreign" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_page_stays_below_thirty_queries(browser, make, count, django_assert_max_num_queries):
    gadget, *_ = [make(twin=make()) for _ in range(count)]

    with django_assert_max_num_queries(30):
        browser.get(URL, **PAGE)
    with django_assert_max_num_queries(30):
        browser.get(f"{URL}{gadget.uuid}/", **PAGE)


def test_beyond_a_hundred_rows_the_box_becomes_a_field_for_a_uuid(browser, make):
    for _ in range(102):
        gadget = make()

    page = browser.get(f"{URL}{gadget.uuid}/", **PAGE).content.decode()

    assert page.count("<option value=") < 50
    assert 'name="twin"' in page


def test_options_tell_how_to_speak_and_nothing_of_rows(api, make):
    make(title="Lathe")

    body = api.options(URL).json()

    assert list(body) == ["name", "description", "renders", "parses"]
    assert "Lathe" not in str(body)


def test_options_want_a_sign_in(anonymous, gadgets):
    assert anonymous.options(URL).status_code == 401


def test_form_of_the_page_changes_the_row(browser, make):
    gadget = make(title="Old")

    response = browser.put(
        f"{URL}{gadget.uuid}/", "title=New", content_type="application/x-www-form-urlencoded"
    )

    assert (response.status_code, response.json()["title"]) == (200, "New")


def test_form_without_csrf_token_is_refused(gadgets, owner):
    browser = browser_of(owner, enforce_csrf_checks=True)

    response = browser.post(URL, "title=New", content_type="application/x-www-form-urlencoded")

    assert (response.status_code, response.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


def test_foreign_row_is_not_found_on_the_page_either(gadgets, make):
    stranger = browser_of(UserFactory())

    assert stranger.get(f"{URL}{make().uuid}/", **PAGE).status_code == 404
