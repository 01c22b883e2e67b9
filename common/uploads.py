"""What people may upload: purposes, sizes, types by name and by content, images made anew."""

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps, UnidentifiedImageError

from common import archives
from common.exceptions import TooLarge

MEGABYTE = 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 8000  # pixels
MAX_NAME = 255
OFFICE = "application/vnd.openxmlformats-officedocument."
# Decompression-bomb warnings and errors of Pillow would fire at other limits than ours.
Image.MAX_IMAGE_PIXELS = None


class FileTooLarge(TooLarge):
    code = "FILE_TOO_LARGE"
    message = "The file is larger than allowed here."


@dataclass(frozen=True)
class Kind:
    """A type of file: how it is named, declared and recognised."""

    content_type: str
    extensions: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    # What browsers declare beside the proper type.
    also_declared: tuple[str, ...] = ()
    image_format: str = ""
    office_part: str = ""


@dataclass(frozen=True)
class Purpose:
    """What a file is for, which decides its size and types."""

    name: str
    max_bytes: int
    kinds: tuple[Kind, ...]
    sheets: bool = False


@dataclass(frozen=True)
class Accepted:
    """An upload that passed: its bytes as they will be stored."""

    content: bytes
    filename: str
    content_type: str


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f" for c in text)


ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
PNG = Kind("image/png", (".png",), _begins(b"\x89PNG\r\n\x1a\n"), image_format="PNG")
JPEG = Kind(
    "image/jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8\xff"), ("image/jpg",), image_format="JPEG"
)
WEBP = Kind("image/webp", (".webp",), _is_webp, image_format="WEBP")
GIF = Kind("image/gif", (".gif",), _begins(b"GIF87a", b"GIF89a"), image_format="GIF")
PDF = Kind("application/pdf", (".pdf",), _begins(b"%PDF-"))
DOCX = Kind(
    f"{OFFICE}wordprocessingml.document",
    (".docx",),
    _begins(*ZIP_MARKS),
    office_part="word/document.xml",
)
PPTX = Kind(
    f"{OFFICE}presentationml.presentation",
    (".pptx",),
    _begins(*ZIP_MARKS),
    office_part="ppt/presentation.xml",
)
XLSX = Kind(
    f"{OFFICE}spreadsheetml.sheet", (".xlsx",), _begins(*ZIP_MARKS), office_part="xl/workbook.xml"
)
TXT = Kind("text/plain", (".txt",), _is_text)
CSV = Kind("text/csv", (".csv",), _is_text, ("text/plain", "application/vnd.ms-excel"))
ZIP = Kind("application/zip", (".zip",), _begins(*ZIP_MARKS), ("application/x-zip-compressed",))
IMAGES = (PNG, JPEG, WEBP, GIF)
DOCUMENTS = (PDF, DOCX, PPTX, XLSX, TXT, *IMAGES)
# A program that does not know a type declares this.
UNDECLARED = ("", "application/octet-stream")

_purposes: dict[str, Purpose] = {}


def register(purpose: Purpose) -> Purpose:
    """Add a purpose; an app may register one of its own."""
    _purposes[purpose.name] = purpose
    return purpose


def purposes() -> frozenset[str]:
    """Return the names of what people may upload for."""
    return frozenset(_purposes)


register(Purpose("image", 5 * MEGABYTE, IMAGES))
register(Purpose("template", 10 * MEGABYTE, (PDF, PNG, JPEG)))
register(Purpose("document", 10 * MEGABYTE, DOCUMENTS))
register(Purpose("submission", 25 * MEGABYTE, (*DOCUMENTS, ZIP)))
register(Purpose("evidence", 10 * MEGABYTE, (PDF, *IMAGES)))
register(Purpose("import", 5 * MEGABYTE, (CSV, XLSX), sheets=True))


