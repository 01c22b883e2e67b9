"""Bodies are read strictly, in the types an operation takes."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

ECHO = "/api/v1/echo/"
UPLOAD = "/api/v1/gadgets/upload/"
JSON = "application/json"

BROKEN = {
    "cut off": b'{"title": ',
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deep inside": b'[{"b": {"a": 1, "a": 2}}]',
    "too large for a float": b'{"a": 1e999}',
    "beyond 64 bits": b'{"a": 9223372036854775808}',
    "beyond 64 bits below": b'{"a": -9223372036854775809}',
    "thousands of digits": b'{"a": ' + b"9" * 6000 + b"}",
    "51 deep": b"[" * 51 + b"]" * 51,
    "100,000 deep": b"[" * 100_000,
    "100,000 deep and closed": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "not UTF-8": b'{"a": "\xff"}',
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "trailing words": b'{"a": 1} x',
    "nothing but a space": b" ",
}
FINE = {
    "50 deep": b"[" * 50 + b"]" * 50,
    "the largest integer": b'{"a": 9223372036854775807}',
    "the smallest integer": b'{"a": -9223372036854775808}',
    "many shallow lists": json.dumps([[1]] * 100).encode(),
    "other letters": '{"a": "ß\\u00e9é"}'.encode(),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_body_is_refused(api, body):
    response = api.post(ECHO, body, content_type=JSON)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "PARSE_ERROR")


@pytest.mark.parametrize("body", FINE.values(), ids=FINE)
def test_body_at_the_limits_is_read(api, body):
    response = api.post(ECHO, body, content_type=JSON)

    assert response.json() == {"got": json.loads(body)}


def test_wrong_charset_is_refused(api):
    response = api.post(ECHO, b"{}", content_type="application/json; charset=latin-1")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "PARSE_ERROR")


def test_compressed_body_is_refused(api):
    response = api.post(ECHO, b"{}", content_type=JSON, HTTP_CONTENT_ENCODING="gzip")

    assert response.status_code == 415


def test_list_where_an_object_is_due_is_a_validation_error(api):
    response = api.post("/api/v1/gadgets/", [1])

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["non_field_errors"]


def test_body_above_one_megabyte_is_refused(api):
    response = api.post(ECHO, b'"' + b"x" * 3_000_000 + b'"', content_type=JSON)

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "nonsense"],
)
def test_other_media_types_are_refused(api, media_type):
    response = api.generic("POST", ECHO, b"a=1", content_type=media_type)

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_multipart_is_refused_where_no_file_is_taken(api):
    assert api.post(ECHO, {"a": "1"}, format="multipart").status_code == 415


def test_broken_body_is_refused_even_where_none_is_needed(api, make):
    response = api.post(f"/api/v1/gadgets/{make().uuid}/restore/", b"{", content_type=JSON)

    assert response.json()["error"]["code"] == "PARSE_ERROR"


def test_upload_takes_a_file(api):
    upload = SimpleUploadedFile("a.txt", b"12345")

    assert api.post(UPLOAD, {"file": upload}, format="multipart").json() == {"size": 5}


def test_upload_takes_no_json(api):
    assert api.post(UPLOAD, {"file": "x"}).status_code == 415


def test_broken_multipart_is_refused(api):
    response = api.post(UPLOAD, b"no boundary here", content_type="multipart/form-data")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "PARSE_ERROR")


def test_upload_above_every_limit_is_refused_unread(api):
    response = api.post(
        UPLOAD, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="99999999"
    )

    assert (response.status_code, response.json()["error"]["code"]) == (413, "FILE_TOO_LARGE")
