"""Every list comes in pages."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.common.toolkit import Gadget

URL = "/api/v1/gadgets/"
FEED = "/api/v1/feed/"
CHANGES = "/api/v1/changes/"
START = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def five(make):
    for hour in range(5):
        gadget = make(title=f"G{hour}")
        moment = START + timedelta(hours=hour)
        Gadget.objects.filter(pk=gadget.pk).update(created_at=moment, updated_at=moment)


def test_page_has_exactly_these_parts(api, five):
    response = api.get(URL, {"page": 2, "page_size": 2, "fields": "title"})

    base = "http://testserver/api/v1/gadgets/?fields=title&page"
    assert response.json() == {
        "count": 5,
        "page": 2,
        "page_size": 2,
        "total_pages": 3,
        "next": f"{base}=3&page_size=2",
        "previous": "http://testserver/api/v1/gadgets/?fields=title&page_size=2",
        "results": [{"title": "G2"}, {"title": "G1"}],
    }
    assert response["Link"] == (
        f'<{base}=3&page_size=2>; rel="next", '
        '<http://testserver/api/v1/gadgets/?fields=title&page_size=2>; rel="prev"'
    )


def test_last_page_links_back_only(api, five):
    response = api.get(URL, {"page": 3, "page_size": 2})

    assert response.json()["next"] is None
    assert 'rel="next"' not in response["Link"]
    assert 'rel="prev"' in response["Link"]


def test_empty_list_is_one_empty_page(api):
    response = api.get(URL)

    assert response.json() == {
        "count": 0,
        "page": 1,
        "page_size": 20,
        "total_pages": 1,
        "next": None,
        "previous": None,
        "results": [],
    }
    assert "Link" not in response


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "2", "999999", "9" * 30, "1.0", "last"])
def test_page_that_does_not_exist_is_not_found(api, five, page):
    response = api.get(URL, {"page": page})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1.5"])
@pytest.mark.parametrize("url", [URL, CHANGES])
def test_page_size_that_is_no_number_is_refused(api, five, size, url):
    response = api.get(url, {"page_size": size})

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["page_size"]


def test_large_page_size_counts_as_hundred(api, five):
    assert api.get(URL, {"page_size": 100000}).json()["page_size"] == 100


def test_feed_walks_by_cursor_in_both_directions(api, five):
    first = api.get(FEED, {"cursor": "", "page_size": 3})
    second = api.get(first.json()["next"])
    back = api.get(second.json()["previous"])

    assert list(first.json()) == ["next", "previous", "results"]
    assert [row["title"] for row in first.json()["results"]] == ["G4", "G3", "G2"]
    assert [row["title"] for row in second.json()["results"]] == ["G1", "G0"]
    assert back.json()["results"] == first.json()["results"]
    assert second.json()["next"] is None
    assert 'rel="next"' in first["Link"]


def test_feed_without_cursor_answers_pages(api, five):
    assert api.get(FEED).json()["count"] == 5


def test_feed_of_changes_starts_with_the_last_change(api, five):
    rows = api.get(CHANGES).json()["results"]

    assert [row["title"] for row in rows] == ["G4", "G3", "G2", "G1", "G0"]


def test_rows_of_one_moment_are_all_reached(api, make):
    for number in range(7):
        make(title=f"G{number}")
    Gadget.objects.update(created_at=START)
    seen, url = [], f"{FEED}?cursor=&page_size=2"

    while url:
        body = api.get(url).json()
        seen += [row["title"] for row in body["results"]]
        url = body["next"]

    assert seen == [f"G{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("cursor", ["x", "%00", "cD1ub3RhdGltZQ==", "cj0x////", "é"])
def test_broken_cursor_is_not_found(api, five, cursor):
    response = api.get(CHANGES, {"cursor": cursor})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")
