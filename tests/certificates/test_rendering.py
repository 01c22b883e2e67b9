import re
import subprocess
import unicodedata
from io import BytesIO
from shutil import which

import pytest
import segno
from pypdf import PdfReader
from reportlab.pdfbase import ttfonts

from certificates import rendering, typefaces
from tests.certificates.hostile_names import HOSTILE_NAMES, UNPRINTABLE_NAMES
from tests.certificates.programs import needs
from tests.factories.certificates import built_in, credit, snapshot

SIXTY = "Maria Fernanda Alexandra de los Angeles Gutierrez-Villanueva"


def text_of(pdf):
    return PdfReader(BytesIO(pdf)).pages[0].extract_text()


@pytest.mark.parametrize("design", ["classic-1", "classic-portrait-1"])
def test_the_built_in_designs_say_everything(design):
    pdf = rendering.render(snapshot(), built_in(design))

    lines = text_of(pdf).splitlines()
    assert lines == [
        "Acme Learning",
        "Certificate of Attendance",
        "This certifies that",
        "Ada Lovelace",
        "Consultant · St Mary's Hospital",
        "has attended",
        "Advances in Anaesthesia",
        "3\u20135 March 2027 · Online · 2 h 30 min",
        "2.75 CPD points",
        "Designated for 2.75 points by the board.",
        "Verify ABCD-EFGH",
        "cpd.example.org/verify",
        "CPD-2027-ABCDEFGH · Issued 6 March 2027",
    ]


def test_equal_facts_give_equal_bytes_whatever_was_drawn_between():
    first = rendering.render(snapshot(attendee_name="محمد علي"), built_in())
    rendering.render(snapshot(attendee_name="שָׁלוֹם لا"), built_in())

    assert rendering.render(snapshot(attendee_name="محمد علي"), built_in()) == first


def test_every_font_is_embedded_and_none_is_a_standard_one():
    pdf = PdfReader(BytesIO(rendering.render(snapshot(), built_in())))

    fonts = [font.get_object() for font in pdf.pages[0]["/Resources"]["/Font"].values()]
    assert {font["/BaseFont"].partition("+")[2] for font in fonts} == {
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSerif-Bold",
    }
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_the_document_says_what_it_is_and_holds_no_address():
    pdf = rendering.render(snapshot(organizer_email="ada@example.org"), built_in())

    reader = PdfReader(BytesIO(pdf))
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.metadata.title == "CPD-2027-ABCDEFGH Ada Lovelace"
    assert reader.metadata.author == "Acme Learning"
    assert reader.metadata.subject == "Advances in Anaesthesia"
    assert b"ada@example.org" not in pdf


def test_a_course_completes_and_zero_credits_print_nothing():
    pdf = rendering.render(snapshot(type="course", credits=[]), built_in())

    assert "Certificate of Completion" in text_of(pdf)
    assert "has completed" in text_of(pdf)
    assert "CPD points" not in text_of(pdf)


def test_expiry_split_and_signatory_are_printed():
    split = [
        {"code": "ethics", "name": "Ethics", "amount": "0.75"},
        {"code": "general", "name": "General", "amount": "2.00"},
    ]
    facts = snapshot(expires_on="2028-02-29", credits=[credit(categories=split)])
    design = built_in(signatory_name="Dr Grace Hopper", signatory_title="Programme director")

    text = text_of(rendering.render(facts, design))

    assert "CPD-2027-ABCDEFGH · Issued 6 March 2027 · Valid until 29 February 2028" in text
    assert "2.75 CPD points (0.75 Ethics, 2.00 General)" in text
    assert "Dr Grace Hopper\nProgramme director" in text


def test_a_signatory_without_a_title_is_enough():
    text = text_of(rendering.render(snapshot(), built_in(signatory_2_name="Grace Hopper")))

    assert "Grace Hopper" in text


@pytest.mark.parametrize(
    ("first", "last", "printed"),
    [
        ("2027-03-03", "2027-03-03", "3 March 2027 ·"),
        ("2027-03-30", "2027-04-01", "30 March 2027 \u2013 1 April 2027 ·"),
        ("2027-03-03", None, "3 March 2027 ·"),
    ],
)
def test_dates_are_printed_as_a_range(first, last, printed):
    facts = snapshot(event_date=first, event_end_date=last)

    assert printed in text_of(rendering.render(facts, built_in()))


def test_months_are_named_in_the_language_of_the_design():
    text = text_of(rendering.render(snapshot(), built_in(language="de")))

    assert "3\u20135. März 2027" in text or "3\u20135 März 2027" in text


