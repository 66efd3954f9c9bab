"""Which tax a sales form bears: the US model and that of the other countries."""

from __future__ import annotations

from decimal import Decimal

from .. import tax
from ..company import Call, Object, as_decimal
from ..faults import Fault, business, missing
from ..tax import Rate, RateTax, TaxedAmount
from .base import resolve, value_of

US_CODES = ("TAX", "NON")
NO_RATE = "Make sure all your transactions have a GST/VAT rate before you save."


def uses_tax(call: Call) -> bool:
    """Tell whether the company has sales tax switched on."""
    return bool(call.company.preference("TaxPrefs", "UsingSalesTax", True))


def automated(call: Call) -> bool:
    """Tell whether automated sales tax is on: the switch, else the preference."""
    switch = call.switches["automated_sales_tax"]
    if switch is None:
        switch = call.company.preference("TaxPrefs", "PartnerTaxEnabled", False)
    return bool(switch) and call.company.is_us


def code_reference(call: Call, given: Object | None, item: Object, mode: str) -> Object:
    """Return the tax code of a line; empty where the line has none.

    Raises Fault 6100 (US: only TAX and NON), 6000 (elsewhere: none given), 2500, 610.
    """
    if call.company.is_us:
        return {"value": _us_code(call, value_of(given), item)}
    if mode == "NotApplicable" or not uses_tax(call):
        return {}
    if given is None:
        raise business(NO_RATE)
    element = "Line.SalesItemLineDetail.TaxCodeRef"
    return {"value": resolve(call, "TaxCode", given, element)["Id"]}


def _us_code(call: Call, given: str | None, item: Object) -> str:
    if given is not None and given not in US_CODES:
        detail = (
            f"Valid line TaxCodes for US should be TAX or NON. Supplied value: {given}"
        )
        raise Fault("6100", detail, "Line.SalesItemLineDetail.TaxCodeRef")
    if not uses_tax(call):
        return "NON"
    if given is not None:
        return given
    # Automated sales tax treats a line without a code by its item, since August 2018;
    # without it the line comes back untaxed (recorded).
    return "TAX" if automated(call) and item.get("Taxable") else "NON"


def mode_of(call: Call, values: Object) -> str:
    """Return GlobalTaxCalculation; raise Fault 2020 where it must be given."""
    if call.company.is_us:
        return "TaxExcluded"
    mode = values.get("GlobalTaxCalculation")
    if mode is None and call.switches["global_tax_required"] == "on":
        raise missing("GlobalTaxCalculation")
    return mode or "TaxExcluded"


def tax_detail(
    call: Call, lines: list[Object], values: Object, mode: str, factor: Decimal
) -> Object:
    """Return the form's ``TxnTaxDetail``.

    ``values`` is the form with what the client gave as ``TxnTaxDetail``; ``factor`` is
    the share of the lines that is left after a discount which lowers the tax.
    """
    given = values.get("TxnTaxDetail") or {}
    if mode == "NotApplicable" and (given.get("TotalTax") or given.get("TaxLine")):
        detail = (
            "The TxnTaxDetail attribute is not allowed when GlobalTaxCalculation "
            "is set to NotApplicable."
        )
        raise Fault("6170", detail, "TxnTaxDetail")
    if mode == "NotApplicable" or not uses_tax(call):
        return {"TotalTax": Decimal(0)}
    if not call.company.is_us:
        return _global_tax(call, lines, given, mode, factor)
    taxed = (line["Amount"] for line in lines if _is_taxed(line))
    base = sum(taxed, Decimal(0)) * factor
    if automated(call):
        return _automated_tax(call, base, given, values)
    return _manual_us_tax(call, base, given)


def rates_of(call: Call, code: Object) -> tuple[Rate, ...]:
    """Return the sales rates of a tax code."""
    rates = []
    for row in code.get("SalesTaxRateList", {}).get("TaxRateDetail", []):
        found = call.company.get("TaxRate", str(row["TaxRateRef"]["value"]))
        if found is not None:
            rates.append(Rate(found["Id"], as_decimal(found.get("RateValue"))))
    return tuple(rates)


