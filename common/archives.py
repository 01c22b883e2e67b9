"""Zip-based uploads: bombs, macros and outside links are refused before anything is unpacked."""

import re
import zipfile
from dataclasses import dataclass
from typing import IO
from zlib import error as ZlibError  # noqa: N812 -- an exception in lower case

MEGABYTE = 1024 * 1024
MAX_PART_RATIO = 100
# Beginnings of the parts that are read for declarations which office programs never write.
HEAD_BYTES = 4096
MAX_RELATIONS_BYTES = 2 * MEGABYTE
OUTSIDE = re.compile(
    rb"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE
)
HYPERLINK = re.compile(rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", re.IGNORECASE)
BROKEN = (zipfile.BadZipFile, ZlibError, NotImplementedError, RuntimeError, EOFError, ValueError)


class Suspicious(Exception):
    """The archive is broken, or holds what no honest one does; the text is for people."""


@dataclass(frozen=True)
class Bounds:
    """How much an archive may hold."""

    entries: int = 1000
    unpacked: int = 200 * MEGABYTE


ARCHIVE = Bounds()
SHEET = Bounds(entries=100, unpacked=50 * MEGABYTE)


def examine(file: IO[bytes], bounds: Bounds = ARCHIVE) -> frozenset[str]:
    """Return the names inside; raise `Suspicious` without unpacking more than small heads."""
    try:
        with zipfile.ZipFile(file) as archive:
            _within(archive.infolist(), bounds)
            names = frozenset(archive.namelist())
            if "[Content_Types].xml" in names:
                _check_office_parts(archive)
    except BROKEN as error:
        raise Suspicious("The file cannot be read.") from error
    return names


def _within(parts: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > bounds.entries:
        raise Suspicious("The file holds too many parts.")
    if unpacked > bounds.unpacked or unpacked > MAX_PART_RATIO * max(packed, 1):
        raise Suspicious("The file unpacks to too much.")
    if any(part.flag_bits & 1 for part in parts):
        raise Suspicious("The file is protected by a password.")


def _check_office_parts(archive: zipfile.ZipFile) -> None:
    for part in archive.infolist():
        name = part.filename.lower()
        if name.endswith("vbaproject.bin"):
            raise Suspicious("The file holds macros.")
        if "/externallinks/" in name:
            raise Suspicious("The file refers to other files.")
        if name.endswith(".rels"):
            _check_relations(archive, part)
        elif name.endswith(".xml"):
            with archive.open(part) as content:
                if b"<!DOCTYPE" in content.read(HEAD_BYTES).upper():
                    raise Suspicious("The file declares entities.")


def _check_relations(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.file_size > MAX_RELATIONS_BYTES:
        raise Suspicious("The file holds too many parts.")
    relations = archive.read(part)
    if any(not HYPERLINK.search(found) for found in OUTSIDE.findall(relations)):
        raise Suspicious("The file refers to other files.")
