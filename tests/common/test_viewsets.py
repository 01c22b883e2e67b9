"""Rows of the caller: what each verb of HTTP does with them."""

import uuid

import pytest
from django.utils import timezone

from tests.common.toolkit import Gadget, Part
from tests.factories.accounts import UserFactory

URL = "/api/v1/gadgets/"


def detail(gadget, action=""):
    return f"{URL}{gadget.uuid}/" + (f"{action}/" if action else "")


@pytest.fixture
def stranger_api(gadgets, client_of):
    return client_of(UserFactory())


def test_list_shows_own_and_shared_rows_in_summary(api, make):
    own, shared = make(), make(owner_uuid=uuid.uuid4(), is_shared=True)
    make(owner_uuid=uuid.uuid4())

    body = api.get(URL).json()

    assert [row["uuid"] for row in body["results"]] == [str(shared.uuid), str(own.uuid)]
    assert set(body["results"][0]) == {"uuid", "title", "size", "created_at"}


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(api, make, count, django_assert_num_queries):
    for _ in range(count):
        make(twin=make(owner_uuid=uuid.uuid4()))

    with django_assert_num_queries(2):
        response = api.get(URL)

    assert response.json()["count"] == count


def test_detail_is_one_query_with_tag_and_no_store(api, make, django_assert_num_queries):
    gadget = make(title="Lathe")

    with django_assert_num_queries(1):
        response = api.get(detail(gadget))

    assert response.json()["title"] == "Lathe"
    assert response["Cache-Control"] == "no-store"
    assert len(response["ETag"]) == 35


def test_created_row_is_answered_in_full_with_its_place_and_tag(api, owner):
    response = api.post(URL, {"title": "  Lathe  ", "price": "12.5", "views": 7, "uuid": "x"})

    gadget = Gadget.objects.get()
    assert response.status_code == 201
    assert response["Location"] == f"http://testserver{detail(gadget)}"
    assert response["ETag"] == api.get(detail(gadget))["ETag"]
    assert (gadget.title, gadget.views, gadget.owner_uuid) == ("Lathe", 0, owner.uuid)
    assert response.json()["price"] == "12.50"


def test_patch_saves_the_named_columns_only(api, make):
    gadget = make(title="Lathe", stock=1)
    Gadget.objects.filter(pk=gadget.pk).update(views=5)

    response = api.patch(detail(gadget), {"stock": 2})

    gadget.refresh_from_db()
    assert response.status_code == 200
    assert (gadget.title, gadget.stock, gadget.views) == ("Lathe", 2, 5)


def test_put_wants_every_required_field(api, make):
    gadget = make()

    refused = api.put(detail(gadget), {"stock": 2})
    accepted = api.put(detail(gadget), {"title": "New", "stock": 2})

    assert refused.json()["error"]["details"] == {"title": ["This field is required."]}
    assert accepted.json()["title"] == "New"


