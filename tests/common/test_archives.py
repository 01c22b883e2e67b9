"""Zip-based uploads that would hurt are refused before they are unpacked."""

import io
import struct
import zipfile

import pytest

from common import archives
from common.archives import Suspicious
from tests.common.uploaded import archive, office

LINK = (
    b'<Relationships><Relationship Id="1" Type="http://schemas.example/%s" '
    b'Target="https://example.org" TargetMode="External"/></Relationships>'
)


def encrypted() -> bytes:
    """Return an archive whose only part says it wants a password."""
    content = bytearray(archive({"a.txt": b"hello"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def lying() -> bytes:
    """Return a bomb whose directory says it unpacks to almost nothing."""
    content = bytearray(archive({"[Content_Types].xml": b" " * 50_000_000}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 100)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive({"a.txt": b" " * 1_000_000}), "unpacks to too much"),
        (archive({f"{number}.txt": b"x" for number in range(1001)}), "too many parts"),
        (office(xl__vbaProject="x", **{"xl__vbaProject.bin": b"x"}), "macros"),
        (office(**{"xl__externalLinks__1.xml": b"<a/>"}), "refers to other files"),
        (office(**{"xl___rels__1.rels": LINK % b"oleObject"}), "refers to other files"),
        (office(**{"xl__a.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'}), "declares entities"),
        (encrypted(), "password"),
        (b"PK\x03\x04", "cannot be read"),
    ],
    ids=["ratio", "entries", "macros", "links", "object", "entities", "password", "broken"],
)
def test_hostile_archives_are_refused(content, message):
    with pytest.raises(Suspicious, match=message):
        archives.examine(io.BytesIO(content))


def test_a_directory_that_lies_does_not_help():
    with pytest.raises(Suspicious):
        archives.examine(io.BytesIO(lying()))


def test_many_relations_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_RELATIONS_BYTES", 10)

    with pytest.raises(Suspicious, match="too many parts"):
        archives.examine(io.BytesIO(office(**{"xl___rels__1.rels": LINK % b"hyperlink"})))


def test_an_imported_sheet_has_narrower_bounds():
    parts = {f"{number}.txt": b"x" for number in range(101)}
    content = archive(parts, zipfile.ZIP_STORED)

    assert archives.examine(io.BytesIO(content)) == set(parts)
    with pytest.raises(Suspicious, match="too many parts"):
        archives.examine(io.BytesIO(content), archives.SHEET)


def test_documents_may_hold_hyperlinks():
    content = office(**{"xl___rels__1.rels": LINK % b"hyperlink"})

    assert "xl/workbook.xml" in archives.examine(io.BytesIO(content))
