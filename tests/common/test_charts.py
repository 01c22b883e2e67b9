"""Charts: a drawing, and the same in words."""

from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from common import charts
from common.charts import Point

SVG = "{http://www.w3.org/2000/svg}"
WEEK = [Point("Mon", 2), Point("Tue", 8), Point("Wed", 5)]
DRAWN = {charts.line: "path", charts.steps: "path", charts.bars: "rect"}


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_a_chart_is_well_formed_and_says_the_same_in_words(draw):
    chart = draw("Registrations", WEEK, unit="registrations")

    root = ET.fromstring(chart.svg)
    assert (root.get("viewBox"), root.get("role")) == ("0 0 640 320", "img")
    assert root.findtext(f"{SVG}title") == "Registrations"
    assert root.findtext(f"{SVG}desc") == chart.text
    assert root.findall(f"{SVG}{DRAWN[draw]}")


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_names_from_people_stay_text(draw):
    hostile = '"><script>alert(1)</script>'

    chart = draw(hostile, [Point(hostile, 1)], unit=hostile, text=hostile)

    root = ET.fromstring(chart.svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "text",
        "line",
        "path",
        "circle",
    }


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_an_empty_chart_is_still_a_chart(draw):
    chart = draw("Registrations", [], unit="registrations")

    ET.fromstring(chart.svg)
    assert chart.text == "There is nothing to show yet."


@pytest.mark.parametrize(
    ("values", "trend"),
    [((1, 2, 3, 4), "rising"), ((4, 3, 2, 1), "falling"), ((5, 5, 5), "level"), ((5,), "level")],
)
def test_the_words_tell_the_trend(values, trend):
    series = [Point(f"day {number}", value) for number, value in enumerate(values)]

    assert charts.described(series, "people").endswith(f"the trend is {trend}.")


def test_the_words_tell_highest_lowest_and_total():
    assert charts.described(WEEK, "credits") == (
        "Highest 8 credits (Tue), lowest 2 credits (Mon), total 15 credits; the trend is rising."
    )


def test_long_series_are_labelled_sparsely():
    chart = charts.bars("Days", [Point(f"d{n}", Decimal(n)) for n in range(100)], unit="x")

    shown = [e.text for e in ET.fromstring(chart.svg).iter(f"{SVG}text")]
    assert len([text for text in shown if text.startswith("d")]) == 8