def _is_taxed(line: Object) -> bool:
    detail = line.get("SalesItemLineDetail", {})
    return value_of(detail.get("TaxCodeRef")) == "TAX"


def _given_amounts(given: Object) -> dict[str, Decimal]:
    amounts = {}
    for row in given.get("TaxLine", []):
        rate_id = value_of(row.get("TaxLineDetail", {}).get("TaxRateRef"))
        if rate_id is None:
            raise missing("TaxRateRef")
        if "Amount" in row:
            amounts[rate_id] = row["Amount"]
    return amounts


def _answer(taxes: list[RateTax], **more: Object) -> Object:
    return {**more, "TotalTax": tax.total(taxes), "TaxLine": tax.tax_lines(taxes)}


def _overridden(call: Call, taxes: list[RateTax], given: Object) -> list[RateTax]:
    tolerance = as_decimal(call.switches["tax_override_tolerance"])
    return tax.override(taxes, _given_amounts(given), tolerance)


def _global_tax(
    call: Call, lines: list[Object], given: Object, mode: str, factor: Decimal
) -> Object:
    amounts = []
    for line in lines:
        detail = line.get("SalesItemLineDetail", {})
        code = call.get("TaxCode", value_of(detail.get("TaxCodeRef")) or "")
        if code is None:
            continue
        gross = detail.get("TaxInclusiveAmt") if mode == "TaxInclusive" else None
        gross = gross * factor if gross else None
        rates = rates_of(call, code)
        amounts.append(TaxedAmount(line["Amount"] * factor, rates, gross))
    compute = tax.on_gross if mode == "TaxInclusive" else tax.on_net
    return _answer(_overridden(call, compute(amounts), given))


def _manual_us_tax(call: Call, base: Decimal, given: Object) -> Object:
    """Tax by the code in the header; a TotalTax without tax lines is recomputed."""
    if "TxnTaxCodeRef" not in given:
        return {"TotalTax": Decimal(0)}
    element = "TxnTaxDetail.TxnTaxCodeRef"
    code = resolve(call, "TaxCode", given["TxnTaxCodeRef"], element)
    if code["Id"] in US_CODES:
        raise Fault("6160", "The tax code cannot be used on a transaction.", element)
    reference = {"value": code["Id"]}
    if not base:
        return {"TxnTaxCodeRef": reference, "TotalTax": Decimal(0)}
    taxes = tax.on_net([TaxedAmount(base, rates_of(call, code))])
    return _answer(_overridden(call, taxes, given), TxnTaxCodeRef=reference)


def _automated_tax(call: Call, base: Decimal, given: Object, values: Object) -> Object:
    """Honour a given total, else tax by address; the tax code is not echoed.

    Documented: a given TotalTax is taken over and spread. Observed: a customer without
    an address is taxed with 0, the tax sent with the form notwithstanding; that is the
    switch ``ast_total_without_address``.
    """
    rates = _automated_rates(call, given)
    if not base or not rates:
        return {"TotalTax": Decimal(0)}
    located = _is_located(values)
    honours = located or call.switches["ast_total_without_address"] == "honour"
    if "TotalTax" in given and honours:
        return _answer(tax.prorate(given["TotalTax"], base, rates))
    customer = call.get("Customer", value_of(values["CustomerRef"]) or "") or {}
    if not customer.get("Taxable", True) or not located:
        return {"TotalTax": Decimal(0)}
    return _answer(tax.on_net([TaxedAmount(base, rates)]))


def _is_located(values: Object) -> bool:
    """Tell whether the form says where the customer is: the state or a post code."""
    address = values.get("ShipAddr") or values.get("BillAddr") or {}
    return "CountrySubDivisionCode" in address or "PostalCode" in address


def _automated_rates(call: Call, given: Object) -> tuple[Rate, ...]:
    usual = call.company.preference("TaxPrefs", "TaxGroupCodeRef", {})
    wanted = value_of(given.get("TxnTaxCodeRef")) or value_of(usual) or ""
    code = call.get("TaxCode", wanted)
    if code is None:
        groups = (c for c in call.visible("TaxCode") if c.get("TaxGroup"))
        code = next(groups, {})
    return rates_of(call, code)
