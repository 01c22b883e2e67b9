"""Snapshot and design to the bytes of one unsigned page, the same bytes every time."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

import segno
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from certificates import fields, fitting, typefaces
from certificates.fitting import Box, Fitted
from common.exceptions import RuleViolation

if TYPE_CHECKING:
    from certificates.models import CertificateTemplate

POINTS_PER_PX = 0.75
MARGIN = 40  # px kept free where a position names no width
SMALLEST = 8
QR_MASK = 4  # choosing the best of eight costs seven times the drawing and reads no better
SIGNATURES = {"signature": "signatory", "signature_2": "signatory_2"}
DRAWN_APART = frozenset({"logo", "qr_code", *SIGNATURES})
# Typefaces gather glyphs while a page is drawn.
_drawing = threading.Lock()


class NameNotPrintable(RuleViolation):
    """No font has these characters; boxes are never printed."""

    code: ClassVar[str] = "NAME_NOT_PRINTABLE"
    message: ClassVar[str] = "Some characters cannot be printed with the installed fonts."


class TextDoesNotFit(RuleViolation):
    """A text is too long for its place at the smallest size."""

    code: ClassVar[str] = "TEXT_DOES_NOT_FIT"
    message: ClassVar[str] = "A text does not fit into its place on the certificate."


@dataclass(frozen=True)
class Style:
    """How a text of the design is written."""

    family: str
    bold: bool
    color: str

    def runs(self, line: str) -> list[typefaces.Run]:
        return typefaces.runs(line, self.family, bold=self.bold)

    def width(self, line: str) -> float:
        """Return the width of a line per unit of size."""
        return sum(run.width(1) for run in self.runs(line))


@dataclass(frozen=True)
class Placed:
    """A text with its place on the page: left edge, centre or right edge, and top, in px."""

    style: Style
    fitted: Fitted
    x: float
    top: float
    align: str


def layout(snapshot: fields.Snapshot, template: "CertificateTemplate") -> list[Placed]:
    """Place every text; raise NameNotPrintable or TextDoesNotFit before anything is written."""
    words = fields.values(snapshot, template.language)
    texts = (
        (key, position, _words(key, position, words, snapshot))
        for key, position in template.field_positions.items()
        if key not in DRAWN_APART
    )
    with _drawing:
        placed = [_placed(key, at, text, template) for key, at, text in texts if text]
        return [*placed, *_signatories(template)]


def render(snapshot: fields.Snapshot, template: "CertificateTemplate") -> bytes:
    """Return the unsigned PDF. Equal snapshots and designs give equal bytes."""
    texts = layout(snapshot, template)
    size = (template.width_px * POINTS_PER_PX, template.height_px * POINTS_PER_PX)
    page = BytesIO()
    with _drawing:
        canvas = Canvas(
            page,
            pagesize=size,
            bottomup=1,
            pageCompression=1,
            invariant=1,
            # Without a font of ours reportlab puts an unembedded Helvetica on every page.
            initialFontName=typefaces.chain("sans", bold=False)[0].fontName,
            lang=template.language,
        )
        _describe(canvas, snapshot)
        canvas.transform(POINTS_PER_PX, 0, 0, -POINTS_PER_PX, 0, size[1])
        BACKGROUNDS.get(template.background_file, _nothing)(canvas)
        _signature_rules(canvas, template)
        _qr_code(canvas, snapshot, template.field_positions.get("qr_code"))
        for text in texts:
            _write(canvas, text)
        canvas.showPage()
        canvas.save()
    return page.getvalue()


def _describe(canvas: Canvas, snapshot: fields.Snapshot) -> None:
    activity = str(snapshot.get("event_title") or snapshot.get("course_title") or "")
    title = f"{snapshot['certificate_number']} {snapshot['attendee_name']}"
    canvas.setTitle(typefaces.cleaned(title))
    canvas.setAuthor(typefaces.cleaned(str(snapshot.get("organizer_name") or "")))
    canvas.setSubject(typefaces.cleaned(activity))
    canvas.setCreator("CPD Events")
    canvas.setProducer("CPD Events")


def _words(
    key: str, position: Mapping[str, Any], words: Mapping[str, str], snapshot: fields.Snapshot
) -> str:
    pattern = str(position.get("text", ""))
    if snapshot.get("type") == "course":
        pattern = str(position.get("course_text", pattern))
    text = fields.filled(pattern, words) if pattern else words.get(key, "")
    lines = filter(None, map(typefaces.cleaned, text.split("\n")))
    joined = "\n".join(lines)
    return joined.upper() if position.get("uppercase") else joined


def _placed(key: str, at: Mapping[str, Any], text: str, template: "CertificateTemplate") -> Placed:
    style = Style(
        family=at.get("font", template.default_font),
        bold=at.get("font_weight") == "bold",
        color=at.get("color", template.default_color),
    )
    size = at.get("font_size", template.default_font_size)
    box = Box(
        width=at.get("width", template.width_px - MARGIN - at["x"]),
        height=at.get("height"),
        size=size,
        min_size=at.get("min_size", max(SMALLEST, size / 2)),
        max_lines=at.get("max_lines", 2 if key == "attendee_name" else 1),
        fit=at.get("fit", "shrink"),
    )
    try:
        style.runs(text.replace("\n", " "))  # names every character that is missing, not the first
        fitted = fitting.fit(text, box, style.width)
    except typefaces.Unprintable as error:
        raise NameNotPrintable(details={"field": key, "characters": error.characters}) from error
    if fitted is None:
        raise TextDoesNotFit(details={"field": key})
    return Placed(style, fitted, at["x"], _top(at, fitted), at.get("align", "left"))


def _top(at: Mapping[str, Any], fitted: Fitted) -> float:
    spare = (at.get("height") or fitted.height) - fitted.height
    share = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[at.get("valign", "top")]
    return float(at["y"]) + spare * share


def _write(canvas: Canvas, text: Placed) -> None:
    size, style = text.fitted.size, text.style
    canvas.setFillColor(HexColor(style.color))
    for number, line in enumerate(text.fitted.lines):
        runs = style.runs(line)
        width = sum(run.width(size) for run in runs)
        x = text.x - width * {"left": 0.0, "center": 0.5, "right": 1.0}[text.align]
        # DejaVu's ascent is 0.93 of the size, so the baseline lies one size below the line's top.
        baseline = text.top + number * size * fitting.LEADING + size
        with_text = _as_typed if any(run.shaped for run in runs) else _plain
        with_text(canvas, line, partial(_write_runs, canvas, runs, x, baseline, size))


def _write_runs(
    canvas: Canvas, runs: list[typefaces.Run], x: float, baseline: float, size: float
) -> None:
    text = canvas.beginText()
    for run in runs:
        # The page is turned so that y grows downward; letters are turned back.
        text.setTextTransform(1, 0, 0, -1, x, baseline)
        text.setFont(run.font, size)
        text.textOut(run.glyphs)
        x += run.width(size)
    canvas.drawText(text)


def _plain(_canvas: Canvas, _line: str, write: Callable[[], None]) -> None:
    write()


def _as_typed(canvas: Canvas, line: str, write: Callable[[], None]) -> None:
    """Mark what shaped glyphs spell, so that copying and screen readers get the letters."""
    typed = b"\xfe\xff" + line.encode("utf-16-be")
    code = canvas._code  # noqa: SLF001 -- reportlab has no call for marked content
    code.append(f"/Span <</ActualText <{typed.hex().upper()}>>> BDC")
    write()
    code.append("EMC")


def _signatories(template: "CertificateTemplate") -> Iterator[Placed]:
    for key, prefix in SIGNATURES.items():
        at = template.field_positions.get(key)
        if at is None or not getattr(template, f"{prefix}_name"):
            continue
        for field, offset, size, weight in (("name", 46, 13, "bold"), ("title", 64, 11, "normal")):
            words = typefaces.cleaned(getattr(template, f"{prefix}_{field}"))
            if words:
                line = {**at, "y": at["y"] + offset, "font_size": size, "font_weight": weight}
                yield _placed(key, line, words, template)


def _signature_rules(canvas: Canvas, template: "CertificateTemplate") -> None:
    for key, prefix in SIGNATURES.items():
        at = template.field_positions.get(key)
        if at is not None and getattr(template, f"{prefix}_name"):
            canvas.setStrokeColor(HexColor(at.get("color", template.default_color)))
            canvas.setLineWidth(1)
            canvas.line(at["x"], at["y"] + 42, at["x"] + at["width"], at["y"] + 42)


def _qr_code(canvas: Canvas, snapshot: fields.Snapshot, at: Mapping[str, Any] | None) -> None:
    if at is None:
        return
    code = segno.make(
        snapshot["verification_url"], error="m", mask=QR_MASK, micro=False, boost_error=False
    )
    module = at["size"] / len(code.matrix)
    path = canvas.beginPath()
    for row, bits in enumerate(code.matrix):
        for start, length in _dark_runs(bits):
            path.rect(at["x"] + start * module, at["y"] + row * module, length * module, module)
    canvas.setFillColor(HexColor("#000000"))
    canvas.drawPath(path, stroke=0, fill=1)


def _dark_runs(bits: bytearray) -> Iterator[tuple[int, int]]:
    start = None
    for index, bit in enumerate([*bits, 0]):
        if bit and start is None:
            start = index
        elif not bit and start is not None:
            yield start, index - start
            start = None


def _classic(canvas: Canvas, width: float, height: float, rule_at: float) -> None:
    canvas.setLineWidth(3)
    canvas.setStrokeColor(HexColor("#1F3A5F"))
    canvas.rect(28, 28, width - 56, height - 56)
    canvas.setLineWidth(1)
    canvas.setStrokeColor(HexColor("#B08D2E"))
    canvas.rect(38, 38, width - 76, height - 76)
    canvas.line(width / 2 - 200.5, rule_at, width / 2 + 200.5, rule_at)


def _nothing(_canvas: Canvas) -> None:
    """Leave the page white."""


BACKGROUNDS: Mapping[str, Callable[[Canvas], None]] = {
    "builtin:classic": partial(_classic, width=1123, height=794, rule_at=286),
    "builtin:classic-portrait": partial(_classic, width=794, height=1123, rule_at=386),
}
