"""Rows as files: declared columns, written in chunks, and nothing a spreadsheet would run."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Final

import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone

from common.renderers import CSV_TYPE, XLSX_TYPE

CHUNK_SIZE: Final = 2_000
TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
DANGEROUS: Final = frozenset("=+-@|%")
XLSX_CELL_LENGTH: Final = 32_767
NUMBERS: Final = (int, float, Decimal)


@dataclass(frozen=True)
class Column:
    """One column: its heading, what it holds, and its name in `columns=`."""

    title: str
    value: Callable[[Any], Any]
    name: str = ""
    is_optional: bool = False

    @property
    def key(self) -> str:
        return self.name or re.sub(r"\W+", "_", self.title.lower()).strip("_")


@dataclass(frozen=True)
class Sheet:
    """What leaves: these columns of these rows, as this type."""

    columns: Sequence[Column]
    rows: QuerySet[Any]
    file_type: str
    name: str

    @property
    def filename(self) -> str:
        return f"{self.name}-{timezone.now():%Y-%m-%d}.{self.file_type}"

    def records(self) -> Iterator[list[Any]]:
        """Yield the headings, then each row's values; memory stays that of one chunk."""
        yield [column.title for column in self.columns]
        for row in self.rows.iterator(chunk_size=CHUNK_SIZE):
            yield [column.value(row) for column in self.columns]

    def write(
        self, target: IO[bytes], advance: Callable[[int], None] = lambda _count: None
    ) -> None:
        """Write the file, telling after each chunk how many rows are done."""
        if self.file_type == "xlsx":
            write_xlsx(self._counted(advance), target)
            return
        for chunk in csv_chunks(self._counted(advance)):
            target.write(chunk)

    def _counted(self, advance: Callable[[int], None]) -> Iterator[list[Any]]:
        for count, record in enumerate(self.records()):
            yield record
            if count and count % CHUNK_SIZE == 0:
                advance(count)


def csv_chunks(records: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield RFC 4180 text, some thousand rows at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for count, record in enumerate(records, start=1):
        writer.writerow([csv_cell(value) for value in record])
        if count % CHUNK_SIZE == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()


def write_xlsx(records: Iterable[Sequence[Any]], target: IO[bytes]) -> None:
    """Write a workbook row by row: text stays text, numbers and dates keep their type."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for line, record in enumerate(records):
            for place, value in enumerate(record):
                if isinstance(value, datetime):
                    naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
                    sheet.write_datetime(line, place, naive, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, day)
                elif isinstance(value, NUMBERS) and not isinstance(value, bool):
                    sheet.write_number(line, place, value)
                else:
                    sheet.write_string(line, place, _stripped(_text(value))[:XLSX_CELL_LENGTH])


def csv_cell(value: Any) -> str:
    """Return the cell; text that a spreadsheet would run gets a leading apostrophe."""
    if isinstance(value, NUMBERS) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime | date):
        return _text(value)
    text = _stripped(_text(value))
    return f"'{text}" if _first_visible(text) in DANGEROUS else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _stripped(text: str) -> str:
    """Drop leading control characters."""
    for place, character in enumerate(text):
        if unicodedata.category(character) != "Cc":
            return text[place:]
    return ""


def _first_visible(text: str) -> str:
    """Return what a spreadsheet sees first, a full-width form as its plain one."""
    for character in text:
        if unicodedata.category(character) not in {"Cf", "Zs"}:
            return unicodedata.normalize("NFKC", character)
    return ""
