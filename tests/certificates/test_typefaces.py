import unicodedata
from io import BytesIO

import pytest
from pypdf import PdfReader

from certificates import rendering, typefaces
from tests.factories.certificates import built_in, snapshot


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("e\u0301", "é"),
        ("a\x00b", "ab"),
        ("a\u202eb", "ab"),
        ("a\r\n\t b", "a b"),
        ("  a  ", "a"),
        ("\ud800a", "a"),
        ("a\u200db", "a\u200db"),
        ("", ""),
    ],
)
def test_text_is_cleaned_before_it_is_printed(typed, printed):
    assert typefaces.cleaned(typed) == printed


@pytest.mark.parametrize(
    ("text", "family", "fonts"),
    [
        ("Ada", "serif", ["DejaVuSerif-Bold"]),
        ("Ada \U0001d538da", "serif", ["DejaVuSerif-Bold", "DejaVuSans-Bold"]),
        ("محمد علي", "serif", ["DejaVuSans-Bold"]),
        ("Ada שלום", "mono", ["DejaVuSansMono-Bold", "DejaVuSans-Bold"]),
    ],
)
def test_each_stretch_is_printed_in_the_first_font_that_has_it(text, family, fonts):
    found = [run.font for run in typefaces.runs(text, family, bold=True)]

    assert sorted(set(found)) == sorted(set(fonts))


def test_every_missing_character_is_named_once():
    with pytest.raises(typefaces.Unprintable) as refused:
        typefaces.runs("𠮷 Ada 𠮷 山", "sans")

    assert refused.value.characters == ["𠮷", "山"]


def test_brackets_turn_with_right_to_left_text():
    runs = typefaces.runs("شركة (Acme)", "sans")

    assert [run.text.strip() for run in runs if not run.shaped] == ["(", "Acme"]


def test_punctuation_alone_keeps_its_order_in_left_to_right_text():
    assert [run.text for run in typefaces.runs("- (1) -", "sans")] == ["- (1) -"]


def test_a_glyph_without_a_character_is_drawn_and_written_as_a_valid_pair():
    name = "مُحَمَّد"  # the font joins two of its marks to a glyph of its own
    pdf = rendering.render(snapshot(attendee_name=name), built_in())

    fonts = PdfReader(BytesIO(pdf)).pages[0]["/Resources"]["/Font"].values()
    maps = [font.get_object()["/ToUnicode"].get_object().get_data().decode() for font in fonts]
    codes = [line.split()[1] for each in maps for line in each.splitlines() if "> <" in line]
    assert all(len(code.strip("<>")) in {2, 4, 8} for code in codes)
    assert any(code.startswith("<DB") for code in codes)


def test_a_letter_beyond_the_first_plane_is_extracted():
    pdf = rendering.render(snapshot(attendee_name="\U0001d538da"), built_in())

    text = PdfReader(BytesIO(pdf)).pages[0].extract_text()
    assert "Ada" in unicodedata.normalize("NFKC", text)


def test_joiners_take_no_room_in_plain_text():
    (run,) = typefaces.runs("a\u200cb", "sans")

    assert (run.glyphs, run.width(10)) == ("ab", typefaces.runs("ab", "sans")[0].width(10))
