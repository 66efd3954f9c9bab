"""A credit note applied to a bill, as QuickBooks keeps it: a payment of zero.

There is no other way to apply a credit memo: a Payment with ``TotalAmt`` 0 and two
lines of the same positive amount, one linked to the invoice and one to the credit memo
(developer.intuit.com, reference of Payment).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..documents import Allocation, CreditUse, QuickbooksCompany
from ..exceptions import DataError
from .common import (
    Difference,
    check_currency,
    check_positive,
    currency_keys,
    dated,
    differences,
    identity,
    is_ours,
    named,
    private_note,
    sha256,
    source_content,
)
from .credit_note import check_applied, remaining_credit
from .money import ZERO, cents, from_answer, to_text
from .payment import (
    Link,
    answer_fingerprint,
    answered_texts,
    check_bills_known,
    links_text,
    map_link,
)

__all__ = [
    "answer_fingerprint",
    "check_credit_use",
    "check_open_amounts",
    "compare_credit_use",
    "is_ours",
    "map_credit_use",
    "source_fingerprint",
]


def map_credit_use(use: CreditUse, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the payload of the Payment that applies the credit, new or replaced.

    :raises DataError: the first of :func:`check_credit_use`
    """
    for problem in check_credit_use(use, company):
        raise problem
    return {
        **identity(use),
        **dated("TxnDate", use.applied_on),
        "CustomerRef": {"value": use.customer_id},
        "TotalAmt": ZERO,
        **currency_keys(use, company),
        "Line": [map_link(link) for link in reversed(_links(use))],
        "PrivateNote": _note(use),
    }


def _links(use: CreditUse) -> list[Link]:
    """Return both links, in the order in which links of answers are compared."""
    amount = cents(use.amount)
    return [
        ("CreditMemo", use.credit_quickbooks_id, amount),
        ("Invoice", use.invoice_quickbooks_id or "", amount),
    ]


def _note(use: CreditUse) -> str:
    credit = named("Credit note", use.credit_number)
    return private_note(use.reference, credit, named("Bill", use.bill_number))


def check_credit_use(use: CreditUse, company: QuickbooksCompany) -> list[DataError]:
    """Return all problems that keep the credit from being applied.

    Causes: currency_foreign, exchange_rate_missing, amount_not_positive,
    allocation_unknown_bill.
    """
    bill = Allocation(use.invoice_quickbooks_id, use.amount, use.bill_number)
    return [
        *check_currency(use, company),
        *check_positive(use.amount, use.currency),
        *check_bills_known([bill]),
    ]


def check_open_amounts(
    use: CreditUse, credit: Mapping[str, Any], invoice: Mapping[str, Any]
) -> list[DataError]:
    """Refuse to apply more than is open in QuickBooks, before it is first applied.

    QuickBooks may have applied the credit by itself, and the invoice may be paid there;
    what it does with more than is open is not documented. Cause: credit_too_large.

    :param credit: the CreditMemo as QuickBooks has it now
    :param invoice: the Invoice as QuickBooks has it now
    """
    left = from_answer(remaining_credit(credit))
    owed = from_answer(invoice.get("Balance"))
    return check_applied(use.amount, min(left, owed), use.currency)


def compare_credit_use(use: CreditUse, answer: Mapping[str, Any]) -> list[Difference]:
    """Return what the payment of zero in QuickBooks has otherwise than Actionstep.

    :param answer: the Payment object as QuickBooks answers it
    """
    nothing = to_text(ZERO, use.currency)
    ours = {
        "total": nothing,
        "unapplied": nothing,
        "customer": use.customer_id,
        "date": use.applied_on.isoformat(),
        "allocations": links_text(_links(use)),
    }
    return differences(ours, answered_texts(answer, use.currency))


def source_fingerprint(use: CreditUse) -> str:
    """Return the sha256 of all that would be sent, without QuickBooks' id and token."""
    content = {
        **source_content(use),
        "date": use.applied_on.isoformat(),
        "note": _note(use),
        "links": _links(use),
    }
    return sha256(content)
