"""A bill of Actionstep as a QuickBooks invoice, and what QuickBooks answers to it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import const
from ..documents import Invoice, InvoiceLine, QuickbooksCompany
from ..exceptions import DataError
from .money import ZERO, cents, from_answer, plain_number, same_cents, to_text
from .names import contains_reference, one_line, plain_text
from .tax import line_tax_code, map_tax

# How many places QuickBooks keeps of Qty and UnitPrice is not documented; five is the
# fewest that was reported.
_QUANTITY_PLACES = Decimal("0.00001")
# QuickBooks appends this line to every answer.
_SUBTOTAL = "SubTotalLineDetail"


@dataclass(frozen=True)
class Difference:
    """One thing that QuickBooks has otherwise, as text for people.

    ``what`` is one of: total, tax, number, customer, date, line count.
    """

    what: str
    ours: str
    theirs: str


# --- Payload ------------------------------------------------------------------------


def map_invoice(invoice: Invoice, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the payload that creates the invoice, or replaces it when it has an id.

    A full update clears what it does not name, so both hold the same keys. Money is
    Decimal with two places.

    :raises DataError: the first of :func:`check_invoice`
    """
    for problem in check_invoice(invoice, company):
        raise problem
    return {
        **_identity(invoice),
        "DocNumber": _number(invoice),
        "TxnDate": invoice.invoice_date.isoformat(),
        **_dated("DueDate", invoice.due_date),
        "CustomerRef": {"value": invoice.customer_id},
        "CurrencyRef": {"value": invoice.currency},
        "Line": [_map_line(line, company) for line in _sorted_lines(invoice)],
        "PrivateNote": _note(invoice),
        **map_tax(invoice, company),
    }


def _identity(invoice: Invoice) -> dict[str, Any]:
    if invoice.quickbooks_id is None:
        return {}
    return {
        "Id": invoice.quickbooks_id,
        "SyncToken": invoice.sync_token,
        "sparse": False,
    }


def _number(invoice: Invoice) -> str:
    return one_line(invoice.number, len(invoice.number))


def _note(invoice: Invoice) -> str:
    """Return the private note: our reference first, then the matters."""
    note = invoice.reference
    if invoice.matters:
        note += "\nMatters: " + "; ".join(invoice.matters)
    return plain_text(note, const.QUICKBOOKS_NOTE_LENGTH)


def _sorted_lines(invoice: Invoice) -> list[InvoiceLine]:
    """Return the lines in the order of the bill, however they were read."""
    return sorted(invoice.lines, key=lambda line: line.line_no)


def _dated(key: str, day: date | None) -> dict[str, str]:
    return {key: day.isoformat()} if day else {}


# --- Lines --------------------------------------------------------------------------


def _map_line(line: InvoiceLine, company: QuickbooksCompany) -> dict[str, Any]:
    payload = _neutral_line(line)
    tax_code = line_tax_code(line, company)
    if tax_code is not None:
        payload["SalesItemLineDetail"]["TaxCodeRef"] = {"value": tax_code}
    return payload


def _neutral_line(line: InvoiceLine) -> dict[str, Any]:
    """Return a line without its tax code, which depends on the company."""
    quantities = _quantities(line)
    description = _description(line, is_priced=bool(quantities))
    return {
        **({"Description": description} if description else {}),
        "Amount": cents(line.amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": line.item_id},
            **quantities,
            **_dated("ServiceDate", line.service_date),
        },
    }


def _quantities(line: InvoiceLine) -> dict[str, Decimal]:
    """Return Qty and UnitPrice when their product is the amount, else nothing.

    QuickBooks refuses the line (6070) when the product is another amount; a zero is
    left out rather than sent.
    """
    quantity, price = _priced(line)
    if not quantity or not price or not same_cents(quantity * price, line.amount):
        return {}
    return {"Qty": quantity, "UnitPrice": price}


