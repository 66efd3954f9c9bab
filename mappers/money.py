"""Money: two places, rounded half-up, never a float.

QuickBooks keeps amounts with two places and rounds half-up, away from zero for negative
amounts. Every comparison between the two sides goes through :func:`cents`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def cents(amount: Decimal | int | str) -> Decimal:
    """Return the amount with exactly two places, rounded half-up.

    Zero is never negative, so that equal amounts are also equal as text.

    :raises decimal.InvalidOperation: the text is not a number
    """
    return Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP) + ZERO


def from_answer(value: Any) -> Decimal:
    """Return an amount of a QuickBooks answer with two places; nothing counts as 0.

    The answers hold numbers (``0``, ``100.00``) or numbers as text. Going through text
    also reads a float as it was written, in case the JSON reader made one.

    :raises decimal.InvalidOperation: the text is not a number
    """
    return ZERO if value is None or value == "" else cents(str(value))


def to_text(amount: Decimal | int | str, currency: str) -> str:
    """Return an amount as people read it in messages: ``1,234.50 USD``."""
    return f"{cents(amount):,.2f} {currency}".rstrip()


def same_cents(a: Decimal | int | str, b: Decimal | int | str) -> bool:
    """Tell whether two amounts are equal to the cent."""
    return cents(a) == cents(b)


def plain_number(number: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without an exponent.

    ``2.500`` and ``2.5`` become one value with one text, also for 100.
    """
    short = number.normalize() + Decimal(0)
    is_whole = short == short.to_integral_value()
    return short.quantize(Decimal(1)) if is_whole else short
