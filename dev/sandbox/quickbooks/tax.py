"""Sales tax arithmetic, free of the company's books.

Tax is worked out per rate on the sum of the lines that bear the rate and rounded half
up to the cent (observed: 4495.16 x 9.975 % -> 448.39), not line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from .schema import CENT, money

ZERO = Decimal("0.00")
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Rate:
    """A tax rate in percent."""

    id: str
    percent: Decimal


@dataclass(frozen=True)
class TaxedAmount:
    """A line's net amount, the rates of its code and, when sent, its gross amount."""

    net: Decimal
    rates: tuple[Rate, ...]
    gross: Decimal | None = None


@dataclass(frozen=True)
class RateTax:
    """What one rate comes to over the document; ``delta`` = overridden - computed."""

    rate: Rate
    base: Decimal
    amount: Decimal
    delta: Decimal = ZERO


def on_net(lines: Iterable[TaxedAmount]) -> list[RateTax]:
    """Return the tax per rate on the summed net amounts."""
    bases: dict[Rate, Decimal] = {}
    for line in lines:
        for rate in line.rates:
            bases[rate] = bases.get(rate, ZERO) + line.net
    return [
        RateTax(rate, money(base), money(money(base) * rate.percent / HUNDRED))
        for rate, base in bases.items()
    ]


def on_gross(lines: Iterable[TaxedAmount]) -> list[RateTax]:
    """Return the tax contained in gross amounts; lines without one are taken as net.

    Net and gross sums that do not fit the rate to a cent a line are not believed: then
    the tax is computed on the net amounts.
    """
    lines = list(lines)
    net_lines = [line for line in lines if line.gross is None]
    groups: dict[tuple[Rate, ...], list[TaxedAmount]] = {}
    for line in lines:
        if line.gross is not None:
            groups.setdefault(line.rates, []).append(line)
    taxes: list[RateTax] = []
    for rates, group in groups.items():
        tax = _contained(rates, group)
        taxes += on_net(group) if tax is None else prorate(tax, _net(group), rates)
    return _merged([*on_net(net_lines), *taxes])


def _net(lines: list[TaxedAmount]) -> Decimal:
    return sum((line.net for line in lines), ZERO)


def _contained(rates: tuple[Rate, ...], lines: list[TaxedAmount]) -> Decimal | None:
    percent = sum((rate.percent for rate in rates), ZERO)
    gross = sum((line.gross or ZERO for line in lines), ZERO)
    computed = money(gross * percent / (HUNDRED + percent))
    tax = gross - _net(lines)
    return tax if abs(tax - computed) <= CENT * len(lines) else None


def prorate(total: Decimal, base: Decimal, rates: Iterable[Rate]) -> list[RateTax]:
    """Spread a given tax over rates by their weight; the last takes the rest."""
    rates = list(rates)
    percent = sum((rate.percent for rate in rates), ZERO)
    left, taxes = total, []
    for number, rate in enumerate(rates, 1):
        share = money(total * rate.percent / percent) if percent else ZERO
        share = left if number == len(rates) else share
        taxes.append(RateTax(rate, money(base), share))
        left -= share
    return taxes


def override(
    taxes: Iterable[RateTax], given: Mapping[str, Decimal], tolerance: Decimal
) -> list[RateTax]:
    """Take the amounts a client gave per rate id where they are close enough.

    An amount further off than ``tolerance`` is recomputed, without a fault.
    """
    result = []
    for tax in taxes:
        delta = given.get(tax.rate.id, tax.amount) - tax.amount
        if delta and abs(delta) <= tolerance:
            tax = replace(tax, amount=tax.amount + delta, delta=delta)
        result.append(tax)
    return result


def _merged(taxes: Iterable[RateTax]) -> list[RateTax]:
    by_rate: dict[Rate, RateTax] = {}
    for tax in taxes:
        known = by_rate.get(tax.rate)
        if known:
            base, amount = known.base + tax.base, known.amount + tax.amount
            tax = replace(known, base=base, amount=amount)
        by_rate[tax.rate] = tax
    return list(by_rate.values())


def total(taxes: Iterable[RateTax]) -> Decimal:
    """Return the sum of the taxes."""
    return sum((tax.amount for tax in taxes), ZERO)


def tax_lines(taxes: Iterable[RateTax]) -> list[dict[str, Any]]:
    """Return the ``TaxLine`` list of an answer."""
    return [_tax_line(tax) for tax in taxes]


def _tax_line(tax: RateTax) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "TaxRateRef": {"value": tax.rate.id},
        "PercentBased": True,
        "TaxPercent": tax.rate.percent,
        "NetAmountTaxable": tax.base,
    }
    if tax.delta:
        detail["OverrideDeltaAmount"] = tax.delta
    return {
        "Amount": tax.amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": detail,
    }
