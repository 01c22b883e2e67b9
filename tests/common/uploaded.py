"""Uploads for tests: honest ones and hostile ones."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n"


def upload(name: str, content: bytes, declared: str = "application/octet-stream"):
    return SimpleUploadedFile(name, content, declared)


def image(kind="PNG", size=(8, 6), mode="RGB", **options) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(output, kind, **options)
    return output.getvalue()


def archive(parts: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", compression) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return output.getvalue()


def office(part="xl/workbook.xml", **more: bytes) -> bytes:
    """Return the least that counts as a document, with further parts."""
    return archive(
        {"[Content_Types].xml": b"<Types/>", part: b"<document/>"}
        | {name.replace("__", "/"): content for name, content in more.items()}
    )
