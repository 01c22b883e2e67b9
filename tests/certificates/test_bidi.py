import pytest

from certificates import bidi

HEBREW = "אבג"
ARABIC = "محم"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", [0, 0, 0]),
        (HEBREW, [1, 1, 1]),
        (f"a {HEBREW}", [0, 0, 1, 1, 1]),
        (f"{HEBREW} a", [1, 1, 1, 1, 2]),
        (f"{HEBREW} 12", [1, 1, 1, 1, 2, 2]),
        (f"{ARABIC} 1,2", [1, 1, 1, 1, 2, 2, 2]),
        (f"{ARABIC}(a)", [1, 1, 1, 1, 2, 1]),
        (f"a {HEBREW} 5%", [0, 0, 1, 1, 1, 1, 2, 2]),
        ("a 1-2", [0, 0, 0, 0, 0]),
        (f"{HEBREW} 1-2", [1, 1, 1, 1, 2, 2, 2]),
        (f"{ARABIC} 1-2", [1, 1, 1, 1, 2, 1, 2]),
        (f"{HEBREW} 1+2", [1, 1, 1, 1, 2, 2, 2]),
        ("אֿa", [1, 1, 2]),
        ("\u0301a", [0, 0]),
        ("12", [0, 0]),
        (".", [0]),
        ("", []),
    ],
)
def test_levels_follow_the_standard(text, expected):
    assert bidi.levels(text) == expected


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("a", 0), ("B", 1), ("c", 0)], "aBc"),
        ([("A", 1), ("b", 2), ("C", 1)], "CbA"),
        ([("a", 0), ("B", 1), ("1", 2), ("C", 1)], "aC1B"),
        ([("A", 1), ("b", 2), ("c", 2)], "bcA"),
        ([], ""),
    ],
)
def test_runs_are_drawn_in_visual_order(runs, expected):
    drawn = bidi.visual_order(runs, lambda run: run[1])

    assert "".join(text for text, _ in drawn) == expected
