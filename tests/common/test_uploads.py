"""What people may upload."""

import io

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from common import uploads
from tests.common.uploaded import PDF, archive, image, office, upload

MEGABYTE = 1024 * 1024


def refusal(purpose, file) -> str:
    with pytest.raises(ValidationError) as refused:
        uploads.accept(file, purpose=purpose, field="photo")
    (message,) = refused.value.message_dict["photo"]
    return message


@pytest.mark.parametrize(
    ("purpose", "name", "content", "content_type"),
    [
        ("image", "a.png", image(), "image/png"),
        ("image", "a.jpeg", image("JPEG"), "image/jpeg"),
        ("image", "a.webp", image("WEBP"), "image/webp"),
        ("template", "a.pdf", PDF, "application/pdf"),
        ("document", "a.txt", "Grüße\n".encode(), "text/plain"),
        ("document", "a.txt", "Grüße\n".encode("cp1252"), "text/plain"),
        ("document", "a.docx", office("word/document.xml"), uploads.DOCX.content_type),
        ("submission", "a.zip", archive({"a.txt": b"hello"}), "application/zip"),
        ("evidence", "A.PDF", PDF, "application/pdf"),
        ("import", "a.csv", b"email\r\na@example.org\r\n", "text/csv"),
        ("import", "a.xlsx", office(), uploads.XLSX.content_type),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_of_their_purpose_are_taken(purpose, name, content, content_type):
    accepted = uploads.accept(upload(name, content), purpose=purpose)

    assert (accepted.filename, accepted.content_type) == (name, content_type)


@pytest.mark.parametrize(
    ("purpose", "name", "content", "message"),
    [
        ("image", "a.svg", b"<svg/>", "not taken. Allowed: png, jpg, webp, gif."),
        ("document", "a.html", b"<html>", "not taken"),
        ("image", "a", b"x", "not taken"),
        ("evidence", "cv.pdf", b"<html>", "does not match"),
        ("image", "a.png", PDF, "does not match"),
        ("image", "a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 99, "cannot be read"),
        ("document", "a.txt", b"\x00\x01", "does not match"),
        ("document", "a.pdf", b"", "empty"),
        ("import", "a.xlsx", office("word/document.xml"), "does not match"),
        ("import", "a.xlsx", b"PK\x03\x04 broken", "cannot be read"),
    ],
)
def test_everything_else_is_refused_on_the_field(purpose, name, content, message):
    assert message in refusal(purpose, upload(name, content))


def test_the_declared_type_must_match_the_name():
    assert "declared" in refusal("image", upload("a.png", image(), "text/html"))
    assert uploads.accept(upload("a.csv", b"a", "text/plain; charset=utf-8"), purpose="import")


def test_a_file_above_its_purpose_s_limit_is_too_large():
    with pytest.raises(uploads.FileTooLarge, match="5 MB") as refused:
        uploads.accept(upload("a.png", b"x" * (5 * MEGABYTE + 1)), purpose="image")

    assert (refused.value.status, refused.value.code) == (413, "FILE_TOO_LARGE")


def test_a_file_that_understates_its_size_is_too_large():
    file = upload("a.png", b"x" * (5 * MEGABYTE + 1))
    file.size = 7

    with pytest.raises(uploads.FileTooLarge):
        uploads.accept(file, purpose="image")


def test_a_gif_becomes_a_still_png():
    accepted = uploads.accept(upload("a.gif", image("GIF", mode="P")), purpose="image")

    assert (accepted.filename, accepted.content_type) == ("a.png", "image/png")


def test_images_lose_their_metadata_and_stand_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated
    exif[0x010E] = "secret place"
    content = image("JPEG", exif=exif)

    accepted = uploads.accept(upload("a.jpg", content), purpose="image")

    redrawn = Image.open(io.BytesIO(accepted.content))
    assert b"secret place" in content
    assert b"secret place" not in accepted.content
    assert redrawn.size == (6, 8)


@pytest.mark.parametrize(
    ("kind", "mode", "kept"),
    [("PNG", "RGBA", "RGBA"), ("PNG", "L", "RGB"), ("JPEG", "CMYK", "RGB")],
)
def test_transparency_is_kept_where_the_format_has_it(kind, mode, kept):
    name = f"a.{kind.lower()}"
    accepted = uploads.accept(upload(name, image(kind, mode=mode)), purpose="image")

    assert Image.open(io.BytesIO(accepted.content)).mode == kept


def test_a_trailing_page_does_not_survive():
    accepted = uploads.accept(
        upload("a.png", image() + b"<script>alert(1)</script>"), purpose="image"
    )

    assert b"<script>" not in accepted.content


def test_an_image_of_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PIXELS", 47)

    assert "megapixels" in refusal("image", upload("a.png", image()))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\docs\\cv.pdf", "cv.pdf"),
        ("n\u202eame\r\n.pdf", "name.pdf"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("y" * 300, "y" * 255),
    ],
)
def test_names_are_cleaned(given, kept):
    assert uploads.clean_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Zeugnis für Ada.pdf", "Zeugnis-fur-Ada.pdf"),
        ("日本語.pdf", "file.pdf"),
        ("..", "file"),
        ("plain", "file.plain"),
    ],
)
def test_names_in_paths_are_plain(given, kept):
    assert uploads.safe_name(given) == kept
