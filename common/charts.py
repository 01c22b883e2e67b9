"""Numbers to SVG, with the same in words: no script, no link, no font from elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 44, 44
INK = "#1b2430"  # 15:1 on white
SERIES = "#0b5cad"  # 6.4:1 on white
GRID = "#d9e0e8"
FONT = "DejaVu Sans, Arial, sans-serif"
MAX_LABELS = 8
GRID_LINES = 4
# Changes below this part of the mean are no trend.
LEVEL = Decimal("0.05")

Number = int | Decimal


@dataclass(frozen=True)
class Point:
    """One value under its label."""

    label: str
    value: Number


@dataclass(frozen=True)
class Chart:
    """A drawing and the sentence that says the same."""

    svg: str
    text: str


def line(title: str, series: Sequence[Point], *, unit: str, text: str = "") -> Chart:
    """Draw the values as a line."""
    return _chart(title, series, unit, text, _line)


def steps(title: str, series: Sequence[Point], *, unit: str, text: str = "") -> Chart:
    """Draw values that hold until the next, such as how many are present."""
    return _chart(title, series, unit, text, _steps)


def bars(title: str, series: Sequence[Point], *, unit: str, text: str = "") -> Chart:
    """Draw one bar for each value."""
    return _chart(title, series, unit, text, _bars)


def described(series: Sequence[Point], unit: str) -> str:
    """Say highest, lowest, total and trend in a sentence."""
    if not series:
        return "There is nothing to show yet."
    highest = max(series, key=lambda point: point.value)
    lowest = min(series, key=lambda point: point.value)
    total = sum(point.value for point in series)
    return (
        f"Highest {highest.value} {unit} ({highest.label}), lowest {lowest.value} {unit} "
        f"({lowest.label}), total {total} {unit}; the trend is {_trend(series)}."
    )


def _trend(series: Sequence[Point]) -> str:
    half = len(series) // 2
    if not half:
        return "level"
    first = Decimal(sum(point.value for point in series[:half])) / half
    last = Decimal(sum(point.value for point in series[-half:])) / half
    change = last - first
    if abs(change) <= LEVEL * max(abs(first), abs(last)):
        return "level"
    return "rising" if change > 0 else "falling"


def _chart(
    title: str,
    series: Sequence[Point],
    unit: str,
    text: str,
    draw: Callable[[Sequence[Point], Number], str],
) -> Chart:
    words = text or described(series, unit)
    top = _top(series)
    body = draw(series, top) if series else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="title desc" font-family="{FONT}" fill="{INK}">'
        f'<title id="title">{escape(title)}</title><desc id="desc">{escape(words)}</desc>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold">{escape(title)}</text>'
        f"{_grid(top, unit)}{body}{_labels(series)}</svg>"
    )
    return Chart(svg, words)


def _top(series: Sequence[Point]) -> Number:
    """Return the end of the scale: the next 1, 2 or 5 times a power of ten."""
    highest = max((point.value for point in series), default=0)
    magnitude = 1
    while magnitude * 10 <= highest:
        magnitude *= 10
    return next((f * magnitude for f in (1, 2, 5, 10) if f * magnitude >= highest), 1)


def _x(index: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(count, 1)


def _y(value: Number, top: Number) -> float:
    return HEIGHT - BOTTOM - float(value) / float(top) * (HEIGHT - TOP - BOTTOM)


def _grid(top: Number, unit: str) -> str:
    drawn = f'<text x="{LEFT}" y="{TOP - 6}" font-size="11">{escape(unit)}</text>'
    for number in range(GRID_LINES + 1):
        value = Decimal(top) * number / GRID_LINES
        y = _y(value, top)
        drawn += (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" font-size="11" text-anchor="end">'
            f"{value.normalize():f}</text>"
        )
    return drawn


def _labels(series: Sequence[Point]) -> str:
    every = -(-len(series) // MAX_LABELS) or 1
    return "".join(
        f'<text x="{_x(index, len(series)):.1f}" y="{HEIGHT - BOTTOM + 18}" font-size="11" '
        f'text-anchor="middle">{escape(point.label)}</text>'
        for index, point in enumerate(series)
        if index % every == 0
    )


def _line(series: Sequence[Point], top: Number) -> str:
    places = [
        f"{_x(index, len(series)):.1f},{_y(point.value, top):.1f}"
        for index, point in enumerate(series)
    ]
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3" fill="{SERIES}"/>'
        for x, y in (place.split(",") for place in places)
    )
    return _path("M" + " L".join(places)) + dots


def _steps(series: Sequence[Point], top: Number) -> str:
    width = (WIDTH - LEFT - RIGHT) / len(series)
    path = ""
    for index, point in enumerate(series):
        x, y = LEFT + width * index, _y(point.value, top)
        path += f"{'L' if path else 'M'}{x:.1f},{y:.1f} L{x + width:.1f},{y:.1f} "
    return _path(path.strip())


def _bars(series: Sequence[Point], top: Number) -> str:
    width = (WIDTH - LEFT - RIGHT) / len(series) * 0.7
    return "".join(
        f'<rect x="{_x(index, len(series)) - width / 2:.1f}" y="{_y(point.value, top):.1f}" '
        f'width="{width:.1f}" height="{_y(0, top) - _y(point.value, top):.1f}" fill="{SERIES}"/>'
        for index, point in enumerate(series)
    )


def _path(drawn: str) -> str:
    return f'<path d="{drawn}" fill="none" stroke="{SERIES}" stroke-width="2"/>'
