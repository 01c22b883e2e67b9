"""Words, beginnings of words, hostile texts on both databases; misspellings on PostgreSQL."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events import querysets
from events.models import Event
from tests.factories.events import STARTS_AT, EventFactory

pytestmark = pytest.mark.django_db
CATALOGUE = "/api/v1/public/events/"
MINE = "/api/v1/events/"
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="the indexes are PostgreSQL's"
)

FOUND = {
    "a word": "wound",
    "in any case": "WOUND Care",
    "a word's beginning": "ulce",
    "words in any order": "hopper ulcers",
    "part of a compound": "follow",
    "the whole compound": "follow-up",
    "half a compound": "follow-u",
    "a number": "3.5",
    "a possessive": "Alzheimer's",
    "among punctuation": "(wound) & | ! care: * <-> 'ulcers'",
    "percent is no wildcard": "100%",
    "letters beyond ASCII": "Pflegeübung",
}
VAIN = {
    "one word too many": "wound surgery",
    "a later part of a word": "lcers",
    "nothing but signs": "%' & |",
    "a wildcard": "ulc_rs",
}
HOSTILE = (
    "'", "\\", "':*", "a & & b", "!!!", "((((", "<->", "%", "_", "*", "\ud7ff", "x" * 100,
    "a " * 50, "\\'; DROP TABLE events_event; --", "💉", "\u202e\u0301", "1e309 -1", "http://a/b?c",
)  # fmt: skip


@pytest.fixture
def wounds(organizer):
    return EventFactory(
        owner=organizer,
        published=True,
        title="Wound care",
        search_text="Wound care\nUlcers, 3.5 hours, 100% Pflegeübung, Alzheimer's follow-up"
        "\nGrace Hopper",
    )


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_words_are_found(wounds, text):
    EventFactory(title="Tax law", search_text="Tax law")

    assert [event.title for event in Event.objects.matching(text)] == ["Wound care"]


@on_postgresql
@pytest.mark.parametrize("text", VAIN.values(), ids=VAIN)
def test_other_words_are_not_found(wounds, text):
    assert not Event.objects.matching(text).exists()


@pytest.mark.parametrize("text", ["wound surgery", "%' & |", "tax"])
def test_every_word_must_be_found(wounds, text):
    assert not Event.objects.matching(text).exists()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("url", [CATALOGUE, MINE])
def test_hostile_text_is_only_text(api_for, organizer, wounds, url, text):
    response = api_for(organizer).get(url, {"search": text})

    assert response.status_code == 200
    assert response.json()["count"] in {0, 1}


@pytest.mark.parametrize("url", [CATALOGUE, MINE])
def test_both_lists_search_within_what_they_may_show(api_for, organizer, wounds, url):
    EventFactory(title="Wound dressing")  # a draft of somebody else

    found = api_for(organizer).get(url, {"search": "wound"}).json()["results"]

    assert [row["title"] for row in found] == ["Wound care"]


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_search_finds_nothing_that_is_not_listed(anonymous, visibility):
    EventFactory(published=True, title="Wound care", visibility=visibility)

    assert anonymous.get(CATALOGUE, {"search": "wound"}).json()["count"] == 0


def test_search_keeps_the_order_and_joins_filters(anonymous):
    later = STARTS_AT + timedelta(days=1)
    EventFactory(published=True, title="Wound two", starts_at=later)
    EventFactory(published=True, title="Wound one")
    EventFactory(published=True, title="Wound three", format="in_person")

    query = {"search": "wound", "is_online": "true", "ordering": "-starts_at"}
    found = anonymous.get(CATALOGUE, query).json()["results"]

    assert [row["title"] for row in found] == ["Wound two", "Wound one"]


MISSPELLED = ("Wundversorgng", "wundversorgugn", "Wundversorgung", "Versorgung chronisch")


@on_postgresql
@pytest.mark.parametrize("text", MISSPELLED)
def test_misspelled_titles_are_found(anonymous, text):
    EventFactory(published=True, title="Wundversorgung und Versorgung chronischer Wunden")
    EventFactory(published=True, title="Steuerrecht")

    found = anonymous.get(CATALOGUE, {"search": text}).json()["results"]

    assert [row["title"] for row in found] == ["Wundversorgung und Versorgung chronischer Wunden"]


@on_postgresql
def test_titles_are_compared_only_where_the_words_find_nothing(anonymous):
    EventFactory(published=True, title="Wundversorgng", search_text="Wundversorgng")
    EventFactory(published=True, title="Wundversorgung", visibility="unlisted")
    EventFactory(published=True, title="Wundversorgungen", search_text="Wundversorgungen")

    def found(text):
        return [
            row["title"] for row in anonymous.get(CATALOGUE, {"search": text}).json()["results"]
        ]

    assert found("Wundversorgng") == ["Wundversorgng"]
    assert found("Wundversorgugn") == ["Wundversorgng", "Wundversorgungen"]


@on_postgresql
def test_the_words_are_asked_of_what_the_other_filters_left(anonymous):
    past = STARTS_AT - timedelta(days=900)
    EventFactory(published=True, title="Wundversorgng", starts_at=past, status="completed")
    EventFactory(published=True, title="Wundversorgung")

    found = anonymous.get(CATALOGUE, {"search": "Wundversorgng", "when": "upcoming"}).json()

    assert [row["title"] for row in found["results"]] == ["Wundversorgung"]


@on_postgresql
@pytest.mark.parametrize("few", [0, 1, 2])
def test_many_are_found_as_well_as_few(anonymous, monkeypatch, few):
    monkeypatch.setattr(querysets, "FEW", few)
    for title in ("Wound one", "Wound two"):
        EventFactory(published=True, title=title)

    found = anonymous.get(CATALOGUE, {"search": "wound", "page_size": "1", "page": "2"}).json()

    assert (found["count"], found["results"][0]["title"]) == (2, "Wound two")


READS = {
    "few by their keys": (1000, "wound", "events_event_pkey"),
    "many by their words": (0, "wound", "events_event_search"),
    "none by the words": (1000, "wuond", "events_event_title_trigrams"),
}


@on_postgresql
@pytest.mark.parametrize(("few", "text", "index"), READS.values(), ids=READS)
def test_a_search_reads_an_index(wounds, monkeypatch, few, text, index):
    monkeypatch.setattr(querysets, "FEW", few)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert index in Event.all_objects.matching(text).order_by().explain()


@on_postgresql
def test_finding_the_words_reads_an_index(wounds):
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("SET LOCAL enable_seqscan = off")
        Event.all_objects.matching("wound")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])

        assert "events_event_search" in str(cursor.fetchall())
