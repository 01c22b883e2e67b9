"""Fonts: the bundled families, their fallback chains, and text cut into printable runs."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from reportlab.pdfbase import pdfmetrics, ttfonts

from certificates import bidi

log = structlog.get_logger(__name__)

BUNDLED = Path(__file__).parent / "fonts"
FAMILIES = {
    "sans": ("DejaVuSans", "DejaVuSerif"),
    "serif": ("DejaVuSerif", "DejaVuSans"),
    "mono": ("DejaVuSansMono", "DejaVuSans"),
}
# Glyphs without a character of their own get one by their number. Counting them in the order of
# use, as reportlab does, would make the bytes depend on what the process drew before.
PRIVATE_GLYPHS = 0xF0000
FIRST_PLANE = 0xFFFF
# Scripts whose letters stand side by side unchanged; everything else is shaped.
UNSHAPED = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "CJK", "HIRAGANA", "KATAKANA"}
    | {"HANGUL", "BOPOMOFO", "CHEROKEE", "FULLWIDTH", "HALFWIDTH", "KATAKANA-HIRAGANA"}
)
ZERO_WIDTH_JOINER = "\u200d"
JOINERS = frozenset({"\u200c", ZERO_WIDTH_JOINER})
VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
INVISIBLE = JOINERS | VARIATION_SELECTORS


@dataclass(frozen=True)
class Run:
    """A stretch of one line in one font, one script and one direction."""

    text: str
    font: str
    level: int
    shaped: bool

    @property
    def glyphs(self) -> str:
        """Return what is drawn: the text itself, or reportlab's string of placed glyphs."""
        if not self.shaped:
            return "".join(character for character in self.text if character not in INVISIBLE)
        placed: str = ttfonts.shapeStr(self.text, self.font, 1000, force=True)
        return placed

    def width(self, size: float) -> float:
        """Return the advance of the run at a size."""
        glyphs = self.glyphs
        if self.shaped:
            return sum(part.x_advance for part in glyphs.__shapeData__) * size / 1000  # type: ignore[attr-defined]  # reportlab's ShapedStr
        return float(pdfmetrics.stringWidth(glyphs, self.font, size))


class Unprintable(Exception):
    """No font of the chain has a glyph for these characters."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = list(dict.fromkeys(characters))
        super().__init__(self.characters)


class Typeface(ttfonts.TTFont):  # type: ignore[misc]  # reportlab is untyped
    """A TrueType font that knows which characters it has and names its glyphs by number."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, str(path))
        # reportlab adds to charToGlyph while shaping; what the font itself covers is kept apart.
        self.covered = frozenset(self.face.charToGlyph)

    def covers(self, cluster: str) -> bool:
        """Tell whether every visible character of the cluster has a glyph."""
        return all(ord(letter) in self.covered for letter in cluster if letter not in INVISIBLE)

    def hbFont(self, fontSize: float = 10) -> Any:  # noqa: N802, N803 -- reportlab's names
        font = super().hbFont(fontSize)
        self.hbAddPrivate = self._private
        return font

    def addObjects(self, doc: Any) -> None:  # noqa: N802 -- reportlab's name
        subsets = self.state[doc].subsets
        super().addObjects(doc)
        for number, subset in enumerate(subsets):
            name = (
                ttfonts.SUBSETN(number) + b"+" + self.face.name + self.face.subfontNameX
            ).decode()
            stream = doc.idToObject[f"toUnicodeCMap:{name}"]
            stream.content = _to_unicode(stream.content, subset)

    def _private(self, _name: str, glyph: int, advance: float) -> int:
        code = PRIVATE_GLYPHS + glyph
        self.face.charToGlyph[code] = glyph
        self.face.glyphToChar.setdefault(glyph, []).append(code)
        self.face.charWidths[code] = self.pdfScale(advance)
        return code


def _to_unicode(cmap: str, subset: list[int]) -> str:
    """Write characters beyond the first plane as surrogate pairs; reportlab forgets to."""
    for number, code in enumerate(subset):
        if code > FIRST_PLANE:
            pair = chr(code).encode("utf-16-be").hex().upper()
            cmap = cmap.replace(f"<{number:02X}> <{code:04X}>", f"<{number:02X}> <{pair}>")
    return cmap


def cleaned(text: str) -> str:
    """Return text as it is printed: NFC, no control characters, blanks for line breaks."""
    kept = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or not _is_control(character)
    )
    return " ".join("".join(kept).split())


