"""A repeated POST gets the first answer, and its effect happens once."""

import threading
import uuid
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from common import idempotency
from common.models import IdempotencyRecord
from tests.common.toolkit import Gadget, GadgetViewSet
from tests.factories.accounts import UserFactory

URL = "/api/v1/gadgets/"
KEY = {"HTTP_IDEMPOTENCY_KEY": "k"}


def codes(*responses):
    return [response.json()["error"]["code"] for response in responses]


@pytest.fixture
def claimed(api, owner):
    """Return a maker of records of earlier requests with the key."""

    def claimed(body, **fields):
        now = timezone.now()
        api.post(URL, body, **KEY)
        Gadget.all_objects.all().hard_delete()
        record = IdempotencyRecord.objects.get()
        defaults = {"state": "in_flight", "lease_expires_at": now + timedelta(seconds=60)}
        for name, value in {**defaults, **fields}.items():
            setattr(record, name, value)
        record.save()
        return record

    return claimed


def test_second_answer_equals_the_first(api):
    first = api.post(URL, {"title": "Lathe"}, **KEY)
    second = api.post(URL, {"title": "Lathe"}, **KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.content, second["Location"], second["ETag"]) == (
        first.content,
        first["Location"],
        first["ETag"],
    )
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Gadget.objects.count() == 1


def test_order_of_members_and_spaces_do_not_make_another_request(api):
    first = api.post(URL, b'{"title": "Lathe", "stock": 1}', content_type="application/json", **KEY)
    second = api.post(URL, b'{"stock":1,"title":"Lathe"}', content_type="application/json", **KEY)

    assert second.content == first.content


@pytest.mark.parametrize("url", [URL, f"{URL}?x=1"])
def test_another_request_may_not_use_the_key(api, url):
    api.post(URL, {"title": "Lathe"}, **KEY)

    response = api.post(url, {"title": "Lathe" if "?" in url else "Saw"}, **KEY)

    assert response.status_code == 422
    assert codes(response) == ["IDEMPOTENCY_KEY_REUSED"]
    assert Gadget.objects.count() == 1


def test_refused_request_leaves_the_key_free(api):
    refused = api.post(URL, {"stock": 1}, **KEY)
    corrected = api.post(URL, {"title": "Lathe"}, **KEY)

    assert (refused.status_code, corrected.status_code) == (400, 201)


def test_conflict_and_crash_leave_neither_effect_nor_claim(api, make, monkeypatch):
    make(title="Lathe")
    api.raise_request_exception = False

    def fail_after_the_effect(view, serializer):
        serializer.save(owner_uuid=uuid.uuid4())
        raise ZeroDivisionError

    refused = api.post(URL, {"title": "Lathe"}, **KEY)
    monkeypatch.setattr(GadgetViewSet, "perform_create", fail_after_the_effect)
    crashed = api.post(URL, {"title": "Saw"}, **KEY)

    assert (refused.status_code, crashed.status_code) == (409, 500)
    assert Gadget.objects.count() == 1
    assert not IdempotencyRecord.objects.exists()


def test_keys_of_two_people_are_apart(api, client_of, stranger):
    api.post(URL, {"title": "Lathe"}, **KEY)

    response = client_of(stranger).post(URL, {"title": "Lathe"}, **KEY)

    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response


def test_refreshed_token_finds_its_own_record(gadgets, api_for):
    user = UserFactory()
    first = api_for(user).post(URL, {"title": "Lathe"}, **KEY)

    second = api_for(user).post(URL, {"title": "Lathe"}, **KEY)

    assert (second.content, second["Idempotency-Replayed"]) == (first.content, "true")


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut", "a\tb"])
def test_malformed_key_is_refused(api, key):
    response = api.post(URL, {"title": "Lathe"}, HTTP_IDEMPOTENCY_KEY=key)

    assert response.status_code == 400
    assert codes(response) == ["INVALID_IDEMPOTENCY_KEY"]


def test_longest_key_is_taken(api):
    response = api.post(URL, {"title": "Lathe"}, HTTP_IDEMPOTENCY_KEY="x" * 255)

    assert response.status_code == 201


