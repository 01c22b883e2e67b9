"""What lists of events ask of the database: as much for any page, and never a whole table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from tests.factories.events import EventFactory, SpeakerFactory

pytestmark = pytest.mark.django_db
CATALOGUE = "/api/v1/public/events/"
MINE = "/api/v1/events/"
SIZES = (1, 20, 100)


@pytest.fixture
def events(organizer, organization):
    rows = [EventFactory(owner=organizer, organization=organization, published=True, capacity=5)]
    rows += [EventFactory(owner=organizer, published=True, capacity=5) for _ in range(21)]
    for event in rows:
        event.speakers.add(SpeakerFactory(owner=organizer))
    return rows


@pytest.mark.parametrize("size", SIZES)
def test_managers_list_asks_three_questions(
    api_for, organizer, events, django_assert_num_queries, size
):
    api = api_for(organizer)

    with django_assert_num_queries(3):  # session with roles, count, page
        response = api.get(MINE, {"page_size": size})

    assert len(response.json()["results"]) == min(size, 22)


@pytest.mark.parametrize("size", SIZES)
def test_catalogue_asks_for_page_tags_and_speakers(
    anonymous, events, django_assert_num_queries, size
):
    with django_assert_num_queries(4):
        response = anonymous.get(CATALOGUE, {"page_size": size})

    assert len(response.json()["results"]) == min(size, 22)


ORDERS = {
    "starts_at": "events_listed_start",
    "-starts_at": "events_listed_start",
    "title": "events_listed_title",
    "-title": "events_listed_title",
    "price": "events_listed_price",
    "-price": "events_listed_price",
    "created_at": "events_listed_created",
    "-created_at": "events_listed_created",
}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's")
@pytest.mark.parametrize(("ordering", "index"), ORDERS.items(), ids=ORDERS)
def test_every_order_of_the_catalogue_reads_an_index(anonymous, events, ordering, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    with CaptureQueriesContext(connection) as asked:
        anonymous.get(CATALOGUE, {"when": "all", "ordering": ordering, "page_size": 1})
    page = next(query["sql"] for query in asked if "ORDER BY" in query["sql"])

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {page}")
        plan = str(cursor.fetchall())

    assert index in plan
    assert "Sort" not in plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's")
def test_managers_list_reads_an_index(organizer, events):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = Event.objects.visible_to(organizer).for_summaries()[:20].explain()

    assert "Seq Scan on events_event " not in plan
