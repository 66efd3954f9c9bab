"""The tax of an invoice or credit memo, as QuickBooks wants to be told about it.

QuickBooks computes tax per rate on the summed net amounts of the document and rounds
half-up; a bill may have it rounded line by line. When the two differ by such rounding,
the bill's tax is sent as an override, rate by rate. A larger difference means a wrong
map or a wrong bill and is refused.

A company in the US takes ``TAX`` or ``NON`` on each line and one tax code for the
document; all other countries take a tax code on each line and none for the document
(developer.intuit.com, "Manage sales tax for US locales" and "for non-US locales").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from ..documents import InvoiceLine, QuickbooksCompany, QuickbooksTaxCode, Sale
from ..exceptions import DataError
from .money import CENT, ZERO, cents, to_text

TAXED = "TAX"
NOT_TAXED = "NON"


class RateTax(NamedTuple):
    """What QuickBooks computes for one rate: net base, per cent, and the tax."""

    net: Decimal
    percentage: Decimal
    amount: Decimal


# --- What the document gets ---------------------------------------------------------


def map_tax(sale: Sale, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the tax keys of the document's header for this company.

    :raises DataError: ``tax_mixed``, ``tax_mismatch``
    """
    if not company.uses_sales_tax:
        return map_tax_without(sale, company)
    return map_tax_us(sale, company) if is_us(company) else map_tax_global(sale)


def line_tax_code(line: InvoiceLine, company: QuickbooksCompany) -> str | None:
    """Return the TaxCodeRef of a line; None where the company takes none."""
    if is_us(company):
        taxed = company.uses_sales_tax and is_taxed(line.tax_code, company)
        return TAXED if taxed else NOT_TAXED
    return line.tax_code.tax_code_id if company.uses_sales_tax else None


def map_tax_us(sale: Sale, company: QuickbooksCompany) -> dict[str, Any]:
    """Return ``TxnTaxDetail`` for the US: always TotalTax, and the one tax code.

    TotalTax is sent even when it is what QuickBooks would compute, because automated
    sales tax otherwise takes the rate of the address. A rate that only automated sales
    tax knows cannot be checked here: what it makes of the total shows in the answer.

    :raises DataError: ``tax_mixed``, ``tax_mismatch``
    """
    lines = [line for line in sale.lines if is_taxed(line.tax_code, company)]
    codes = {line.tax_code.tax_code_id: line.tax_code.name for line in lines}
    if len(codes) > 1:
        names = ", ".join(sorted(codes.values()))
        raise DataError("tax_mixed", values={"tax_codes": names})
    detail: dict[str, Any] = {"TotalTax": cents(sale.total_tax)}
    if TAXED in codes:
        others = (one for one in sale.lines if one.tax_code.tax_code_id != TAXED)
        _check_codes(sale, others)
        return {"TxnTaxDetail": detail}
    for code_id in codes:
        detail["TxnTaxCodeRef"] = {"value": code_id}
    return {"TxnTaxDetail": {**detail, **_override(sale, lines)}}


def map_tax_global(sale: Sale) -> dict[str, Any]:
    """Return the tax keys for all countries but the US; amounts of lines are net.

    :raises DataError: ``tax_mismatch``
    """
    override = _override(sale, sale.lines)
    if not override:
        return {"GlobalTaxCalculation": "TaxExcluded"}
    return {"GlobalTaxCalculation": "TaxExcluded", "TxnTaxDetail": override}


