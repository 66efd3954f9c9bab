"""What the engine asks of each kind of document, so that it needs no ``if`` by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..documents import CreditNote, Invoice, QuickbooksCompany
from ..exceptions import DataError
from . import credit_note, credit_use, invoice, payment
from .common import Difference


class Kind(NamedTuple):
    """One kind of document; ``entity`` is its name in QuickBooks.

    The functions are those of the kind's own module: ``to_payload`` raises the first
    problem of ``check``, ``compare`` takes QuickBooks' answer, a fingerprint is a
    sha256.
    """

    entity: str
    to_payload: Callable[[Any, QuickbooksCompany], dict[str, Any]]
    check: Callable[[Any, QuickbooksCompany], list[DataError]]
    compare: Callable[[Any, Mapping[str, Any]], list[Difference]]
    source_fingerprint: Callable[[Any], str]
    answer_fingerprint: Callable[[Mapping[str, Any]], str]

    def sent_fingerprint(self, value: Any, payload: Mapping[str, Any]) -> str:
        """Return the ``answer_fingerprint`` of what QuickBooks makes of a payload.

        It adds up the totals of a sale itself: they are taken to be the document's.
        """
        totals: dict[str, Any] = {}
        if isinstance(value, Invoice | CreditNote):
            tax = {"TotalTax": value.total_tax}
            totals = {"TotalAmt": value.total, "TxnTaxDetail": tax}
        return self.answer_fingerprint({**payload, **totals})


INVOICE = Kind(
    "Invoice",
    invoice.map_invoice,
    invoice.check_invoice,
    invoice.compare_answer,
    invoice.source_fingerprint,
    invoice.answer_fingerprint,
)
# Compared without what remains of it, which changes with each application.
CREDIT_NOTE = Kind(
    "CreditMemo",
    credit_note.map_credit_note,
    credit_note.check_credit_note,
    credit_note.compare_credit_note,
    credit_note.source_fingerprint,
    credit_note.answer_fingerprint,
)
PAYMENT = Kind(
    "Payment",
    payment.map_payment,
    payment.check_payment,
    payment.compare_payment,
    payment.source_fingerprint,
    payment.answer_fingerprint,
)
# In QuickBooks a payment of zero.
CREDIT_USE = Kind(
    "Payment",
    credit_use.map_credit_use,
    credit_use.check_credit_use,
    credit_use.compare_credit_use,
    credit_use.source_fingerprint,
    credit_use.answer_fingerprint,
)
