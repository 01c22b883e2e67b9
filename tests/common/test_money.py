"""Money as whole minor units."""

from decimal import Decimal

import pytest

from common import money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "USD", "1,234.50 USD"),
        (5, "EUR", "0.05 EUR"),
        (1500, "JPY", "1,500 JPY"),
        (1500, "KWD", "1.500 KWD"),
        (0, "USD", "0.00 USD"),
        (-250, "USD", "-2.50 USD"),
    ],
)
def test_amounts_are_shown_as_their_currency_is_written(amount, currency, text):
    assert money.shown(amount, currency) == text


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [("12.34", "USD", 1234), ("12.345", "USD", 1235), ("12", "JPY", 12), ("1.5", "KWD", 1500)],
)
def test_decimal_amounts_become_minor_units(value, currency, amount):
    assert money.minor_units(Decimal(value), currency) == amount