def _priced(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """Return quantity and unit price as QuickBooks can keep them, 0 for missing."""
    quantity, price = (
        plain_number((value or ZERO).quantize(_QUANTITY_PLACES, ROUND_HALF_UP))
        for value in (line.quantity, line.unit_price)
    )
    return quantity, price


def _description(line: InvoiceLine, is_priced: bool) -> str:
    """Return the description; hours and rate stand in it when they have no field."""
    quantity, price = _priced(line)
    suffix = ""
    if not is_priced and quantity and price:
        whole_cents = cents(price)
        price = whole_cents if price == whole_cents else price
        suffix = f"({quantity:f} x {price:f})"
    limit = const.QUICKBOOKS_DESCRIPTION_LENGTH - len(suffix) - bool(suffix)
    return f"{plain_text(line.description, limit)} {suffix}".strip()


# --- Checks -------------------------------------------------------------------------


def check_invoice(invoice: Invoice, company: QuickbooksCompany) -> list[DataError]:
    """Return all problems that keep the invoice from going, in the order to mend them.

    Causes: number_missing, number_too_long, currency_foreign, lines_missing,
    lines_too_many, lines_mismatch, total_negative, tax_mixed, tax_mismatch.
    """
    line_problems = _check_lines(invoice)
    tax_problems = _check_tax(invoice, company)
    if line_problems:
        # Which tax is right cannot be told from lines that are not the bill's.
        tax_problems = [one for one in tax_problems if one.cause != "tax_mismatch"]
    return [
        *_check_number(invoice),
        *_check_currency(invoice, company),
        *line_problems,
        *_check_total(invoice),
        *tax_problems,
    ]


def _check_number(invoice: Invoice) -> list[DataError]:
    number = _number(invoice)
    if not number:
        return [DataError("number_missing")]
    if len(number) > const.QUICKBOOKS_NUMBER_LENGTH:
        values = {"number": number, "length": len(number)}
        return [DataError("number_too_long", values=values)]
    return []


def _check_currency(invoice: Invoice, company: QuickbooksCompany) -> list[DataError]:
    if invoice.currency == company.home_currency:
        return []
    values = {"currency": invoice.currency, "home": company.home_currency}
    return [DataError("currency_foreign", values=values)]


def _check_lines(invoice: Invoice) -> list[DataError]:
    """Check that there are lines, not too many, and that they add up to the header."""
    count = len(invoice.lines)
    if not count:
        return [DataError("lines_missing")]
    problems = []
    if count > const.QUICKBOOKS_LINES_PER_INVOICE:
        values = {"limit": const.QUICKBOOKS_LINES_PER_INVOICE, "count": count}
        problems.append(DataError("lines_too_many", values=values))
    return [*problems, *_check_sums(invoice)]


def _check_sums(invoice: Invoice) -> list[DataError]:
    """Compare net and tax apart, so that two errors never hide each other."""
    net = sum((cents(line.amount) for line in invoice.lines), ZERO)
    tax = sum((cents(line.tax_amount) for line in invoice.lines), ZERO)
    bill_tax = cents(invoice.total_tax)
    bill_net = cents(invoice.total) - bill_tax
    if (net, tax) == (bill_net, bill_tax):
        return []
    ours, theirs = net + tax, bill_net + bill_tax
    if ours == theirs:
        ours, theirs = net, bill_net
    values = {
        "lines": to_text(ours, invoice.currency),
        "total": to_text(theirs, invoice.currency),
    }
    detail = f"lines: net {net}, tax {tax}; bill: net {bill_net}, tax {bill_tax}"
    return [DataError("lines_mismatch", detail, values=values)]


def _check_total(invoice: Invoice) -> list[DataError]:
    if cents(invoice.total) >= 0:
        return []
    values = {"total": to_text(invoice.total, invoice.currency)}
    return [DataError("total_negative", values=values)]


def _check_tax(invoice: Invoice, company: QuickbooksCompany) -> list[DataError]:
    try:
        map_tax(invoice, company)
    except DataError as error:
        return [error]
    return []


# --- Answer -------------------------------------------------------------------------


def compare_answer(invoice: Invoice, answer: dict[str, Any]) -> list[Difference]:
    """Return what the invoice in QuickBooks has otherwise than the bill.

    :param answer: the Invoice object as QuickBooks answers it
    """
    currency = invoice.currency
    theirs = {
        "total": to_text(from_answer(answer.get("TotalAmt")), currency),
        "tax": to_text(_answered_tax(answer), currency),
        "number": _text(answer.get("DocNumber")),
        "customer": _ref(answer, "CustomerRef"),
        "date": _text(answer.get("TxnDate")),
        "line count": str(len(_answered_lines(answer))),
    }
    ours = {
        "total": to_text(invoice.total, currency),
        "tax": to_text(invoice.total_tax, currency),
        "number": _number(invoice),
        "customer": invoice.customer_id,
        "date": invoice.invoice_date.isoformat(),
        "line count": str(len(invoice.lines)),
    }
    return [
        Difference(what, ours[what], theirs[what])
        for what in ours
        if ours[what] != theirs[what]
    ]


def is_ours(invoice_reference: str, answer: dict[str, Any]) -> bool:
    """Tell whether our reference stands in the private note of QuickBooks' invoice."""
    return contains_reference(_text(answer.get("PrivateNote")), invoice_reference)


def _answered_lines(answer: dict[str, Any]) -> list[dict[str, Any]]:
    lines = answer.get("Line") or []
    return [line for line in lines if line.get("DetailType") != _SUBTOTAL]


def _answered_tax(answer: dict[str, Any]) -> Decimal:
    return from_answer((answer.get("TxnTaxDetail") or {}).get("TotalTax"))


def _ref(values: dict[str, Any], key: str) -> str:
    return _text((values.get(key) or {}).get("value"))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


# --- Fingerprints -------------------------------------------------------------------


def source_fingerprint(invoice: Invoice) -> str:
    """Return the sha256 of all that would be sent, without QuickBooks' id and token.

    A tax code counts by its id alone: when QuickBooks changes a rate, the invoices of
    the past must not all go again.
    """
    content = {
        "number": _number(invoice),
        "date": invoice.invoice_date.isoformat(),
        **_dated("due", invoice.due_date),
        "customer": invoice.customer_id,
        "currency": invoice.currency,
        "note": _note(invoice),
        "total": cents(invoice.total),
        "tax": cents(invoice.total_tax),
        "lines": [
            [_neutral_line(line), line.tax_code.tax_code_id, cents(line.tax_amount)]
            for line in _sorted_lines(invoice)
        ],
    }
    return _sha256(content)


def answer_fingerprint(answer: dict[str, Any]) -> str:
    """Return the sha256 of what we wrote in an invoice, as QuickBooks answers it.

    It changes when a person edits the invoice, and not when a payment comes in: the
    balance, SyncToken, links and times stay out, and so do the names beside the ids.
    """
    content = {
        "number": _text(answer.get("DocNumber")),
        "date": _text(answer.get("TxnDate")),
        "due": _text(answer.get("DueDate")),
        "customer": _ref(answer, "CustomerRef"),
        "total": from_answer(answer.get("TotalAmt")),
        "tax": _answered_tax(answer),
        "lines": [_answered_content(line) for line in _answered_lines(answer)],
    }
    return _sha256(content)


def _answered_content(line: dict[str, Any]) -> list[Any]:
    kind = _text(line.get("DetailType"))
    detail = line.get(kind) or {}
    return [
        kind,
        from_answer(line.get("Amount")),
        _text(line.get("Description")),
        _ref(detail, "ItemRef"),
        _ref(detail, "TaxCodeRef"),
    ]


def _sha256(content: dict[str, Any]) -> str:
    """Return the hash of canonical JSON; Decimal by its value, not by its digits."""
    text = json.dumps(
        content,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        default=lambda number: f"{plain_number(number):f}",
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()
