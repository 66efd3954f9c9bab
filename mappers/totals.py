"""What can be told of a bill whose totals alone are known.

A bill becomes one line, its tax code found by the rate; payments are derived from the
growth of what was paid. Both are marked as derived by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..documents import QuickbooksTaxCode, TaxCode
from ..exceptions import DataError
from .money import CENT, ZERO, cents, to_text


class Candidate(NamedTuple):
    """A tax code of Actionstep with the QuickBooks tax code it is mapped to."""

    source: TaxCode
    target: QuickbooksTaxCode


def find_tax_code(
    net: Decimal,
    tax: Decimal,
    currency: str,
    candidates: Iterable[Candidate],
    tax_free: Candidate | None = None,
) -> Candidate:
    """Return the tax code that a whole bill bears, judged by Actionstep's rates.

    A taxed bill bears the code whose rate gives its tax within a cent: the rounding
    that one line may have, see :mod:`.tax`. A bill without tax bears ``tax_free``, or
    else the only code of 0 %. Codes that are mapped to the same QuickBooks tax code
    count as one. What fits no code, or more than one (several rates on one bill, or an
    amount too small to tell), is never guessed.

    :param net: total before tax; as the tax, positive also for a credit
    :param tax: tax in total
    :raises DataError: ``tax_unclear``
    """
    if not cents(tax) and tax_free:
        return tax_free
    found = [one for one in candidates if _fits(one.source.percentage, net, tax)]
    if len({one.target.tax_code_id for one in found}) == 1:
        return found[0]
    values = {"tax": to_text(tax, currency), "net": to_text(net, currency)}
    detail = f"tax codes that fit: {[one.source.code for one in found]}"
    raise DataError("tax_unclear", detail, values=values)


def _fits(percentage: Decimal, net: Decimal, tax: Decimal) -> bool:
    """Tell whether the rate gives the tax; 0 % gives none, and nothing else does."""
    if not cents(tax) or not percentage:
        return not cents(tax) and not percentage
    return abs(cents(tax) - cents(cents(net) * percentage / 100)) <= CENT


def derive_payments(paid: Decimal, known: Sequence[Decimal]) -> list[Decimal]:
    """Return the payments that a bill's paid total amounts to, oldest first.

    Growth is one more payment. A decrease is taken off the newest first; one of which
    nothing is left is 0 and to be removed, so that each keeps its place.

    :param paid: what is paid of the bill now; below zero counts as nothing
    :param known: the payments derived so far, oldest first
    """
    left = max(cents(paid), ZERO)
    payments = []
    for amount in map(cents, known):
        kept = min(amount, left)
        payments.append(kept)
        left -= kept
    return [*payments, left] if left else payments
