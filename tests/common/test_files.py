"""Files: stored once, found by a row, handed out by links that end."""

import hashlib
import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from common import files, storage
from common.exceptions import LinkExpired, NotFound
from common.models import StoredFile
from tests.common.uploaded import PDF, image, upload
from tests.factories.accounts import UserFactory
from tests.factories.common import StoredFileFactory


@pytest.fixture
def stored(db) -> StoredFile:
    return files.store(upload("Grüße.pdf", PDF), purpose="document", owner=UserFactory())


def parts(url: str) -> tuple[str, str]:
    """Return token and name of a local link."""
    token, name = url.rsplit("/", 2)[1:]
    return token, name


def opened(url: str, **later):
    token, name = parts(url)
    return files.open_link(token, name, now=timezone.now() + timedelta(**later))


def test_an_upload_becomes_a_row_and_bytes(db):
    owner = UserFactory()

    stored = files.store(upload("Grüße.pdf", PDF), purpose="document", owner=owner)

    assert files.read(stored) == PDF
    assert (stored.filename, stored.content_type, stored.size) == (
        "Grüße.pdf",
        "application/pdf",
        len(PDF),
    )
    assert (stored.owner_uuid, stored.store, stored.scan_status) == (
        owner.uuid,
        "private",
        "skipped",
    )
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert re.fullmatch(r"document/[0-9a-f-]{36}/Grue\.pdf", stored.key)


def test_a_refused_upload_leaves_nothing(db):
    with pytest.raises(ValidationError):
        files.store(upload("a.exe", b"MZ"), purpose="document", owner=None)

    assert not StoredFile.objects.exists()


def test_bytes_of_our_own_under_one_key_are_kept_once(db):
    for content in (b"first", b"second"):
        stored = files.store_bytes(
            content, filename="c.pdf", content_type="application/pdf", key="certificates/1/c.pdf"
        )

    assert StoredFile.objects.count() == 1
    assert (files.read(stored), stored.size) == (b"second", 6)


def test_a_link_opens_its_file(stored):
    url, expires_at = files.signed_url(stored)

    with opened(url).file as file:
        assert file.read() == PDF
    assert url.startswith("http://localhost:8000/files/")
    assert (expires_at - timezone.now()).total_seconds() == pytest.approx(600, abs=5)


def test_a_link_ends(stored):
    url, _ = files.signed_url(stored)

    with opened(url, seconds=598).file:
        pass
    with pytest.raises(LinkExpired):
        opened(url, seconds=601)


@pytest.mark.parametrize("at", [0, 5, -1])
def test_a_changed_letter_makes_a_link_worthless(stored, at):
    token, name = parts(files.signed_url(stored)[0])
    letters = list(token)
    letters[at] = "A" if letters[at] != "A" else "B"

    with pytest.raises(NotFound):
        files.open_link("".join(letters), name, now=timezone.now())


def test_a_link_is_bound_to_its_name(stored):
    token, _ = parts(files.signed_url(stored)[0])

    with pytest.raises(NotFound):
        files.open_link(token, "page.html", now=timezone.now())


def test_a_link_to_a_row_that_is_gone_is_not_found(stored, django_capture_on_commit_callbacks):
    url, _ = files.signed_url(stored)
    with django_capture_on_commit_callbacks(execute=True):
        files.discard(stored)

    with pytest.raises(NotFound):
        opened(url)
    assert not storage.store().exists(stored.key)


def test_a_link_to_lost_bytes_is_not_found(db):
    url, _ = files.signed_url(StoredFileFactory())

    with pytest.raises(NotFound):
        opened(url)


def test_an_expired_file_is_not_found(db):
    stored = files.store_bytes(
        b"x", filename="a.csv", content_type="text/csv", expires_at=timezone.now()
    )

    with pytest.raises(NotFound):
        opened(files.signed_url(stored)[0])


@pytest.mark.parametrize(
    ("content_type", "inline", "disposition"),
    [
        ("application/pdf", True, 'inline; filename="notes.txt"'),
        ("image/png", True, 'inline; filename="notes.txt"'),
        ("application/pdf", False, 'attachment; filename="notes.txt"'),
        ("text/plain", True, 'attachment; filename="notes.txt"'),
    ],
)
def test_only_pictures_and_documents_are_shown_in_place(db, content_type, inline, disposition):
    stored = files.store_bytes(b"x", filename="notes.txt", content_type=content_type)

    found = opened(files.signed_url(stored, inline=inline)[0])

    found.file.close()
    assert found.disposition == disposition


def test_a_name_in_any_script_survives_the_header():
    assert storage.disposition('日本"語.pdf', inline=False) == (
        "attachment; filename=\"??_?.pdf\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%22%E8%AA%9E.pdf"
    )


def test_a_download_tells_what_it_is(stored):
    found = files.download(stored)

    assert (found.filename, found.content_type, found.size, found.sha256) == (
        stored.filename,
        stored.content_type,
        stored.size,
        stored.sha256,
    )


def test_public_files_have_a_lasting_address(db):
    logo = files.store(upload("logo.png", image()), purpose="image", owner=None, public=True)

    url = files.public_url(logo)

    with time_machine.travel(timezone.now() + timedelta(days=4000)):
        opened(url).file.close()
    assert logo.key.startswith("public/image/")


def test_private_files_have_no_lasting_address(stored):
    with pytest.raises(files.FileNotAvailable):
        files.public_url(stored)


@pytest.mark.parametrize("status", ["pending", "infected"])
def test_unscanned_and_infected_files_are_withheld(stored, status):
    url, _ = files.signed_url(stored)
    StoredFile.objects.update(scan_status=status)
    stored.refresh_from_db()

    with pytest.raises(files.FileNotAvailable):
        files.signed_url(stored)
    with pytest.raises(NotFound):
        opened(url)


def test_a_scanner_sees_every_upload(db, monkeypatch):
    seen = []
    monkeypatch.setattr(files, "_scanners", [])
    files.scanner(seen.append)

    stored = files.store(upload("a.pdf", PDF), purpose="document", owner=None)

    assert (stored.scan_status, seen) == ("pending", [stored])


class Bucket:
    """A store that signs its own links."""

    def url(self, key, parameters=None, expire=None):
        return f"https://bucket.example/{key}", parameters, expire


@pytest.mark.parametrize(
    ("store", "parameters", "expire"),
    [
        (
            "s3",
            {
                "ResponseContentDisposition": 'attachment; filename="notes.txt"',
                "ResponseContentType": "text/plain",
            },
            600,
        ),
        (
            "gcs",
            {
                "expiration": timedelta(seconds=600),
                "response_disposition": 'attachment; filename="notes.txt"',
                "response_type": "text/plain",
            },
            None,
        ),
    ],
)
def test_buckets_sign_their_own_links(db, settings, monkeypatch, store, parameters, expire):
    settings.STORAGE = store
    settings.PUBLIC_FILES_URL = "https://cdn.example"
    monkeypatch.setattr(storage, "default_storage", Bucket())
    private = StoredFileFactory(key="document/1/notes.txt")
    public = StoredFileFactory(key="public/image/1/a b.png", store="public")

    assert files.signed_url(private)[0] == (
        "https://bucket.example/document/1/notes.txt",
        parameters,
        expire,
    )
    assert files.public_url(public) == "https://cdn.example/public/image/1/a%20b.png"
