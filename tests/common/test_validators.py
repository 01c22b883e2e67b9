"""Checks of what people send."""

import pytest
from django.core.exceptions import ValidationError

from common import validators


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (validators.plain_line, "a\x00b"),
        (validators.plain_line, "a\nb"),
        (validators.plain_line, "a\ud800b"),
        (validators.plain_text, "a\x1bb"),
        (validators.hex_color, "#12345"),
        (validators.hex_color, "red"),
        (validators.phone_number, "0441632960001"),
        (validators.timezone_name, "CEST"),
        (validators.http_url, "ftp://example.org"),
        (validators.http_url, "https://"),
        (validators.http_url, "https://exa mple.org"),
        (validators.currency_code, "US"),
        (validators.bounded_json, {"a": "\x00"}),
        (validators.bounded_json, {"a": "\\\x00"}),
        (validators.bounded_json, ["\ud800"]),
        (validators.bounded_json, nested(21)),
        (validators.bounded_json, ["x" * 70_000]),
    ],
)
def test_values_not_of_their_kind_are_refused(check, value):
    with pytest.raises(ValidationError):
        check(value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (validators.plain_line, "Zoë O'Neil 日本 🎓"),
        (validators.plain_text, "two\nlines\tand a tab"),
        (validators.hex_color, "#A1b2C3"),
        (validators.phone_number, "+441632960001"),
        (validators.timezone_name, "Africa/Nairobi"),
        (validators.http_url, "https://example.org:8443/a?b#c"),
        (validators.currency_code, "CHF"),
        (validators.bounded_json, {"a": nested(18), "b": "back\\u0000slash"}),
    ],
)
def test_honest_values_pass(check, value):
    check(value)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p>Hello <strong>you</strong></p>", "<p>Hello <strong>you</strong></p>"),
        ("<script>alert(1)</script><p>x</p>", "<p>x</p>"),
        ('<p onclick="x()" style="a">x</p>', "<p>x</p>"),
        ('<img src="x" onerror="alert(1)">', ""),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        (
            '<a href="https://example.org" target="_top">x</a>',
            '<a href="https://example.org" rel="noopener noreferrer">x</a>',
        ),
        ("<h1>Big</h1><h2>Less</h2>", "Big<h2>Less</h2>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_rich_text_keeps_only_what_is_allowed(written, kept):
    assert validators.clean_rich_text(written) == kept