@pytest.mark.parametrize(("key", "status"), [("x" * 15, 400), ("x" * 16, 200)])
def test_anonymous_key_must_be_hard_to_guess(anonymous, gadgets, key, status):
    response = anonymous.post("/api/v1/open/", {}, HTTP_IDEMPOTENCY_KEY=key)

    assert response.status_code == status


@pytest.mark.parametrize("url", [f"{URL}secret/", "/api/v1/auth/token/"])
def test_operations_with_secrets_ignore_the_key(api, url):
    api.post(url, {"title": "Lathe"}, **KEY)

    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_other_methods_ignore_the_key(api, make, method):
    getattr(api, method)(f"{URL}{make().uuid}/", **KEY)

    assert not IdempotencyRecord.objects.exists()


def test_unauthorized_request_claims_nothing(anonymous, gadgets):
    anonymous.post(URL, {"title": "Lathe"}, HTTP_IDEMPOTENCY_KEY="x" * 20)

    assert not IdempotencyRecord.objects.exists()


def test_running_request_is_waited_for(api, claimed):
    claimed({"title": "Lathe"})

    response = api.post(URL, {"title": "Lathe"}, **KEY)

    assert (response.status_code, response["Retry-After"]) == (409, "1")
    assert codes(response) == ["IDEMPOTENCY_IN_FLIGHT"]


def test_dead_request_is_taken_over(api, claimed):
    claimed({"title": "Lathe"}, lease_expires_at=timezone.now())

    response = api.post(URL, {"title": "Lathe"}, **KEY)

    assert response.status_code == 201
    assert IdempotencyRecord.objects.get().state == "done"


def test_key_is_free_again_after_a_day(api, claimed):
    claimed({"title": "Lathe"}, state="done", expires_at=timezone.now())

    response = api.post(URL, {"title": "Saw"}, **KEY)

    assert (response.status_code, response.json()["title"]) == (201, "Saw")


def test_request_whose_lease_was_taken_has_no_effect(api, monkeypatch):
    def lose_the_lease(view, serializer):
        IdempotencyRecord.objects.update(lease_token=uuid.uuid4())
        return serializer.save(owner_uuid=uuid.uuid4())

    monkeypatch.setattr(GadgetViewSet, "perform_create", lose_the_lease)

    response = api.post(URL, {"title": "Lathe"}, **KEY)

    assert codes(response) == ["IDEMPOTENCY_IN_FLIGHT"]
    assert not Gadget.objects.exists()


def test_files_are_told_apart_by_their_content(api):
    def send(content):
        upload = SimpleUploadedFile("a.txt", content)
        return api.post(f"{URL}upload/", {"file": upload}, format="multipart", **KEY)

    first, same, other = send(b"12345"), send(b"12345"), send(b"54321")

    assert (first.json(), same["Idempotency-Replayed"]) == ({"size": 5}, "true")
    assert codes(other) == ["IDEMPOTENCY_KEY_REUSED"]


def test_external_operation_holds_no_transaction_and_knows_its_claim(api, owner):
    first = api.post("/api/v1/external/", {}, **KEY)
    second = api.post("/api/v1/external/", {}, **KEY)

    assert first.json() == {"principal": f"user:{owner.uuid}", "key": "k"}
    assert second["Idempotency-Replayed"] == "true"


def test_answer_without_success_is_undone(api):
    response = api.post("/api/v1/halfway/", {}, **KEY)

    assert response.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert not Gadget.objects.exists()
    assert not IdempotencyRecord.objects.exists()


def test_expired_records_are_purged(api, claimed):
    claimed({"title": "Lathe"}, expires_at=timezone.now() - timedelta(seconds=1))

    assert idempotency.purge(timezone.now()) == 1
    assert idempotency.purge(timezone.now()) == 0


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_has_the_effect(toolkit_tables, settings, gadgets):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time.")
    user, barrier, seen = UserFactory(), threading.Barrier(8), []

    def send():
        client = APIClient()
        client.force_authenticate(user)
        barrier.wait()
        response = client.post(URL, {"title": "Lathe"}, **KEY)
        seen.append((response.status_code, response.headers.get("Idempotency-Replayed")))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Gadget.objects.count() == 1
    assert seen.count((201, None)) == 1
    assert set(seen) <= {(201, None), (201, "true"), (409, None)}
