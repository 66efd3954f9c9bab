"""What invoices and credit memos have in common: number, lines, tax, totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import const
from ..documents import InvoiceLine, QuickbooksCompany, Sale
from ..exceptions import DataError
from .common import (
    amount_text,
    answer_content,
    check_currency,
    currency_keys,
    dated,
    identity,
    ref,
    sha256,
    source_content,
    text,
)
from .money import ZERO, cents, from_answer, plain_number, same_cents, to_text
from .names import one_line, plain_text
from .tax import line_tax_code, map_tax

# How many places QuickBooks keeps of Qty and UnitPrice is not documented; five is the
# fewest that was reported.
_QUANTITY_PLACES = Decimal("0.00001")
# QuickBooks appends this line to every answer.
_SUBTOTAL = "SubTotalLineDetail"
_KINDS = {"fee": "fees", "expense": "expenses"}


# --- Payload ------------------------------------------------------------------------


def map_sale(sale: Sale, day: date, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the keys that an invoice and a credit memo share.

    :param day: date of the document
    :raises DataError: ``tax_mixed``, ``tax_mismatch``
    """
    return {
        **identity(sale),
        "DocNumber": document_number(sale),
        **dated("TxnDate", day),
        "CustomerRef": {"value": sale.customer_id},
        **currency_keys(sale, company),
        "Line": [_map_line(line, company) for line in _sorted_lines(sale)],
        **map_tax(sale, company),
    }


def document_number(sale: Sale) -> str:
    """Return the number on one line; it is never cut."""
    return one_line(sale.number, len(sale.number))


def matters_text(sale: Sale) -> str:
    """Return the matters for the private note, nothing without any."""
    return "Matters: " + "; ".join(sale.matters) if sale.matters else ""


def _sorted_lines(sale: Sale) -> list[InvoiceLine]:
    """Return the lines in the order of the document, however they were read."""
    return sorted(sale.lines, key=lambda line: line.line_no)


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
            **dated("ServiceDate", line.service_date),
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
        ending = " incl. tax" if _includes_tax(line, quantity * price) else ""
        suffix = f"({quantity:f} x {price:f}{ending})"
    limit = const.QUICKBOOKS_DESCRIPTION_LENGTH - len(suffix) - bool(suffix)
    return f"{plain_text(line.description, limit)} {suffix}".strip()


def _includes_tax(line: InvoiceLine, priced: Decimal) -> bool:
    """Tell whether quantity times unit price is the amount with its tax."""
    gross = line.amount + line.tax_amount
    return bool(cents(line.tax_amount)) and same_cents(priced, gross)


# --- Summary ------------------------------------------------------------------------


def summarize_lines(lines: Iterable[InvoiceLine]) -> tuple[InvoiceLine, ...]:
    """Return one line per product and tax code, in the order they first appear.

    Net and tax of the document stay what they are, to the cent. A line that is alone
    with its product and tax code stays as it is.
    """
    groups: dict[tuple[str, str], list[InvoiceLine]] = {}
    for line in sorted(lines, key=lambda line: line.line_no):
        key = (line.item_id, line.tax_code.tax_code_id)
        groups.setdefault(key, []).append(line)
    return tuple(map(_merged, groups.values()))


def _merged(lines: Sequence[InvoiceLine]) -> InvoiceLine:
    """Return one line for several; amounts are added up as each would be sent."""
    first = lines[0]
    if len(lines) == 1:
        return first
    return replace(
        first,
        description=_summary(lines),
        amount=sum((cents(line.amount) for line in lines), ZERO),
        tax_amount=sum((cents(line.tax_amount) for line in lines), ZERO),
        quantity=None,
        unit_price=None,
        service_date=None,
        kind="",
        account="",
        merged_count=sum(line.merged_count for line in lines if line.amount),
    )


def _summary(lines: Sequence[InvoiceLine]) -> str:
    """Return what a summary stands for: ``Fees: 12 lines (4-1100 Conveyancing)``."""
    found = dict.fromkeys(line.kind for line in lines if line.kind)
    kinds = " and ".join(_KINDS.get(kind, kind) for kind in sorted(found, reverse=True))
    count = f"{len(lines)} lines"
    summary = f"{kinds[:1].upper()}{kinds[1:]}: {count}" if kinds else count
    accounts = dict.fromkeys(line.account for line in lines if line.account)
    return f"{summary} ({', '.join(accounts)})" if accounts else summary


# --- Checks -------------------------------------------------------------------------


def check_sale(
    sale: Sale, company: QuickbooksCompany, total_problems: Sequence[DataError]
) -> list[DataError]:
    """Return all problems of a document with lines, in the order to mend them.

    Causes: number_missing, number_too_long, currency_foreign, exchange_rate_missing,
    lines_missing, lines_too_many, lines_mismatch, tax_mixed, tax_mismatch.

    :param total_problems: what is wrong with the total of this kind of document
    """
    line_problems = _check_lines(sale)
    tax_problems = _check_tax(sale, company)
    if line_problems:
        # Which tax is right cannot be told from lines that are not the document's.
        tax_problems = [one for one in tax_problems if one.cause != "tax_mismatch"]
    return [
        *_check_number(sale),
        *check_currency(sale, company),
        *line_problems,
        *total_problems,
        *tax_problems,
    ]