def accept(upload: UploadedFile[Any], *, purpose: str, field: str = "file") -> Accepted:
    """Return what will be stored of the upload.

    Raises FileTooLarge above the purpose's limit, ValidationError on the field for a wrong type.
    """
    rules = _purposes[purpose]
    if (upload.size or 0) > rules.max_bytes:
        raise FileTooLarge(f"The file may have {rules.max_bytes // MEGABYTE} MB at most.")
    upload.seek(0)
    content = upload.read(rules.max_bytes + 1)
    if len(content) > rules.max_bytes:
        raise FileTooLarge(f"The file may have {rules.max_bytes // MEGABYTE} MB at most.")
    try:
        return _checked(content, clean_name(upload.name or ""), upload.content_type or "", rules)
    except ValidationError as refusal:
        raise ValidationError({field: refusal.messages}) from refusal


def clean_name(name: str) -> str:
    """Return the last part of a name without control characters, at most 255 long."""
    base = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip() or "file"
    stem, dot, extension = shown.rpartition(".")
    if not dot:
        return shown[:MAX_NAME]
    extension = extension[:20]
    return f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}"


def safe_name(name: str) -> str:
    """Return a name of ASCII letters for paths and links."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, _, extension = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).rpartition(".")
    stem = stem.strip("-.")[:100] or "file"
    extension = re.sub(r"[^A-Za-z0-9]", "", extension)[:10]
    return f"{stem}.{extension}" if extension else stem


def _checked(content: bytes, filename: str, declared: str, rules: Purpose) -> Accepted:
    kind = _kind_of(content, filename, declared, rules)
    if kind.image_format:
        return _redrawn(content, filename, kind)
    if kind.recognises(ZIP_MARKS[0]):
        _check_archive(content, kind, rules)
    return Accepted(content, filename, kind.content_type)


def _kind_of(content: bytes, filename: str, declared: str, rules: Purpose) -> Kind:
    extension = PurePosixPath(filename).suffix.lower()
    kind = next((kind for kind in rules.kinds if extension in kind.extensions), None)
    if kind is None:
        allowed = ", ".join(ext[1:] for kind in rules.kinds for ext in kind.extensions[:1])
        raise ValidationError(f"Files of this type are not taken. Allowed: {allowed}.")
    stated = declared.partition(";")[0].strip().lower()
    if stated not in (*UNDECLARED, kind.content_type, *kind.also_declared):
        raise ValidationError("The declared type does not match the file's name.")
    if not content:
        raise ValidationError("The file is empty.")
    if not kind.recognises(content):
        raise ValidationError("The content does not match the file's name.")
    return kind


def _check_archive(content: bytes, kind: Kind, rules: Purpose) -> None:
    bounds = archives.SHEET if rules.sheets else archives.ARCHIVE
    try:
        names = archives.examine(io.BytesIO(content), bounds)
    except archives.Suspicious as refusal:
        raise ValidationError(str(refusal)) from refusal
    if kind.office_part and kind.office_part not in names:
        raise ValidationError("The content does not match the file's name.")


def _redrawn(content: bytes, filename: str, kind: Kind) -> Accepted:
    """Decode and encode the image again, so that nothing but the pixels survives."""
    target = PNG if kind is GIF else kind
    output = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=[kind.image_format]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValidationError("The image has more than 40 megapixels.")
            if max(opened.size) > MAX_SIDE:
                raise ValidationError(f"The image has a side of more than {MAX_SIDE} pixels.")
            _plain_pixels(opened, target).save(output, target.image_format, **_options(target))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise ValidationError("The image cannot be read.") from error
    stem = PurePosixPath(filename).stem
    name = filename if target is kind else clean_name(f"{stem}{target.extensions[0]}")
    return Accepted(output.getvalue(), name, target.content_type)


def _plain_pixels(opened: Image.Image, target: Kind) -> Image.Image:
    """Return an upright copy without metadata, in a mode that the target format has."""
    upright = ImageOps.exif_transpose(opened)
    has_alpha = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
    mode = "RGBA" if has_alpha and target is not JPEG else "RGB"
    pixels = upright.convert(mode)
    pixels.info = {}
    return pixels


def _options(target: Kind) -> dict[str, int]:
    return {JPEG.image_format: {"quality": 88}, WEBP.image_format: {"quality": 88}}.get(
        target.image_format, {}
    )
