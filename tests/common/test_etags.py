"""A tag guards an edit by its version and a cache by its whole."""

import pytest

from tests.common.toolkit import Gadget

URL = "/api/v1/gadgets/"


def url(gadget, action=""):
    return f"{URL}{gadget.uuid}/" + (f"{action}/" if action else "")


def test_known_representation_is_not_sent_again(api, make):
    gadget = make()
    tag = api.get(url(gadget))["ETag"]

    known = api.get(url(gadget), HTTP_IF_NONE_MATCH=f'"other", {tag}')
    api.patch(url(gadget), {"stock": 5})
    changed = api.get(url(gadget), HTTP_IF_NONE_MATCH=tag)

    assert (known.status_code, known.content, known["ETag"]) == (304, b"", tag)
    assert changed.status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_second_of_two_writers_learns_the_current_tag(api, make, method):
    gadget = make()
    tag = api.get(url(gadget))["ETag"]
    current = api.patch(url(gadget), {"stock": 2}, HTTP_IF_MATCH=tag)["ETag"]
    target = url(gadget, "polish" if method == "post" else "")

    response = getattr(api, method)(target, {"title": "New"}, HTTP_IF_MATCH=tag)

    assert response.status_code == 412
    assert response.json()["error"] == {
        "code": "PRECONDITION_FAILED",
        "message": "The resource has changed since you read it.",
        "details": {"etag": current},
    }
    assert Gadget.objects.get().stock == 2


def test_counters_of_others_do_not_spoil_an_edit(api, make):
    gadget = make()
    tag = api.get(url(gadget))["ETag"]
    Gadget.objects.update(views=7)

    response = api.patch(url(gadget), {"stock": 2}, HTTP_IF_MATCH=tag)

    assert response.status_code == 200
    assert response["ETag"] != tag


@pytest.mark.parametrize("tag", ["*", ' "x.y" , *'])
def test_star_matches_any_existing_row(api, make, tag):
    assert api.patch(url(make()), {"stock": 2}, HTTP_IF_MATCH=tag).status_code == 200


@pytest.mark.parametrize("tag", ["", "nonsense", '"0000000000000000.0000000000000000"', "W/{tag}"])
def test_tag_that_is_not_the_rows_own_matches_nothing(api, make, tag):
    gadget = make()
    sent = tag.format(tag=api.get(url(gadget))["ETag"])

    assert api.patch(url(gadget), {"stock": 2}, HTTP_IF_MATCH=sent).status_code == 412


def test_version_alone_decides_over_a_write(api, make):
    gadget = make()
    version = api.get(url(gadget))["ETag"].split(".")[0]

    response = api.patch(url(gadget), {"stock": 2}, HTTP_IF_MATCH=f'{version}.0000000000000000"')

    assert response.status_code == 200


def test_foreign_row_is_not_found_whatever_the_tag(api, client_of, make, stranger):
    gadget = make()
    tag = api.get(url(gadget))["ETag"]

    response = client_of(stranger).patch(url(gadget), {"stock": 2}, HTTP_IF_MATCH=tag)

    assert response.status_code == 404


def test_export_and_errors_are_never_stored(api):
    assert api.get(f"{URL}?page=x")["Cache-Control"] == "no-store"