def map_tax_without(sale: Sale, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the tax keys for a company that keeps no sales tax: none in the US.

    Elsewhere ``NotApplicable`` says that lines without a tax code are meant so.

    :raises DataError: ``tax_mismatch`` when the bill has tax
    """
    taxes = [sale.total_tax, *(line.tax_amount for line in sale.lines)]
    for tax in taxes:
        if cents(tax):
            raise _mismatch(tax, ZERO, sale.currency, "company without sales tax")
    return {} if is_us(company) else {"GlobalTaxCalculation": "NotApplicable"}


def is_us(company: QuickbooksCompany) -> bool:
    """Tell whether the company has the US edition, with its own tax model."""
    return company.country == "US"


def is_taxed(tax_code: QuickbooksTaxCode, company: QuickbooksCompany) -> bool:
    """Tell whether a code has a rate above or below 0 %.

    ``TAX`` has none of its own. It stands for the rate that automated sales tax finds
    by the address, and for nothing in a company without automated sales tax.
    """
    if tax_code.tax_code_id == TAXED and not tax_code.rates:
        return is_us(company) and company.uses_automated_sales_tax
    return any(rate.percentage for rate in tax_code.rates)


# --- What QuickBooks computes -------------------------------------------------------


def expected_taxes(lines: Iterable[InvoiceLine]) -> dict[str, RateTax]:
    """Return by rate id what QuickBooks computes for these lines, zero rates too."""
    nets: dict[str, Decimal] = {}
    percentages: dict[str, Decimal] = {}
    for line in lines:
        for rate in line.tax_code.rates:
            nets[rate.rate_id] = nets.get(rate.rate_id, ZERO) + cents(line.amount)
            percentages[rate.rate_id] = rate.percentage
    return {
        key: RateTax(net, percentages[key], cents(net * percentages[key] / 100))
        for key, net in nets.items()
    }


# --- Comparison ---------------------------------------------------------------------


def _override(sale: Sale, lines: Sequence[InvoiceLine]) -> dict[str, Any]:
    """Return TotalTax and TaxLine when the bill's tax differs by rounding, else {}."""
    expected = expected_taxes(lines)
    total = cents(sale.total_tax)
    computed = sum((tax.amount for tax in expected.values()), ZERO)
    if abs(total - computed) > _tolerance(lines):
        raise _mismatch(total, computed, sale.currency)
    _check_codes(sale, sale.lines)
    if total == computed:
        return {}
    amounts = _spread(_own_taxes(lines), expected, total)
    tax_lines = [_tax_line(key, tax, amounts[key]) for key, tax in expected.items()]
    return {"TotalTax": total, "TaxLine": tax_lines}


def _check_codes(sale: Sale, lines: Iterable[InvoiceLine]) -> None:
    """Refuse tax on a 0 % code, or none on a taxed one, though the totals agree.

    Compared by code and not by line: a bill may put its own rounding on one line.
    """
    for group in _by_code(lines):
        code = group[0].tax_code
        own = sum((cents(line.tax_amount) for line in group), ZERO)
        net = sum((cents(line.amount) for line in group), ZERO)
        computed = net * code.percentage / 100
        if abs(own - computed) > _tolerance(group):
            detail = f"tax code {code.name}"
            raise _mismatch(own, computed, sale.currency, detail)


def _tolerance(lines: Iterable[InvoiceLine]) -> Decimal:
    """Return what rounding can make: a cent for each taxed line with an amount.

    A summary counts as the lines it stands for. QuickBooks rounds each rate, the bill
    rounds their sum: half a cent more for each rate of a code beyond its first.
    """
    tolerance = ZERO
    for group in _by_code(lines):
        rates = sum(1 for rate in group[0].tax_code.rates if rate.percentage)
        count = sum(map(_rounded_lines, group))
        if rates and count:
            tolerance += CENT * count + CENT / 2 * (rates - 1)
    return tolerance


def _rounded_lines(line: InvoiceLine) -> int:
    """Return how many taxes were rounded; lines that cancel out were, too."""
    return line.merged_count if line.amount or line.merged_count > 1 else 0


def _by_code(lines: Iterable[InvoiceLine]) -> list[list[InvoiceLine]]:
    groups: dict[str, list[InvoiceLine]] = {}
    for line in lines:
        groups.setdefault(line.tax_code.tax_code_id, []).append(line)
    return list(groups.values())


def _mismatch(
    tax: Decimal, expected: Decimal, currency: str, detail: str = ""
) -> DataError:
    values = {"tax": to_text(tax, currency), "expected": to_text(expected, currency)}
    return DataError("tax_mismatch", detail, values=values)


# --- Override -----------------------------------------------------------------------


def _own_taxes(lines: Iterable[InvoiceLine]) -> dict[str, Decimal]:
    """Return the bill's own tax by rate, not rounded.

    The tax of a line goes to the rates of its code in proportion to them.
    """
    taxes: dict[str, Decimal] = {}
    for line in lines:
        whole = line.tax_code.percentage
        for rate in line.tax_code.rates:
            base = line.tax_amount / whole if whole else line.amount / 100
            share = base * rate.percentage
            taxes[rate.rate_id] = taxes.get(rate.rate_id, ZERO) + share
    return taxes


def _spread(
    shares: dict[str, Decimal], expected: dict[str, RateTax], total: Decimal
) -> dict[str, Decimal]:
    """Round the shares to cents so that they add up to the total exactly.

    The cents that rounding down leaves go to the largest remainders; a zero rate gets
    none.
    """
    amounts = {
        key: share.quantize(CENT, rounding=ROUND_FLOOR) for key, share in shares.items()
    }
    rates = [key for key, tax in expected.items() if tax.percentage]
    rates.sort(key=lambda key: (amounts[key] - shares[key], key))
    left = int((total - sum(amounts.values(), ZERO)) / CENT)
    each, more = divmod(left, len(rates))
    for position, key in enumerate(rates):
        amounts[key] += CENT * (each + (position < more))
    return amounts


def _tax_line(rate_id: str, tax: RateTax, amount: Decimal) -> dict[str, Any]:
    return {
        "Amount": amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate_id},
            "PercentBased": True,
            "TaxPercent": tax.percentage,
            "NetAmountTaxable": tax.net,
        },
    }