def runs(text: str, family: str, *, bold: bool = False) -> list[Run]:
    """Cut one line into runs in the order they are drawn; raise Unprintable."""
    return bidi.visual_order(list(_logical_runs(text, family, bold)), lambda run: run.level)


@cache
def chain(family: str, *, bold: bool) -> tuple[Typeface, ...]:
    """Return the fonts to try, in order: the bundled ones, then those of CERTIFICATE_FONT_DIRS."""
    # A letter that no bold font has is better printed in the regular weight than not at all.
    weights = ("-Bold", "") if bold else ("",)
    bundled = [
        _registered(f"{name}{weight}", BUNDLED) for weight in weights for name in FAMILIES[family]
    ]
    return (*bundled, *_installed())


@cache
def _registered(name: str, folder: Path) -> Typeface:
    font = Typeface(name, folder / f"{name}.ttf")
    pdfmetrics.registerFont(font)
    return font


@cache
def _installed() -> tuple[Typeface, ...]:
    fonts = []
    for path in sorted(
        path for folder in settings.CERTIFICATE_FONT_DIRS for path in Path(folder).rglob("*.ttf")
    ):
        try:
            fonts.append(_registered(path.stem, path.parent))
        except ttfonts.TTFError:  # CFF outlines or a broken file
            log.warning("font ignored", font=path.name)
    return tuple(fonts)


def _logical_runs(text: str, family: str, bold: bool) -> Iterator[Run]:
    fonts = chain(family, bold=bold)
    pieces: list[_Piece] = []
    missing: list[str] = []
    for level, stretch in _stretches(text):
        script, font = _first_script(stretch), None
        for cluster in _clusters(stretch):
            font = _font_for(cluster, fonts, font)
            script = _script(cluster) or script
            if font is None:
                missing.append(cluster)
            elif pieces and pieces[-1].continues(font, level, script):
                pieces[-1].text += cluster
            else:
                pieces.append(_Piece(cluster, font, level, script))
    if missing:
        raise Unprintable(missing)
    yield from (piece.run() for piece in pieces)


@dataclass
class _Piece:
    """A run in the making."""

    text: str
    font: Typeface
    level: int
    script: str

    def continues(self, font: Typeface, level: int, script: str) -> bool:
        return (self.font, self.level, self.script) == (font, level, script)

    def run(self) -> Run:
        has_letters = any(_script(character) for character in self.text)
        if self.level % 2 and not has_letters:
            # HarfBuzz takes the direction from letters; blanks and brackets are turned here.
            turned = self.text[::-1].translate(MIRRORED)
            return Run(turned, self.font.fontName, self.level, shaped=False)
        shaped = has_letters and _needs_shaping(self.text, self.level, self.script)
        if shaped and not self.font.shapable:
            raise Unprintable(self.text)
        return Run(self.text, self.font.fontName, self.level, shaped)


def _stretches(text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a text that run in one direction."""
    for level, pairs in groupby(
        zip(bidi.levels(text), text, strict=True), key=lambda pair: pair[0]
    ):
        yield level, "".join(character for _, character in pairs)


def _font_for(
    cluster: str, fonts: tuple[Typeface, ...], previous: Typeface | None
) -> Typeface | None:
    # Blanks and punctuation stay in the font around them, so that words of a fallback font
    # are not torn into single runs.
    if previous is not None and not _script(cluster) and previous.covers(cluster):
        return previous
    return next((font for font in fonts if font.covers(cluster)), None)


def _clusters(text: str) -> Iterator[str]:
    """Yield each letter with the marks and joiners that belong to it."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not (
            _continues(text[index]) or text[index - 1] == ZERO_WIDTH_JOINER
        ):
            yield text[start:index]
            start = index


def _continues(character: str) -> bool:
    return character in INVISIBLE or unicodedata.category(character).startswith("M")


@lru_cache(maxsize=4096)
def _script(cluster: str) -> str:
    """Return the script of a letter as its Unicode name tells it; nothing for other characters."""
    if not unicodedata.category(cluster[0]).startswith("L"):
        return ""
    return unicodedata.name(cluster[0], "").partition(" ")[0]


def _first_script(text: str) -> str:
    return next(filter(None, map(_script, _clusters(text))), "")


def _needs_shaping(text: str, level: int, script: str) -> bool:
    return (
        level % 2 == 1
        or script not in UNSHAPED
        or any(unicodedata.category(character).startswith("M") for character in text)
    )


def _is_control(character: str) -> bool:
    if character in JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"}