def test_upper_case_and_right_alignment_are_drawn():
    design = built_in()
    design.field_positions = {
        "event_title": {"x": 1000, "y": 50, "align": "right", "width": 900, "uppercase": True},
        "text_1": {"x": 50, "y": 90, "text": "Hello {first_name} {unknown}"},
    }

    assert text_of(rendering.render(snapshot(), design)).splitlines() == [
        "ADVANCES IN ANAESTHESIA",
        "Hello Ada {unknown}",
    ]


@pytest.mark.parametrize("name", ["Nguyễn Thị Hường", "Дмитрий Жуков", "Ελένη Παπαδοπούλου", SIXTY])
def test_names_of_the_world_are_printed(name):
    assert name in text_of(rendering.render(snapshot(attendee_name=name), built_in())).replace(
        "\n", " "
    )


@needs("pdftotext")
@pytest.mark.parametrize("name", ["محمد علي", "שלום כהן", "x̣́ Müller"])
def test_shaped_names_are_extracted_as_they_were_typed(name, tmp_path):
    path = tmp_path / "certificate.pdf"
    path.write_bytes(rendering.render(snapshot(attendee_name=name), built_in()))

    extracted = subprocess.run(
        [which("pdftotext"), path, "-"], check=True, capture_output=True, text=True
    ).stdout
    letters = {letter for letter in extracted if not unicodedata.category(letter).startswith("C")}
    assert set(unicodedata.normalize("NFC", name)) <= letters


def test_arabic_letters_join():
    (run,) = typefaces.runs("محمد", "sans")

    shapes = [unicodedata.name(letter) for letter in run.glyphs]
    assert [shape.split()[-2] for shape in shapes] == ["FINAL", "MEDIAL", "MEDIAL", "INITIAL"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_drawn_as_text(name):
    pdf = rendering.render(snapshot(attendee_name=name), built_in())

    page = PdfReader(BytesIO(pdf)).pages[0]
    # A long name stands on two lines.
    printed = "".join(page.extract_text().split())
    assert "".join(typefaces.cleaned(name).split()) in printed
    assert "/Annots" not in page


@pytest.mark.parametrize(("name", "characters"), UNPRINTABLE_NAMES)
def test_a_name_no_font_can_print_is_refused(name, characters):
    with pytest.raises(rendering.NameNotPrintable) as refused:
        rendering.layout(snapshot(attendee_name=name), built_in())

    assert refused.value.details == {"field": "attendee_name", "characters": characters}


def test_a_script_to_shape_is_refused_without_the_shaper(monkeypatch):
    monkeypatch.setattr(ttfonts, "uharfbuzz", None)

    with pytest.raises(rendering.NameNotPrintable) as refused:
        rendering.layout(snapshot(attendee_name="محمد"), built_in())

    assert refused.value.details["characters"] == ["م", "ح", "د"]


def test_a_name_without_a_blank_that_is_too_long_does_not_fit():
    with pytest.raises(rendering.TextDoesNotFit) as refused:
        rendering.layout(snapshot(attendee_name="W" * 255), built_in())

    assert refused.value.details == {"field": "attendee_name"}


def test_fonts_of_the_installation_extend_the_chain(settings, tmp_path):
    (tmp_path / "Broken.ttf").write_bytes(b"no font")
    (tmp_path / "Extra.ttf").write_bytes((typefaces.BUNDLED / "DejaVuSansMono.ttf").read_bytes())
    settings.CERTIFICATE_FONT_DIRS = [str(tmp_path)]
    typefaces._installed.cache_clear()
    typefaces.chain.cache_clear()

    names = [font.fontName for font in typefaces.chain("sans", bold=False)]

    typefaces._installed.cache_clear()
    typefaces.chain.cache_clear()
    assert names == ["DejaVuSans", "DejaVuSerif", "Extra"]


def test_the_code_to_scan_is_one_path_of_its_dark_runs():
    pdf = rendering.render(snapshot(), built_in())

    drawing = PdfReader(BytesIO(pdf)).pages[0].get_contents().get_data().decode("latin-1")
    rectangles = re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) [\d.]+ re\b(?! S)", drawing)
    url = snapshot()["verification_url"]
    matrix = segno.make(url, error="m", mask=4, micro=False, boost_error=False).matrix
    drawn = [bytearray(len(matrix)) for _ in matrix]
    module = 108 / len(matrix)
    for x, y, width in rectangles:
        row, start, length = (
            round(float(value) / module) for value in (float(y) - 598, float(x) - 930, width)
        )
        drawn[row][start : start + length] = b"\x01" * length
    assert drawn == list(matrix)
    assert drawing.count("f*") == 1
