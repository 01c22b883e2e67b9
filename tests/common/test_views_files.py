"""Downloads by signed link: whole, in ranges, too late, tampered with."""

import pytest
from django.test import Client

from common import files

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 1000  # several chunks


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def stored():
    return files.store_bytes(CONTENT, filename="höhere.pdf", content_type="application/pdf")


@pytest.fixture
def path(stored):
    return files.signed_url(stored)[0].removeprefix("http://localhost:8000")


def body(response):
    return b"".join(response.streaming_content)


def test_the_whole_file_is_saved_under_its_name(visitor, path):
    response = visitor.get(path)

    assert (response.status_code, body(response)) == (200, CONTENT)
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''h%C3%B6here.pdf" in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_an_inline_link_is_shown_in_place(visitor, stored):
    url = files.signed_url(stored, inline=True)[0].removeprefix("http://localhost:8000")

    response = visitor.get(url, headers={"Accept": "image/webp"})

    assert body(response) == CONTENT
    assert response.headers["Content-Disposition"].startswith("inline; ")


SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-99", 10, 99),
        ("bytes=255990-", 255990, SIZE - 1),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        ("bytes=0-99999999", 0, SIZE - 1),
        ("bytes=-99999999", 0, SIZE - 1),
    ],
)
def test_a_range_is_served(visitor, path, asked, start, end):
    response = visitor.get(path, headers={"Range": asked})

    assert (response.status_code, body(response)) == (206, CONTENT[start : end + 1])
    assert response.headers["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
    assert response.headers["Content-Length"] == str(end - start + 1)


@pytest.mark.parametrize(
    "asked", ["bytes=256000-", "bytes=9-3", "bytes=-", "bytes=a-b", "bytes=-0"]
)
def test_a_range_that_cannot_be_served_is_refused(visitor, path, asked):
    response = visitor.get(path, headers={"Range": asked})

    assert (response.status_code, response.json()["error"]["code"]) == (
        416,
        "RANGE_NOT_SATISFIABLE",
    )
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,5-6"},
        {"Range": "rows=0-1"},
        {"Range": "bytes=0-1", "If-Range": '"another"'},
    ],
)
def test_other_ranges_get_the_whole_file(visitor, path, headers):
    response = visitor.get(path, headers=headers)

    assert (response.status_code, len(body(response))) == (200, SIZE)


def test_head_tells_the_size_only(visitor, path):
    response = visitor.head(path)
    response.close()

    assert (response.status_code, response.headers["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.replace("/files/", "/files/x"),
        lambda path: path[:-1],
        lambda path: path.replace("h", "H", 1),
        lambda path: "/files/abc/x.pdf",
        lambda path: "/files/%00/x.pdf",
        lambda path: "/files/../config/env.py",
    ],
)
def test_a_changed_link_finds_nothing(visitor, path, change):
    response = visitor.get(change(path))

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_link_ends(visitor, path, time_machine_at):
    time_machine_at(seconds=601)

    response = visitor.get(path)

    assert (response.status_code, response.json()["error"]["code"]) == (410, "LINK_EXPIRED")


@pytest.fixture
def time_machine_at():
    from datetime import UTC, datetime, timedelta

    import time_machine

    travellers = []

    def go(seconds):
        traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)
        traveller.start()
        travellers.append(traveller)

    yield go
    for traveller in travellers:
        traveller.stop()


def test_a_withheld_file_is_not_handed_out(visitor, stored, path):
    stored.scan_status = "infected"
    stored.save()

    assert visitor.get(path).status_code == 404