def _check_number(sale: Sale) -> list[DataError]:
    number = document_number(sale)
    if not number:
        return [DataError("number_missing")]
    if len(number) > const.QUICKBOOKS_NUMBER_LENGTH:
        values = {"number": number, "length": len(number)}
        return [DataError("number_too_long", values=values)]
    return []


def _check_lines(sale: Sale) -> list[DataError]:
    """Check that there are lines, not too many, and that they add up to the header."""
    count = len(sale.lines)
    if not count:
        return [DataError("lines_missing")]
    problems = []
    if count > const.QUICKBOOKS_LINES_PER_INVOICE:
        values = {"limit": const.QUICKBOOKS_LINES_PER_INVOICE, "count": count}
        problems.append(DataError("lines_too_many", values=values))
    return [*problems, *_check_sums(sale)]


def _check_sums(sale: Sale) -> list[DataError]:
    """Compare net and tax apart, so that two errors never hide each other."""
    net = sum((cents(line.amount) for line in sale.lines), ZERO)
    tax = sum((cents(line.tax_amount) for line in sale.lines), ZERO)
    header_tax = cents(sale.total_tax)
    header_net = cents(sale.total) - header_tax
    if (net, tax) == (header_net, header_tax):
        return []
    ours, theirs = net + tax, header_net + header_tax
    if ours == theirs:
        ours, theirs = net, header_net
    values = {
        "lines": to_text(ours, sale.currency),
        "total": to_text(theirs, sale.currency),
    }
    detail = f"lines: net {net}, tax {tax}; header: net {header_net}, tax {header_tax}"
    return [DataError("lines_mismatch", detail, values=values)]


def _check_tax(sale: Sale, company: QuickbooksCompany) -> list[DataError]:
    try:
        map_tax(sale, company)
    except DataError as error:
        return [error]
    return []


# --- Answer -------------------------------------------------------------------------


def sale_texts(sale: Sale, day: date) -> dict[str, str]:
    """Return what is compared with QuickBooks' answer, as people read it."""
    return {
        "total": to_text(sale.total, sale.currency),
        "tax": to_text(sale.total_tax, sale.currency),
        "number": document_number(sale),
        "customer": sale.customer_id,
        "date": day.isoformat(),
        "line count": str(len(sale.lines)),
    }


def answered_texts(answer: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return the same of an answer; its keys are those of :func:`sale_texts`."""
    return {
        "total": amount_text(answer, answer.get("TotalAmt"), currency),
        "tax": amount_text(answer, _answered_tax(answer), currency),
        "number": text(answer.get("DocNumber")),
        "customer": ref(answer, "CustomerRef"),
        "date": text(answer.get("TxnDate")),
        "line count": str(len(_answered_lines(answer))),
    }


def _answered_lines(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines = answer.get("Line") or []
    return [line for line in lines if line.get("DetailType") != _SUBTOTAL]


def _answered_tax(answer: Mapping[str, Any]) -> Decimal:
    return from_answer((answer.get("TxnTaxDetail") or {}).get("TotalTax"))


# --- Fingerprints -------------------------------------------------------------------


def sale_content(sale: Sale, day: date, note: str) -> dict[str, Any]:
    """Return all that would be sent, without QuickBooks' id and token.

    A tax code counts by its id alone: when QuickBooks changes a rate, the documents of
    the past must not all go again.
    """
    return {
        **source_content(sale),
        "number": document_number(sale),
        "date": day.isoformat(),
        "note": note,
        "total": cents(sale.total),
        "tax": cents(sale.total_tax),
        "lines": [
            [_neutral_line(line), line.tax_code.tax_code_id, cents(line.tax_amount)]
            for line in _sorted_lines(sale)
        ],
    }


def answer_fingerprint(answer: Mapping[str, Any]) -> str:
    """Return the sha256 of what we wrote in a document, as QuickBooks answers it.

    It changes when a person edits the document, and not when a payment or a credit is
    applied: balances, SyncToken, links and times stay out, and so do the names beside
    the ids.
    """
    content = {
        **answer_content(answer),
        "number": text(answer.get("DocNumber")),
        "due": text(answer.get("DueDate")),
        "tax": _answered_tax(answer),
        "lines": [_answered_content(line) for line in _answered_lines(answer)],
    }
    return sha256(content)


def _answered_content(line: Mapping[str, Any]) -> list[Any]:
    kind = text(line.get("DetailType"))
    detail = line.get(kind) or {}
    return [
        kind,
        from_answer(line.get("Amount")),
        text(line.get("Description")),
        ref(detail, "ItemRef"),
        ref(detail, "TaxCodeRef"),
    ]
