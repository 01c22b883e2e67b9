"""Many rows in one call: all of them or none."""

import uuid

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.common import toolkit
from tests.common.toolkit import Gadget

URL = "/api/v1/gadgets/bulk/"


def details(response):
    assert response.status_code == 400, response.content
    return response.json()["error"]["details"]


def test_rows_are_made_in_the_order_of_the_request(api, owner):
    response = api.post(URL, [{"title": "b"}, {"title": "a", "stock": 2}])

    assert response.status_code == 201
    assert [(row["title"], row["stock"]) for row in response.json()] == [("b", 0), ("a", 2)]
    assert set(Gadget.objects.values_list("owner_uuid", flat=True)) == {owner.uuid}


@pytest.mark.parametrize("count", [1, 40])
def test_creation_query_count(api, count, django_assert_num_queries):
    # savepoint, one insert, release, and one read for the answer
    with django_assert_num_queries(4):
        response = api.post(URL, [{"title": f"G{number}"} for number in range(count)])

    assert len(response.json()) == count


def test_one_bad_item_refuses_all_and_is_named_by_its_index(api):
    response = api.post(URL, [{"title": "a"}, {"stock": 1}, {"title": "c", "stock": -1}])

    assert details(response) == {
        "1": {"title": ["This field is required."]},
        "2": {"stock": ["Ensure this value is greater than or equal to 0."]},
    }
    assert not Gadget.objects.exists()


@pytest.mark.parametrize("body", [[], {}, {"title": "a"}, "x", 5, None, [{"title": "a"}] * 501])
@pytest.mark.parametrize("method", ["post", "patch"])
def test_body_must_be_a_list_of_one_to_five_hundred(api, body, method):
    response = getattr(api, method)(URL, body, format="json")

    assert list(details(response)) == ["non_field_errors"]


def test_items_must_be_objects(api):
    assert list(details(api.post(URL, [1]))) == ["0"]
    assert details(api.patch(URL, [1])) == {"0": {"uuid": ["Not found."]}}


def test_rows_are_changed_in_the_order_of_the_request(api, make):
    first, second = make(title="a", stock=1), make(title="b", stock=1)

    response = api.patch(
        URL, [{"uuid": str(second.uuid), "stock": 5}, {"uuid": str(first.uuid), "title": "c"}]
    )

    assert [(row["title"], row["stock"]) for row in response.json()] == [("b", 5), ("c", 1)]
    changed = Gadget.objects.get(pk=first.pk)
    assert changed.updated_at > first.updated_at


@pytest.mark.parametrize("count", [1, 50])
def test_change_query_count(api, make, count, django_assert_num_queries):
    rows = [make() for _ in range(count)]

    # savepoint, lock, update, release, one read for the answer
    with django_assert_num_queries(5):
        api.patch(URL, [{"uuid": str(row.uuid), "stock": 3} for row in rows])

    assert set(Gadget.objects.values_list("stock", flat=True)) == {3}


def test_unknown_foreign_and_only_visible_rows_are_not_found_alike(api, make):
    own = make(stock=1)
    foreign = make(owner_uuid=uuid.uuid4())
    shared = make(owner_uuid=uuid.uuid4(), is_shared=True)
    asked = [own.uuid, foreign.uuid, shared.uuid, uuid.uuid4(), "x"]

    response = api.patch(URL, [{"uuid": str(each), "stock": 9} for each in asked[:4]])
    malformed = api.patch(URL, [{"uuid": "x", "stock": 9}])

    missing = {"uuid": ["Not found."]}
    assert details(response) == {"1": missing, "2": missing, "3": missing}
    assert details(malformed) == {"0": missing}
    assert Gadget.objects.get(pk=own.pk).stock == 1


def test_the_same_uuid_twice_is_refused(api, make):
    own = make()

    response = api.patch(URL, [{"uuid": str(own.uuid)}, {"uuid": str(own.uuid).upper()}])

    again = {"uuid": ["The same uuid appears twice."]}
    assert details(response) == {"0": again, "1": again}


def test_bad_change_refuses_all(api, make):
    first, second = make(stock=1), make(stock=1)

    response = api.patch(
        URL, [{"uuid": str(first.uuid), "stock": 2}, {"uuid": str(second.uuid), "size": "huge"}]
    )

    assert list(details(response)) == ["1"]
    assert Gadget.objects.get(pk=first.pk).stock == 1


def test_schema_tells_lists_both_ways(gadgets):
    paths = SchemaGenerator(urlconf=toolkit.__name__).get_schema(public=True)["paths"]

    calls = paths["/api/v1/gadgets/bulk/"]
    for method, status in (("post", "201"), ("patch", "200")):
        taken = calls[method]["requestBody"]["content"]["application/json"]["schema"]
        told = calls[method]["responses"][status]["content"]["application/json"]["schema"]
        assert (taken["type"], told["type"]) == ("array", "array")
