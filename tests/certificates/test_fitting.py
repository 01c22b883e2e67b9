import pytest

from certificates.fitting import Box, Fitted, fit

NAME_BOX = Box(width=900, height=76, size=40, min_size=20, max_lines=2)
NAME = "nine lette rs in word s of equal length"  # 39 characters


def as_wide_as(natural_width, text=NAME):
    """Return a measure by which the text is this wide at size 40, each character alike."""
    return lambda part: natural_width / 40 * len(part) / len(text)


@pytest.mark.parametrize(
    ("natural_width", "size", "lines"),
    [(250.7, 40, 1), (1279.7, 28.0, 1), (1742.4, 20.5, 1), (2108.0, 29.0, 2)],
)
def test_a_name_shrinks_to_its_box(natural_width, size, lines):
    fitted = fit(NAME, NAME_BOX, as_wide_as(natural_width))

    assert (fitted.size, len(fitted.lines)) == (size, lines)


def test_a_name_too_long_for_two_lines_does_not_fit():
    assert fit(NAME, NAME_BOX, as_wide_as(4000)) is None


def test_a_word_is_never_broken():
    word = "x" * 255

    assert fit(word, NAME_BOX, as_wide_as(5000, word)) is None


def test_wrapping_prefers_a_larger_size_to_fewer_lines():
    box = Box(width=900, height=68, size=26, min_size=13, max_lines=2, fit="wrap")

    assert fit("aaaa bbbb", box, lambda part: 4 * len(part)) == Fitted(26, ("aaaa", "bbbb"))


def test_wrapping_shrinks_when_the_lines_do_not_suffice():
    box = Box(width=100, height=None, size=20, min_size=8, max_lines=2, fit="wrap")

    assert fit("aaaa bbbb cccc", box, len) == Fitted(11.0, ("aaaa bbbb", "cccc"))


def test_lines_given_stay_apart():
    box = Box(width=900, height=None, size=17, min_size=8.5, max_lines=3)

    assert fit("2.75 points\n1 hour", box, len).lines == ("2.75 points", "1 hour")


def test_more_lines_than_allowed_do_not_fit():
    box = Box(width=900, height=None, size=17, min_size=8.5, max_lines=3)

    assert fit("a\nb\nc\nd", box, len) is None


def test_the_height_bounds_the_size():
    box = Box(width=900, height=26, size=40, min_size=10)

    assert fit("a", box, len) == Fitted(20.0, ("a",))