def test_every_answered_field_can_be_sent_back(api, make):
    gadget = make(twin=make(), views=3)
    body = api.get(detail(gadget)).json()

    response = api.put(detail(gadget), body)

    assert response.status_code == 200
    assert {**response.json(), "updated_at": ""} == {**body, "updated_at": ""}


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_writing_a_row_that_is_only_visible_is_forbidden(api, make, method):
    gadget = make(owner_uuid=uuid.uuid4(), is_shared=True)

    response = getattr(api, method)(detail(gadget), {})

    assert (response.status_code, response.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_row_of_another_owner_is_not_found(stranger_api, make, method):
    gadget = make()

    response = getattr(stranger_api, method)(detail(gadget), {})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_action_answers_the_full_row_after_the_verb(api, make):
    gadget = make(stock=1)

    response = api.post(detail(gadget, "polish"), {"shine": 2})

    assert response.json()["stock"] == 3
    assert response["ETag"] == api.get(detail(gadget))["ETag"]


def test_refusal_of_a_verb_reaches_the_client_with_its_code(api, make):
    response = api.post(detail(make(stock=10), "polish"))

    assert response.status_code == 400
    assert response.json()["error"] == {
        "code": "INVALID_STATUS",
        "message": "A full gadget cannot be polished.",
        "details": None,
    }


def test_action_with_a_capability_of_its_own_is_scoped_by_it(api, make):
    assert api.post(detail(make(), "sell")).status_code == 403


def test_deleting_stamps_the_row_and_says_who_did(api, make, owner):
    gadget = make()

    first, second = api.delete(detail(gadget)), api.delete(detail(gadget))

    gadget.refresh_from_db()
    assert (first.status_code, second.status_code) == (204, 404)
    assert gadget.is_deleted


def test_deleted_rows_are_listed_for_who_manages_them(api, make):
    make(), make(deleted_at=timezone.now())
    make(owner_uuid=uuid.uuid4(), is_shared=True, deleted_at=timezone.now())

    plain, widened = api.get(URL), api.get(URL, {"include_deleted": "true"})

    assert (plain.json()["count"], widened.json()["count"]) == (1, 2)


def test_including_deleted_rows_changes_nothing_for_who_manages_none(stranger_api, make):
    make(is_shared=True), make(is_shared=True, deleted_at=timezone.now())

    response = stranger_api.get(URL, {"include_deleted": "true"})

    assert response.json()["count"] == 1


def test_restored_row_is_answered_and_listed_again(api, make):
    gadget = make(deleted_at=timezone.now())

    response = api.post(detail(gadget, "restore"))
    again = api.post(detail(gadget, "restore"))

    assert (response.status_code, response.json()["is_deleted"]) == (200, False)
    assert (again.status_code, again.json()) == (200, response.json())
    assert api.get(URL).json()["count"] == 1


def test_restoring_a_foreign_row_is_not_found(stranger_api, make):
    gadget = make(deleted_at=timezone.now(), is_shared=True)

    assert stranger_api.post(detail(gadget, "restore")).status_code == 404


def test_restoring_collides_with_a_live_row_of_the_same_value(api, make):
    gone = make(title="Lathe", deleted_at=timezone.now())
    make(title="Lathe")

    response = api.post(detail(gone, "restore"))

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")


def test_malformed_id_is_not_found(api):
    assert api.get(f"{URL}not-a-uuid/").status_code == 404


def test_anonymous_caller_is_told_how_to_sign_in(gadgets, anonymous):
    response = anonymous.get(URL)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json()["error"]["code"] == "NOT_AUTHENTICATED"


def test_invalid_token_counts_as_none_on_public_operations_only(gadgets, anonymous):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    public, private = anonymous.get("/api/v1/catalogue/"), anonymous.get(URL)

    assert public.status_code == 200
    assert (private.status_code, private.json()["error"]["code"]) == (
        401,
        "AUTHENTICATION_FAILED",
    )


def test_public_list_may_be_cached_by_everybody_but_not_for_a_signed_in_caller(
    api, anonymous, make
):
    make(is_shared=True)

    shared, private = anonymous.get("/api/v1/catalogue/"), api.get("/api/v1/catalogue/")

    assert shared["Cache-Control"] == "public, max-age=60"
    assert {"Authorization", "Cookie"} <= set(shared["Vary"].split(", "))
    assert private["Cache-Control"] == "no-store"
    again = anonymous.get("/api/v1/catalogue/", HTTP_IF_NONE_MATCH=shared["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", shared["ETag"])


def test_fields_keeps_the_named_parts(api, make):
    gadget = make(title="Lathe")

    one = api.get(detail(gadget), {"fields": "title,stock"}).json()
    many = api.get(URL, {"fields": "title"}).json()["results"]

    assert one == {"title": "Lathe", "stock": 0}
    assert many == [{"title": "Lathe"}]


@pytest.mark.parametrize("parameter", ["fields", "expand"])
def test_unknown_name_is_refused(api, make, parameter):
    make()

    response = api.get(URL, {parameter: "owner_uuid"})

    assert response.status_code == 400
    assert response.json()["error"]["details"] == {parameter: ["Unknown name: owner_uuid."]}


@pytest.mark.parametrize("count", [1, 3])
def test_expansion_costs_one_query_whatever_the_rows(api, make, count, django_assert_num_queries):
    for _ in range(count):
        Part.objects.create(gadget=make(), name="Bolt")

    with django_assert_num_queries(3):
        body = api.get(URL, {"expand": "parts"}).json()

    names = [part["name"] for row in body["results"] for part in row["parts"]]
    assert names == ["Bolt"] * count


def test_expansion_shows_in_the_detail(api, make):
    gadget = make()
    Part.objects.create(gadget=gadget, name="Bolt")

    body = api.get(detail(gadget), {"expand": "parts", "fields": "parts"}).json()

    assert [part["name"] for part in body["parts"]] == ["Bolt"]
