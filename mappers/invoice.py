"""A bill of Actionstep as a QuickBooks invoice, and what QuickBooks answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..documents import Invoice, QuickbooksCompany
from ..exceptions import DataError
from .common import Difference, dated, differences, is_ours, private_note, sha256
from .money import cents, to_text
from .sales import (
    answer_fingerprint,
    answered_texts,
    check_sale,
    map_sale,
    matters_text,
    sale_content,
    sale_texts,
)

__all__ = [
    "Difference",
    "answer_fingerprint",
    "check_invoice",
    "compare_answer",
    "is_ours",
    "map_invoice",
    "source_fingerprint",
]


def map_invoice(invoice: Invoice, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the payload that creates the invoice, or replaces it when it has an id.

    A full update clears what it does not name, so both hold the same keys. Money is
    Decimal with two places.

    :raises DataError: the first of :func:`check_invoice`
    """
    for problem in check_invoice(invoice, company):
        raise problem
    return {
        **map_sale(invoice, invoice.invoice_date, company),
        **dated("DueDate", invoice.due_date),
        "PrivateNote": _note(invoice),
    }


def _note(invoice: Invoice) -> str:
    return private_note(invoice.reference, matters_text(invoice))


def check_invoice(invoice: Invoice, company: QuickbooksCompany) -> list[DataError]:
    """Return all problems that keep the invoice from going, in the order to mend them.

    Causes: those of :func:`.sales.check_sale`, total_negative.
    """
    return check_sale(invoice, company, _check_total(invoice))


def _check_total(invoice: Invoice) -> list[DataError]:
    if cents(invoice.total) >= 0:
        return []
    values = {"total": to_text(invoice.total, invoice.currency)}
    return [DataError("total_negative", values=values)]


def compare_answer(invoice: Invoice, answer: Mapping[str, Any]) -> list[Difference]:
    """Return what the invoice in QuickBooks has otherwise than the bill.

    :param answer: the Invoice object as QuickBooks answers it
    """
    return differences(
        sale_texts(invoice, invoice.invoice_date),
        answered_texts(answer, invoice.currency),
    )


def source_fingerprint(invoice: Invoice) -> str:
    """Return the sha256 of all that would be sent; see :func:`.sales.sale_content`."""
    content = sale_content(invoice, invoice.invoice_date, _note(invoice))
    return sha256({**content, **dated("due", invoice.due_date)})
