"""Money as whole minor units of a currency: shown to people, and made of decimal amounts."""

from decimal import ROUND_HALF_UP, Decimal

# Currencies whose digits after the point are not two, as the payment provider counts them.
NO_DIGITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"}
    | {"PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DIGITS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def digits(currency: str) -> int:
    """Return how many digits the currency has after the point."""
    if currency in NO_DIGITS:
        return 0
    return 3 if currency in THREE_DIGITS else 2


def shown(amount: int, currency: str) -> str:
    """Return the amount for people: ``1,234.50 USD``."""
    places = digits(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency}"


def minor_units(value: Decimal, currency: str) -> int:
    """Return a decimal amount in minor units; half a unit is rounded up."""
    return int(value.scaleb(digits(currency)).quantize(Decimal(1), ROUND_HALF_UP))
